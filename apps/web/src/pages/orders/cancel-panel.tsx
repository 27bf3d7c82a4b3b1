import { useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { quoteRefund } from '@fairgate/contracts/http/cancellations'
import { cancelOrder, getOrder, type Order } from '@fairgate/contracts/http/orders'
import { formatMoney } from '@fairgate/contracts/money'
import { useApp } from '../../app.tsx'
import { codeOf, errorText } from '../../api/api.ts'
import { keys, useEvent, useQueryClient } from '../../api/queries.ts'
import { localeOf, shortTime } from '../../i18n/dates.ts'
import { useAttempt, useIdempotencyKey } from '../../ui/hooks.ts'
import { Notice, Skeleton } from '../../ui/parts.tsx'
import { RefundTerms } from '../../ui/refund-terms.tsx'

type OrderReturn = NonNullable<Order['returns']>[number]

/** Seats that went back or are on their way, by their ids. */
export const returnedSeats = (order: Order): Map<string, OrderReturn> =>
  new Map(
    (order.returns ?? [])
      .filter(({ state }) => state !== 'refused')
      .flatMap((entry) => entry.seatIds.map((id) => [id, entry] as const)),
  )

/** What became of the last wish to give seats back. */
export function ReturnNotice({ order }: { order: Order }) {
  const { t, lang } = useApp()
  const last = order.returns?.at(-1)
  if (!last) return null
  const refund = formatMoney(last.refund, localeOf(lang))
  if (last.state === 'refused')
    return (
      <Notice tone="warn" title={t.refunds.refusedTitle}>
        <p>{t.refunds.refusedBody}</p>
      </Notice>
    )
  return (
    <Notice
      tone={last.reason === 'buyer' ? 'good' : 'plain'}
      title={last.reason === 'event-cancelled' ? t.refunds.eventOff : t.refunds.doneTitle}
    >
      {last.note ? <p>{t.refunds.organiserSays(last.note)}</p> : null}
      <p>
        {last.refund.amount === 0
          ? t.refunds.nothingBack
          : last.state === 'done'
            ? t.refunds.paidBack(refund)
            : t.refunds.onItsWay(refund)}
      </p>
    </Notice>
  )
}

/** The terms of the event, and the way to give some or all seats back for the refund that is shown. */
export function CancelPanel({ order }: { order: Order }) {
  const { t } = useApp()
  const event = useEvent(order.event.id)
  const [isOpen, setOpen] = useState(false)
  const gone = returnedSeats(order)
  const left = order.items.filter(({ seatId }) => !gone.has(seatId))
  if (left.length === 0) return null
  return (
    <section className="panel cancel-panel" aria-labelledby="cancel">
      <h2 id="cancel">{t.refunds.panelTitle}</h2>
      {isOpen ? (
        <CancelSeats order={order} left={left} onClose={() => setOpen(false)} />
      ) : (
        <>
          {event.isPending ? <Skeleton lines={3} /> : null}
          {event.data ? (
            <RefundTerms ladder={event.data.refunds} calendar={event.data} currency={event.data.currency} />
          ) : null}
          {event.data?.refunds && event.data.refunds.steps.length > 0 ? (
            <p className="actions">
              <button type="button" className="button quiet" onClick={() => setOpen(true)}>
                {t.refunds.begin}
              </button>
            </p>
          ) : null}
        </>
      )}
    </section>
  )
}

function CancelSeats({ order, left, onClose }: { order: Order; left: Order['items']; onClose: () => void }) {
  const { t, lang, api } = useApp()
  const client = useQueryClient()
  const [chosen, setChosen] = useState<readonly string[]>(left.map(({ seatId }) => seatId))
  const { busy, failure, attempt } = useAttempt()
  const idempotency = useIdempotencyKey()
  const quote = useQuery({
    queryKey: ['refund', order.id, ...chosen],
    enabled: chosen.length > 0,
    staleTime: 0,
    retry: false,
    queryFn: ({ signal }) =>
      api.call(quoteRefund, { params: { id: order.id }, query: { seatIds: chosen.join(',') }, signal }),
  })
  const price = (amount: Order['total']): string => formatMoney(amount, localeOf(lang))
  const toggle = (seatId: string): void =>
    setChosen(chosen.includes(seatId) ? chosen.filter((id) => id !== seatId) : [...chosen, seatId])

  async function confirm(): Promise<void> {
    if (!quote.data) return
    const body = { seatIds: [...chosen], refund: quote.data.refund }
    const idempotencyKey = idempotency.keyFor(body)
    await attempt(
      async () => {
        await api.call(cancelOrder, { params: { id: order.id }, body, idempotencyKey })
        // The tickets are taken back in a moment; this waits for it.
        const settled = await api.call(getOrder, { params: { id: order.id }, query: { waitSeconds: 10 } })
        client.setQueryData(keys.order(order.id), settled)
        await client.invalidateQueries({ queryKey: keys.tickets(order.id) })
        onClose()
      },
      (error) => (codeOf(error) === 'orders.refund-changed' ? quote.refetch() : undefined),
    )
  }

  return (
    <div className="stack">
      <fieldset className="seat-choice">
        <legend>{t.refunds.which}</legend>
        {left.map(({ seatId, label }) => (
          <label key={seatId} className="check">
            <input type="checkbox" checked={chosen.includes(seatId)} onChange={() => toggle(seatId)} />
            <span>
              {order.section.name} <b className="figures">{label}</b>
            </span>
          </label>
        ))}
      </fieldset>
      {quote.isError ? <Notice tone="bad">{errorText(quote.error, lang, t.common.networkError)}</Notice> : null}
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      {chosen.length === 0 ? (
        <p className="muted">{t.refunds.chooseSeats}</p>
      ) : quote.data ? (
        <div aria-live="polite">
          <table className="items">
            <caption className="hidden-visually">{t.refunds.refund}</caption>
            <tbody>
              <tr>
                <th scope="row">{t.refunds.paid}</th>
                <td className="figures">{price(quote.data.paid)}</td>
              </tr>
              <tr>
                <th scope="row">{t.refunds.kept(quote.data.percent)}</th>
                <td className="figures">{price(quote.data.kept)}</td>
              </tr>
            </tbody>
            <tfoot>
              <tr>
                <th scope="row">{t.refunds.refund}</th>
                <td className="figures">{price(quote.data.refund)}</td>
              </tr>
            </tfoot>
          </table>
          <p className="muted small">
            {t.refunds.validUntil(shortTime(quote.data.until, order.event.timeZone, lang))}{' '}
            {quote.data.isGrace ? t.refunds.isGrace : ''}
          </p>
        </div>
      ) : quote.isError ? null : (
        <Skeleton lines={3} />
      )}
      <div className="actions">
        <button
          type="button"
          className="button"
          disabled={busy || chosen.length === 0 || !quote.data || quote.isFetching}
          onClick={() => void confirm()}
        >
          {quote.data ? t.refunds.confirm(price(quote.data.refund)) : t.refunds.begin}
        </button>
        <button type="button" className="button plain" disabled={busy} onClick={onClose}>
          {t.refunds.keep}
        </button>
      </div>
      <p className="muted small">{t.refunds.finalNote}</p>
    </div>
  )
}
