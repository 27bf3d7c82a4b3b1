import { useState } from 'react'
import { Link, useLocation } from 'wouter'
import { cancelOrder, type Order, type OrderState } from '@fairgate/contracts/http/orders'
import { formatMoney } from '@fairgate/contracts/money'
import { useAccount, useApp } from '../../app.tsx'
import { errorText } from '../../api/api.ts'
import { waysFor, windowAddress, type PayWay } from '../../api/payment-window.ts'
import { openTossWindow, type TossMethod } from '../../api/toss-window.ts'
import { keys, useEvent, useOrder, usePaymentSettings, useQueryClient, useTickets } from '../../api/queries.ts'
import { localeOf, shortTime } from '../../i18n/dates.ts'
import type { Language } from '../../i18n/language.ts'
import { pb } from '../../path-builder.ts'
import { useServerNow, useTitle } from '../../ui/hooks.ts'
import { Icon } from '../../ui/icons.tsx'
import { Confirm, Countdown, EventWhen, Failure, Notice, Skeleton, Tag } from '../../ui/parts.tsx'
import { Extras } from '../../ui/extras.tsx'
import { bySeat, TicketStubs } from '../../ui/ticket-stub.tsx'
import { RefundTerms } from '../../ui/refund-terms.tsx'
import { CancelPanel, ReturnNotice, returnedSeats } from './cancel-panel.tsx'
import { DepositPanel } from './deposit-panel.tsx'

const tones = {
  'awaiting-payment': 'warn',
  paying: 'accent',
  fulfilled: 'good',
  expired: 'plain',
  cancelled: 'plain',
  refunded: 'plain',
} as const satisfies Record<OrderState, string>

/** What the provider says of a refusal, to those who read its language: it may know Korean only. */
const saidInOwn = (message: string, language: Language): string =>
  language === 'ko' || !/[가-힣]/.test(message) ? message : ''

/** Why the last payment was not taken, and until when another may be tried. */
export function Refusal({ order }: { order: Order }) {
  const { t, lang } = useApp()
  const said = saidInOwn(order.refusal?.message ?? '', lang)
  return (
    <Notice tone="warn" title={t.order.refused}>
      {said ? <p>{t.order.saidBy(said)}</p> : null}
      <p>{t.order.tryAnother(shortTime(order.payBy, order.event.timeZone, lang))}</p>
    </Notice>
  )
}

/** What became of money that came after the order had ended. */
export function LateNotice({ order: { state, late, refusal } }: { order: Order }) {
  const { t } = useApp()
  if (state === 'refunded' && refusal?.code === 'orders.seats-lost')
    return (
      <Notice tone="warn" title={t.order.lateTitle}>
        <p>{t.order.lateGone}</p>
      </Notice>
    )
  if (state !== 'fulfilled' || !late) return null
  return (
    <Notice tone="good" title={t.order.lateTitle}>
      <p>{late.seatsBefore.length > 0 ? t.order.lateEqual(late.seatsBefore.join(', ')) : t.order.lateSame}</p>
    </Notice>
  )
}

/** Whether nothing is left of a paid order, also while the money is still on its way back. */
const isAllBack = (order: Order): boolean => {
  const gone = returnedSeats(order)
  return gone.size > 0 && order.items.every(({ seatId }) => gone.has(seatId))
}

export function OrderStateTag({ order }: { order: Order }) {
  const { t } = useApp()
  const { state, total } = order
  if (state === 'fulfilled' && isAllBack(order)) return <Tag>{t.refunds.returned}</Tag>
  const isFree = state === 'fulfilled' && total.amount === 0
  return <Tag tone={tones[state]}>{isFree ? t.order.freeDone : t.order.states[state]}</Tag>
}

export function OrderPage({ id }: { id: string }) {
  const { t } = useApp()
  const order = useOrder(id)
  useTitle(t.order.title)
  return (
    <div className="page narrow">
      {order.isPending ? (
        <Skeleton lines={6} />
      ) : order.isError ? (
        <Failure isPage error={order.error} retry={() => void order.refetch()} />
      ) : (
        <OrderView order={order.data} />
      )}
    </div>
  )
}

