import { useState, type FormEvent } from 'react'
import { lowestAmount } from '@fairgate/contracts/auction'
import { placeBid, type LotDocument, type MyBids } from '@fairgate/contracts/http/auctions'
import { currencyDigits, formatMoney } from '@fairgate/contracts/money'
import { useApp } from '../../app.tsx'
import { codeOf, errorText, problemOf } from '../../api/api.ts'
import { lotKeys } from '../../api/lots.ts'
import { useQueryClient } from '../../api/queries.ts'
import { Form, TextField } from '../../forms/fields.tsx'
import { parsePrice } from '../../forms/grid.ts'
import { localeOf } from '../../i18n/dates.ts'
import { useIdempotencyKey } from '../../ui/hooks.ts'
import { Icon } from '../../ui/icons.tsx'
import { Confirm, Notice } from '../../ui/parts.tsx'

/** The chances of an account as dots, those that are left filled. */
export function Chances({ left, of }: { left: number; of: number }) {
  const { t } = useApp()
  return (
    <p className="chances">
      <span className="chance-dots" aria-hidden="true">
        {Array.from({ length: Math.min(of, 12) }, (_, index) => (
          <span key={index} className={index < left ? 'dot left' : 'dot'} />
        ))}
      </span>
      <span className="figures">{t.auction.chancesLeft(left, of)}</span>
    </p>
  )
}

/** An amount, a look at it once more, and the bid: it cannot be taken back. */
export function BidForm({ lot, mine, onBid }: { lot: LotDocument; mine: MyBids; onBid: (said: string) => void }) {
  const { t, lang, api } = useApp()
  const client = useQueryClient()
  const idempotency = useIdempotencyKey()
  const { currency } = lot.startPrice
  const price = (amount: number): string => formatMoney({ amount, currency }, localeOf(lang))
  const least = leastOf(lot, mine)
  const [text, setText] = useState<string>()
  const [asking, setAsking] = useState<number>()
  const [fault, setFault] = useState<string>()
  const [failure, setFailure] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  if (least === null) return <Notice>{t.auction.noMore}</Notice>

  const leastText = t.auction.least(price(least))

  // Untouched, the field follows the least that would win; what somebody has typed is left alone.
  const shown = text ?? plain(least, currency)
  const amount = parsePrice(shown, currency)
  const step = (by: number): void => {
    const from = amount === undefined || amount < least ? least - (by > 0 ? lot.step.amount : 0) : amount
    setFault(undefined)
    setText(plain(Math.max(least, from + by * lot.step.amount), currency))
  }

  function ask(event: FormEvent): void {
    event.preventDefault()
    setFailure(undefined)
    const found =
      amount === undefined
        ? t.common.field.number
        : amount < least!
          ? leastText
          : (amount - lot.startPrice.amount) % lot.step.amount === 0
            ? undefined
            : t.auction.steps(price(lot.startPrice.amount), price(lot.step.amount))
    setFault(found)
    if (!found) setAsking(amount)
  }

  async function bid(wanted: number): Promise<void> {
    setBusy(true)
    const body = { amount: wanted }
    try {
      await api.call(placeBid, {
        params: { id: lot.id },
        body,
        idempotencyKey: idempotency.keyFor(body),
      })
      idempotency.settle()
      setText(undefined)
      onBid(t.auction.bidDone(price(wanted)))
    } catch (error) {
      if (problemOf(error)) idempotency.settle()
      const lowest = problemOf(error)?.['lowestAmount']
      // Somebody was faster: say what would do now, and let it be looked at once more.
      if (codeOf(error) === 'auctions.too-low' && typeof lowest === 'number') {
        setText(plain(lowest, currency))
        setFault(t.auction.overtaken(price(lowest)))
      } else setFailure(error)
    }
    setAsking(undefined)
    await Promise.all([
      client.invalidateQueries({ queryKey: lotKeys.mine(lot.id) }),
      client.invalidateQueries({ queryKey: lotKeys.lot(lot.id) }),
    ])
    setBusy(false)
  }

  if (asking !== undefined)
    return (
      <Confirm
        question={t.auction.ask(price(asking), mine.chancesLeft, lot.bidsMax)}
        yes={t.auction.askYes(price(asking))}
        no={t.auction.askNo}
        busy={busy}
        onYes={() => void bid(asking)}
        onNo={() => setAsking(undefined)}
      />
    )
  return (
    <Form faults={fault ? { amount: fault } : {}} aria-label={t.auction.bid} onSubmit={ask}>
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      <div className="bid-amount">
        <button
          type="button"
          className="button quiet"
          aria-label={t.auction.lowerBy(price(lot.step.amount))}
          disabled={amount === undefined || amount <= least}
          onClick={() => step(-1)}
        >
          <Icon name="minus" />
        </button>
        <TextField
          label={t.auction.amount(currency)}
          inputMode="decimal"
          autoComplete="off"
          name="amount"
          value={shown}
          hint={fault === leastText ? undefined : leastText}
          fault={fault}
          onChange={(event) => {
            setFault(undefined)
            setText(event.target.value)
          }}
        />
        <button
          type="button"
          className="button quiet"
          aria-label={t.auction.higherBy(price(lot.step.amount))}
          onClick={() => step(1)}
        >
          <Icon name="plus" />
        </button>
      </div>
      <button type="submit" className="button wide">
        {mine.bid ? t.auction.raise : t.auction.bid}
        <Icon name="arrow" />
      </button>
    </Form>
  )
}

/** The least that one may bid by the newest document: its cut-off may have risen since the server was asked for one's own bids. */
export function leastOf(lot: LotDocument, mine: Pick<MyBids, 'bid' | 'chancesLeft'>): number | null {
  if (lot.phase !== 'open' || mine.chancesLeft === 0) return null
  const rules = {
    seats: lot.seats,
    startAmount: lot.startPrice.amount,
    step: lot.step.amount,
    bidsMax: lot.bidsMax,
    opensAt: Date.parse(lot.opensAt),
    endsAt: Date.parse(lot.endsAt),
  }
  return lowestAmount(rules, { own: mine.bid?.amount, cutoff: lot.cutoff?.amount })
}

/** As an input shows it: `60000`, `12.50`. */
function plain(amount: number, currency: LotDocument['startPrice']['currency']): string {
  const digits = currencyDigits[currency]
  return digits === 0 ? String(amount) : (amount / 10 ** digits).toFixed(digits)
}
