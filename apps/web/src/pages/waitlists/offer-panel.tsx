import { useState } from 'react'
import { Link } from 'wouter'
import type { EventDocument } from '@fairgate/contracts/http/catalog'
import { myHolds, placeHold } from '@fairgate/contracts/http/inventory'
import { placeOrder } from '@fairgate/contracts/http/orders'
import { declineOffer, offerPass, type Offer, type OfferState } from '@fairgate/contracts/http/waitlist'
import { feeOf, formatMoney, money, times } from '@fairgate/contracts/money'
import { useApp } from '../../app.tsx'
import { errorText } from '../../api/api.ts'
import { useQueryClient } from '../../api/queries.ts'
import { waitlistKeys } from '../../api/waitlist.ts'
import { localeOf, shortTime } from '../../i18n/dates.ts'
import { pb } from '../../path-builder.ts'
import { useAttempt, useGoToOrder, useServerNow } from '../../ui/hooks.ts'
import { Labels } from '../../ui/labels.tsx'
import { Notice, Tag } from '../../ui/parts.tsx'
import { TakeOrDecline } from '../../ui/take-or-decline.tsx'

const tones = {
  offered: 'accent',
  bought: 'good',
  declined: 'plain',
  lapsed: 'plain',
  withdrawn: 'plain',
} as const satisfies Record<OfferState, string>

/** The right to buy returned seats: which, how long, and the way to the order. */
export function OfferPanel({ offer, event }: { offer: Offer; event: EventDocument }) {
  const { t, lang, api } = useApp()
  const client = useQueryClient()
  const goToOrder = useGoToOrder()
  const now = useServerNow()
  const [left, setLeft] = useState<readonly string[]>([])
  const { busy, failure, attempt } = useAttempt()
  const isOpen = offer.isOpen && now < Date.parse(offer.until)
  const seatIds = offer.seats.map(({ id }) => id).filter((id) => !left.includes(id))
  const price = event.sections.find(({ id }) => id === offer.section.id)?.price
  const cost = price && times(price, seatIds.length)
  const total = cost && money(cost.amount + feeOf(cost, seatIds.length, event.fees).amount, cost.currency)

  const reload = () => client.invalidateQueries({ queryKey: waitlistKeys.waitlist(offer.saleId) })
  /** Keeps the seats and goes on to their order. Whoever had kept them already goes on from there. */
  const take = () =>
    attempt(async () => {
      const wanted = new Set(seatIds)
      const held = (await api.call(myHolds, {})).items.find(
        ({ hold }) => hold.sectionId === offer.section.id && hold.seats.every(({ id }) => wanted.has(id)),
      )
      const { hold, holdToken } =
        held ??
        (await api.call(placeHold, {
          body: {
            passToken: (await api.call(offerPass, { params: { id: offer.id } })).passToken,
            sectionId: offer.section.id,
            seatIds,
          },
          idempotencyKey: crypto.randomUUID(),
        }))
      const answer = await api.call(placeOrder, { body: { holdToken }, idempotencyKey: `order-${hold.id}` })
      goToOrder(answer, offer.id)
    }, reload)
  const decline = () =>
    attempt(async () => {
      await api.call(declineOffer, { params: { id: offer.id } })
      await reload()
    }, reload)

  return (
    <section className="panel stack award" aria-label={t.waitlist.offer}>
      <div className="line-head">
        <h2>{isOpen ? t.waitlist.offerTitle : t.waitlist.offer}</h2>
        <Tag tone={tones[offer.state]}>{t.waitlist.offerStates[offer.state]}</Tag>
      </div>
      <p className="award-line">
        <b>{offer.section.name}</b> <span className="figures">{t.common.places(offer.seats.length)}</span>
      </p>
      {isOpen && offer.seats.length > 1 ? (
        <fieldset className="waitlist-sections">
          <legend>{t.waitlist.whichSeats}</legend>
          {offer.seats.map(({ id, label }) => (
            <label key={id} className="waitlist-section">
              <input
                type="checkbox"
                checked={!left.includes(id)}
                onChange={({ target }) =>
                  setLeft(target.checked ? left.filter((other) => other !== id) : [...left, id])
                }
              />
              <b className="figures">{label}</b>
            </label>
          ))}
        </fieldset>
      ) : (
        <p className="figures">
          <Labels of={offer.seats.map(({ label }) => label)} />
        </p>
      )}
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      {isOpen ? (
        <TakeOrDecline
          key={offer.id}
          until={offer.until}
          timeLeft={t.ballot.timeLeft}
          by={t.waitlist.buyBy(shortTime(offer.until, event.timeZone, lang))}
          busy={busy}
          take={{
            label: total ? t.waitlist.take(formatMoney(total, localeOf(lang))) : t.ballot.buy,
            isDisabled: seatIds.length === 0,
            run: take,
          }}
          decline={{ label: t.waitlist.decline, question: t.waitlist.declineAsk, keep: t.ballot.keep, run: decline }}
        />
      ) : (
        <p>{t.waitlist.offerBodies[offer.state]}</p>
      )}
      {offer.state === 'bought' ? (
        <Link href={pb.tickets()} className="button quiet">
          {t.common.tickets}
        </Link>
      ) : !isOpen && offer.state === 'offered' ? (
        <Link href={pb.orders()} className="button quiet">
          {t.common.orders}
        </Link>
      ) : null}
    </section>
  )
}
