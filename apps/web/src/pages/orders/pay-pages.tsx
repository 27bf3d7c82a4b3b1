import { useEffect, useRef, useState } from 'react'
import { Link, useSearchParams } from 'wouter'
import { getOrder, type Order } from '@fairgate/contracts/http/orders'
import { confirmPayment } from '@fairgate/contracts/http/payments'
import { useAccount, useApp } from '../../app.tsx'
import { codeOf, errorText } from '../../api/api.ts'
import { keys, useQueryClient } from '../../api/queries.ts'
import type { Messages } from '../../i18n/en.ts'
import { pb } from '../../path-builder.ts'
import { useTitle } from '../../ui/hooks.ts'
import { Labels } from '../../ui/labels.tsx'
import { Countdown, Notice, Skeleton, StateHeading } from '../../ui/parts.tsx'
import { DepositPanel } from './deposit-panel.tsx'
import { LateNotice, OrderTickets, Refusal } from './order-page.tsx'

/** One long poll, and how long the page watches before it says that the answer may come later. */
const waitSeconds = 10
const watchMsMax = 120_000

type Outcome =
  | { kind: 'confirming'; isSlow: boolean }
  | { kind: 'fulfilled'; order: Order }
  | { kind: 'deposit'; order: Order }
  | { kind: 'refused'; order: Order }
  | { kind: 'ended'; order: Order }
  | { kind: 'failed'; error: unknown }

/** Back from the payment window with a payment key: hands it over and follows the order to its end. */
export function PaySuccessPage() {
  const { t, api, keep } = useApp()
  const account = useAccount()
  const client = useQueryClient()
  const [search] = useSearchParams()
  const [outcome, setOutcome] = useState<Outcome>({ kind: 'confirming', isSlow: false })
  const begun = useRef(false)
  const found = Object.fromEntries(search) as Record<string, string | undefined>
  const { provider = 'toss', orderId, amount } = found
  // Stripe appends names of its own to the address that it was given.
  const paymentKey = provider === 'stripe' ? found['payment_intent'] : found['paymentKey']
  const isRefused = found['redirect_status'] === 'failed'
  const accountId = account?.id
  useTitle(
    !paymentKey || !orderId || !amount ? t.pay.failedTitle : isRefused ? t.pay.refusedTitle : titleOf(outcome, t),
  )

  useEffect(() => {
    if (begun.current || !accountId || !paymentKey || !orderId || !amount || isRefused) return
    begun.current = true

    async function confirm(key: string, id: string): Promise<void> {
      const before = await api.call(getOrder, { params: { id } })
      const token = before.paymentRequestToken ?? keep.payment.get(id, accountId ?? '')?.paymentRequestToken
      if (before.state === 'awaiting-payment' && token) {
        const body = { paymentRequestToken: token, provider, paymentKey: key, amount: Number(amount) }
        await api.call(confirmPayment, { body, idempotencyKey: `confirm-${key}` })
      }
      await follow(id, before)
    }

    async function follow(id: string, before: Order): Promise<void> {
      const startedMs = performance.now()
      for (;;) {
        const askedMs = performance.now()
        const order = await api.call(getOrder, { params: { id }, query: { waitSeconds } })
        client.setQueryData(keys.order(id), order)
        const isOldRefusal =
          before.refusal !== null && order.payBy === before.payBy && performance.now() - askedMs >= waitSeconds * 900
        if (order.state === 'fulfilled') return finish({ kind: 'fulfilled', order })
        if (order.awaits === 'deposit') return finish({ kind: 'deposit', order })
        if (order.state === 'awaiting-payment' && order.refusal && !isOldRefusal)
          return finish({ kind: 'refused', order })
        if (order.state !== 'paying' && order.state !== 'awaiting-payment') return finish({ kind: 'ended', order })
        if (performance.now() - startedMs > watchMsMax) return setOutcome({ kind: 'confirming', isSlow: true })
        setOutcome({ kind: 'confirming', isSlow: performance.now() - startedMs > waitSeconds * 1000 })
        // A server that answers at once is asked again a second later, never in a tight loop.
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, 1000 - (performance.now() - askedMs))))
      }
    }

    function finish(result: Outcome & { order: Order }): void {
      const kept = keep.payment.get(result.order.id, accountId ?? '')
      if (result.kind === 'fulfilled' && kept) {
        keep.pass.drop(kept.lineId)
        keep.place.drop(kept.lineId)
        keep.payment.drop(result.order.id)
      }
      setOutcome(result)
    }

    confirm(paymentKey, orderId).catch((error: unknown) => setOutcome({ kind: 'failed', error }))
  }, [accountId, provider, paymentKey, orderId, amount, isRefused, api, keep, client])

  if (!paymentKey || !orderId || !amount) {
    return (
      <div className="page narrow pay-page">
        <StateHeading>{t.pay.failedTitle}</StateHeading>
        <p className="lead">{t.pay.badLink}</p>
        <Link href={pb.orders()} className="button">
          {t.common.orders}
        </Link>
      </div>
    )
  }
  if (isRefused) {
    return (
      <div className="page narrow pay-page">
        <StateHeading>{t.pay.refusedTitle}</StateHeading>
        <p className="lead">{t.card.notAuthenticated}</p>
        <Link href={pb.orderCard(orderId)} className="button">
          {t.order.finish}
        </Link>
      </div>
    )
  }
  return <div className="page narrow pay-page">{<PayOutcome outcome={outcome} orderId={orderId} />}</div>
}

