import { useState } from 'react'
import { Link } from 'wouter'
import {
  auctionAwardPass,
  claimSeat,
  declineAuctionAward,
  type AuctionAward,
  type AuctionAwardState,
  type LotDocument,
} from '@fairgate/contracts/http/auctions'
import { myHolds, placeHold } from '@fairgate/contracts/http/inventory'
import { placeOrder } from '@fairgate/contracts/http/orders'
import { formatMoney } from '@fairgate/contracts/money'
import { useAccount, useApp } from '../../app.tsx'
import { errorText } from '../../api/api.ts'
import { lotKeys } from '../../api/lots.ts'
import { useQueryClient } from '../../api/queries.ts'
import { localeOf, shortTime } from '../../i18n/dates.ts'
import { pb } from '../../path-builder.ts'
import { useAttempt, useGoToOrder, useServerNow } from '../../ui/hooks.ts'
import { Confirm, Notice, Tag } from '../../ui/parts.tsx'
import { TakeOrDecline } from '../../ui/take-or-decline.tsx'

const tones = {
  awarded: 'accent',
  bought: 'good',
  declined: 'plain',
  lapsed: 'plain',
  returned: 'plain',
  withdrawn: 'plain',
} as const satisfies Record<AuctionAwardState, string>

/** The right to buy a seat at one's own bid: how long it lasts, and the way to the payment. */
export function LotAward({
  award,
  timeZone,
  isCancelled,
}: {
  award: AuctionAward
  timeZone: string
  isCancelled: boolean
}) {
  const { t, lang, api } = useApp()
  const account = useAccount()
  const client = useQueryClient()
  const goToOrder = useGoToOrder()
  const now = useServerNow()
  const { busy, failure, attempt } = useAttempt()
  const wasBought = award.state === 'bought' || award.state === 'returned'
  const isMine = award.state === 'awarded' || award.state === 'bought'
  const isOpen = award.state === 'awarded' && !isCancelled && now < Date.parse(award.payBy)
  const price = formatMoney(award.unitPrice, localeOf(lang))

  const reload = () => client.invalidateQueries({ queryKey: lotKeys.mine(award.lotId) })
  /** The seat is held already when somebody comes back; there is nothing to choose, so an order follows at once. */
  const pay = () =>
    attempt(async () => {
      if (!account) return
      const { passToken } = await api.call(auctionAwardPass, { params: { id: award.id } })
      const { items } = await api.call(myHolds, {})
      const { hold, holdToken } =
        items.find(({ hold }) => hold.seats.some(({ id }) => id === award.seat.id)) ??
        (await api.call(placeHold, {
          body: { passToken, sectionId: award.sectionIds[0]!, seatIds: [award.seat.id] },
          idempotencyKey: crypto.randomUUID(),
        }))
      const answer = await api.call(placeOrder, { body: { holdToken }, idempotencyKey: `order-${hold.id}` })
      goToOrder(answer, award.line.id)
    }, reload)
  const decline = () =>
    attempt(async () => {
      await api.call(declineAuctionAward, { params: { id: award.id } })
      await reload()
    }, reload)

  return (
    <section className="panel stack award" aria-label={t.auction.award}>
      <div className="line-head">
        <h2>{isMine ? t.auction.wonBy[award.how] : t.auction.award}</h2>
        <Tag tone={tones[award.state]}>{t.auction.awardStates[award.state]}</Tag>
      </div>
      <p className="award-line figures">
        <b>{award.seat.label}</b> · {price}
      </p>
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      {isOpen ? (
        <TakeOrDecline
          until={award.payBy}
          timeLeft={t.auction.timeLeft}
          by={t.auction.payBy(shortTime(award.payBy, timeZone, lang))}
          busy={busy}
          take={{ label: t.auction.buy(price), run: pay }}
          decline={{ label: t.auction.decline, question: t.auction.declineAsk, keep: t.auction.keep, run: decline }}
        />
      ) : (
        <p>{isCancelled && wasBought ? t.refunds.eventOffBody : t.auction.awardBodies[award.state]}</p>
      )}
      {award.state === 'bought' ? (
        <Link href={pb.tickets()} className="button quiet">
          {t.common.tickets}
        </Link>
      ) : null}
    </section>
  )
}

/** Seats that the ranking left over, where the sale gives them to anybody at the start price. */
export function LeftOver({ lot }: { lot: LotDocument }) {
  const { t, lang, api } = useApp()
  const client = useQueryClient()
  const [isAsking, setAsking] = useState(false)
  const { busy, failure, attempt } = useAttempt()
  const count = lot.outcome?.claimable ?? 0
  if (count === 0) return null
  const price = formatMoney(lot.startPrice, localeOf(lang))

  const claim = () =>
    attempt(async () => {
      try {
        await api.call(claimSeat, { params: { id: lot.id }, idempotencyKey: crypto.randomUUID() })
      } finally {
        setAsking(false)
        await client.invalidateQueries({ queryKey: lotKeys.mine(lot.id) })
        await client.invalidateQueries({ queryKey: lotKeys.lot(lot.id) })
      }
    })

  return (
    <section className="panel stack" aria-label={t.auction.leftOver}>
      <h2>{t.auction.leftOver}</h2>
      <p>{t.auction.leftOverBody(count, price)}</p>
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      {isAsking ? (
        <Confirm
          question={t.auction.claimAsk(price)}
          yes={t.auction.claim}
          no={t.auction.askNo}
          busy={busy}
          onYes={() => void claim()}
          onNo={() => setAsking(false)}
        />
      ) : (
        <div className="actions">
          <button type="button" className="button" onClick={() => setAsking(true)}>
            {t.auction.claim}
          </button>
        </div>
      )}
    </section>
  )
}