function OrderView({ order }: { order: Order }) {
  const { t, lang } = useApp()
  const isPayable = order.state === 'awaiting-payment'
  const gone = returnedSeats(order)
  return (
    <>
      <div className="page-head">
        <div>
          <p className="eyebrow">{order.event.name}</p>
          <h1>{isPayable ? t.order.review : t.order.title}</h1>
        </div>
        {isPayable ? <Countdown to={order.payBy} label={t.order.payBy} /> : null}
      </div>
      <p className="order-state" role="status">
        <OrderStateTag order={order} />{' '}
        <span>
          {order.awaits === 'deposit'
            ? t.deposit.awaiting
            : order.state === 'paying' && order.total.amount === 0
              ? t.order.takingFree
              : isAllBack(order)
                ? t.refunds.allBack
                : t.order.stateBody[order.state]}
        </span>
      </p>
      {isPayable && order.refusal ? <Refusal order={order} /> : null}
      <LateNotice order={order} />
      <ReturnNotice order={order} />
      {order.state === 'awaiting-payment' ? null : <DepositPanel order={order} />}
      <div className="panel order">
        <div className="order-event">
          <b>{order.event.name}</b>
          <span className="muted">
            <EventWhen startsAt={order.event.startsAt} timeZone={order.event.timeZone} />
          </span>
          <span className="muted">{order.event.venue}</span>
        </div>
        <table className="items">
          <caption className="hidden-visually">{t.order.items}</caption>
          <tbody>
            {order.items.map((item) => (
              <tr key={item.seatId}>
                <th scope="row">
                  {order.section.name} <b className="figures">{item.label}</b>{' '}
                  {gone.has(item.seatId) ? <Tag>{t.refunds.returned}</Tag> : null}
                </th>
                <td className="figures">{formatMoney(item.price, localeOf(lang))}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <Extras fee={order.fee} discount={order.discount} promoCode={order.promoCode} />
            <tr>
              <th scope="row">{t.common.total}</th>
              <td className="figures">
                {order.total.amount === 0 ? t.order.free : formatMoney(order.total, localeOf(lang))}
              </td>
            </tr>
          </tfoot>
        </table>
        {isPayable && order.acceptsEqualSeats ? <p className="muted small">{t.order.equalAgreed}</p> : null}
        {isPayable ? <Terms order={order} /> : null}
        {isPayable ? <PayActions order={order} /> : null}
        {order.state === 'expired' || order.state === 'cancelled' || order.state === 'refunded' ? (
          <StartAgain order={order} />
        ) : null}
      </div>
      {order.state === 'fulfilled' ? <OrderTickets orderId={order.id} /> : null}
      {order.state === 'fulfilled' ? <CancelPanel order={order} /> : null}
      <p className="order-meta muted small">
        {order.state === 'fulfilled' || order.state === 'refunded' ? (
          <>
            <Link href={pb.receipt(order.id)}>{t.money.receipt}</Link> ·{' '}
          </>
        ) : null}
        {t.order.number(order.id)} · {t.order.placed} {shortTime(order.placedAt, order.event.timeZone, lang)}
      </p>
    </>
  )
}

/** What comes back of it later, said before it is paid. */
function Terms({ order }: { order: Order }) {
  const { t } = useApp()
  const event = useEvent(order.event.id)
  if (!event.data) return null
  return (
    <details className="refund-details">
      <summary>{t.refunds.title}</summary>
      <RefundTerms ladder={event.data.refunds} calendar={event.data} currency={event.data.currency} />
    </details>
  )
}

/** The tickets follow the payment by a moment, so they are asked for until they are there. */
export function OrderTickets({ orderId }: { orderId: string }) {
  const { t } = useApp()
  const [isThere, setThere] = useState(false)
  const tickets = useTickets(orderId, isThere ? false : 1000)
  const items = bySeat(tickets.data?.items ?? [])
  if (items.length > 0 && !isThere) setThere(true)
  return (
    <section aria-label={t.common.tickets}>
      <h2 className="section-title">{t.common.tickets}</h2>
      {items.length === 0 ? <Skeleton lines={2} /> : <TicketStubs tickets={items} />}
    </section>
  )
}

function StartAgain({ order }: { order: Order }) {
  const { t } = useApp()
  return (
    <div className="actions">
      <Link href={pb.event(order.event.id)} className="button">
        {t.order.toEvent}
      </Link>
      <Link href={pb.events()} className="button quiet">
        {t.order.browse}
      </Link>
    </div>
  )
}

function PayActions({ order }: { order: Order }) {
  const { t, lang, api, keep } = useApp()
  const account = useAccount()
  const client = useQueryClient()
  const settings = usePaymentSettings()
  const [, navigate] = useLocation()
  const now = useServerNow()
  const [isAsking, setAsking] = useState(false)
  const [failure, setFailure] = useState<unknown>()
  const [said, setSaid] = useState('')
  const [busy, setBusy] = useState(false)
  const isLate = now > Date.parse(order.payBy)

  const ways = settings.data ? waysFor(settings.data, order) : []
  const [first, ...others] = ways

  function pay(way: PayWay, method: TossMethod = 'CARD'): void {
    if (account && order.paymentRequestToken) {
      const lineId = keep.payment.get(order.id, account.id)?.lineId ?? ''
      keep.payment.set(order.id, { accountId: account.id, paymentRequestToken: order.paymentRequestToken, lineId })
    }
    if (way.provider === 'stripe') return navigate(pb.orderCard(order.id))
    const address = windowAddress(way, order, location.origin, lang)
    if (address) {
      setBusy(true)
      location.assign(address)
    } else if (way.clientKey && account) void openWindow(way, way.clientKey, method, account.id)
  }

  /** The provider's own window leads away from here, unless it is closed. */
  async function openWindow(way: PayWay, clientKey: string, method: TossMethod, customerKey: string): Promise<void> {
    setBusy(true)
    setSaid('')
    try {
      const { depositHours } = way
      const where = { customerKey, origin: location.origin }
      if ((await openTossWindow({ clientKey, depositHours, method }, order, where)) === 'left') return
    } catch (error) {
      setSaid(saidInOwn(error instanceof Error ? error.message : '', lang) || t.pay.failedTitle)
    }
    setBusy(false)
  }

  async function cancel(): Promise<void> {
    setBusy(true)
    setFailure(undefined)
    try {
      client.setQueryData(
        keys.order(order.id),
        await api.call(cancelOrder, { params: { id: order.id }, idempotencyKey: `cancel-${order.id}` }),
      )
    } catch (error) {
      setFailure(error)
      await client.invalidateQueries({ queryKey: keys.order(order.id) })
    }
    setBusy(false)
    setAsking(false)
  }

  if (isAsking) {
    return (
      <Confirm
        question={t.order.cancelConfirm}
        yes={t.order.cancelYes}
        no={t.order.cancelNo}
        busy={busy}
        onYes={() => void cancel()}
        onNo={() => setAsking(false)}
      />
    )
  }
  return (
    <div className="pay">
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      {said ? <Notice tone="bad">{said}</Notice> : null}
      {settings.isError ? <Notice tone="bad">{errorText(settings.error, lang, t.common.networkError)}</Notice> : null}
      {settings.data && !first ? <Notice tone="warn">{t.order.noWayToPay}</Notice> : null}
      <button
        type="button"
        className="button wide"
        disabled={busy || isLate || !first}
        onClick={() => first && pay(first)}
      >
        {t.order.pay(formatMoney(order.total, localeOf(lang)))}
        <Icon name="arrow" />
      </button>
      {first?.depositHours && !first.windowUrl ? (
        <button
          type="button"
          className="button quiet wide"
          disabled={busy || isLate}
          onClick={() => pay(first, 'VIRTUAL_ACCOUNT')}
        >
          {t.deposit.pay}
        </button>
      ) : null}
      {others.map((way) => (
        <button
          key={way.provider}
          type="button"
          className="button quiet wide"
          disabled={busy || isLate}
          onClick={() => pay(way)}
        >
          {t.order.payWith[way.provider]}
        </button>
      ))}
      <p className="muted small">
        {t.order.payNote} {first?.mode === 'sandbox' ? t.order.sandboxNote : ''}
      </p>
      <button type="button" className="button plain small" disabled={busy} onClick={() => setAsking(true)}>
        {t.order.cancel}
      </button>
    </div>
  )
}