function titleOf(outcome: Outcome, t: Messages): string {
  switch (outcome.kind) {
    case 'confirming':
      return t.pay.confirming
    case 'fulfilled':
      return t.pay.done
    case 'deposit':
      return t.deposit.awaiting
    case 'refused':
      return t.pay.refusedTitle
    case 'ended':
      return t.order.states[outcome.order.state]
    case 'failed':
      return codeOf(outcome.error) === 'payments.request-expired' ? t.order.states.expired : t.pay.failedTitle
  }
}

function PayOutcome({ outcome, orderId }: { outcome: Outcome; orderId: string }) {
  const { t, lang } = useApp()
  switch (outcome.kind) {
    case 'confirming':
      return (
        <>
          <StateHeading>{titleOf(outcome, t)}</StateHeading>
          <p className="lead" role="status">
            {outcome.isSlow ? t.pay.slow : t.pay.confirmingBody}
          </p>
          <Skeleton lines={3} />
          {outcome.isSlow ? (
            <Link href={pb.order(orderId)} className="button quiet">
              {t.pay.toOrder}
            </Link>
          ) : null}
        </>
      )
    case 'fulfilled':
      return (
        <>
          <StateHeading>{titleOf(outcome, t)}</StateHeading>
          <p className="lead">
            {outcome.order.event.name} · {outcome.order.section.name} ·{' '}
            <Labels of={outcome.order.items.map(({ label }) => label)} />
          </p>
          <LateNotice order={outcome.order} />
          <p className="muted">{t.pay.doneBody}</p>
          <OrderTickets orderId={orderId} />
          <div className="actions">
            <Link href={pb.tickets()} className="button">
              {t.order.showTickets}
            </Link>
            <Link href={pb.order(orderId)} className="button quiet">
              {t.order.open}
            </Link>
          </div>
        </>
      )
    case 'deposit':
      return (
        <>
          <StateHeading>{titleOf(outcome, t)}</StateHeading>
          <DepositPanel order={outcome.order} />
          <Link href={pb.order(orderId)} className="button quiet">
            {t.pay.toOrder}
          </Link>
        </>
      )
    case 'refused':
      return (
        <>
          <StateHeading>{titleOf(outcome, t)}</StateHeading>
          <Refusal order={outcome.order} />
          <p>
            <Countdown to={outcome.order.payBy} label={t.order.payBy} />
          </p>
          <Link href={pb.order(orderId)} className="button">
            {t.order.finish}
          </Link>
        </>
      )
    case 'ended':
      return (
        <>
          <StateHeading>{titleOf(outcome, t)}</StateHeading>
          <p className="lead">{t.order.stateBody[outcome.order.state]}</p>
          <Link href={pb.order(orderId)} className="button">
            {t.order.open}
          </Link>
        </>
      )
    case 'failed':
      return (
        <>
          <StateHeading>{titleOf(outcome, t)}</StateHeading>
          <Notice tone="bad">{errorText(outcome.error, lang, t.common.networkError)}</Notice>
          <Link href={pb.order(orderId)} className="button">
            {t.pay.toOrder}
          </Link>
        </>
      )
  }
}

/** Back from the payment window without a payment. */
export function PayFailPage() {
  const { t } = useApp()
  const [search] = useSearchParams()
  const orderId = search.get('orderId')
  const message = search.get('message')
  const isCancelled = search.get('code') === 'PAY_PROCESS_CANCELED'
  useTitle(isCancelled ? t.pay.cancelledTitle : t.pay.failedTitle)
  return (
    <div className="page narrow pay-page">
      <StateHeading>{isCancelled ? t.pay.cancelledTitle : t.pay.failedTitle}</StateHeading>
      <p className="lead">{isCancelled ? t.pay.cancelledBody : message ? t.order.saidBy(message) : ''}</p>
      <div className="actions">
        <Link href={orderId ? pb.order(orderId) : pb.orders()} className="button">
          {orderId ? t.pay.toOrder : t.common.orders}
        </Link>
      </div>
    </div>
  )
}
