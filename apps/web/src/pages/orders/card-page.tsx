import { useEffect, useRef, useState } from 'react'
import { Link, Redirect } from 'wouter'
import type { Order } from '@fairgate/contracts/http/orders'
import { preparePayment } from '@fairgate/contracts/http/payments'
import { formatMoney } from '@fairgate/contracts/money'
import { useAccount, useApp } from '../../app.tsx'
import { errorText } from '../../api/api.ts'
import { waysFor, type PayWay } from '../../api/payment-window.ts'
import { useOrder, usePaymentSettings } from '../../api/queries.ts'
import { loadStripe, type Stripe, type StripeElement, type StripeElements } from '../../api/stripe.ts'
import { localeOf } from '../../i18n/dates.ts'
import { pb } from '../../path-builder.ts'
import { useServerNow, useTitle } from '../../ui/hooks.ts'
import { Countdown, Failure, Notice, Skeleton } from '../../ui/parts.tsx'

/** Paying by card on a page of ours, where the card's own fields are Stripe's and never reach us. */
export function CardPage({ id }: { id: string }) {
  const { t } = useApp()
  const order = useOrder(id)
  const settings = usePaymentSettings()
  useTitle(t.card.title)
  if (order.isError) return <Failure isPage error={order.error} retry={() => void order.refetch()} />
  if (settings.isError) return <Failure isPage error={settings.error} retry={() => void settings.refetch()} />
  if (order.isPending || settings.isPending)
    return (
      <div className="page narrow">
        <Skeleton lines={5} />
      </div>
    )
  const way = waysFor(settings.data, order.data).find(({ provider }) => provider === 'stripe')
  if (order.data.state !== 'awaiting-payment' || !way) return <Redirect to={pb.order(id)} replace />
  return (
    <div className="page narrow">
      <div className="page-head">
        <div>
          <p className="eyebrow">{order.data.event.name}</p>
          <h1>{t.card.title}</h1>
        </div>
        <Countdown to={order.data.payBy} label={t.order.payBy} />
      </div>
      <CardForm order={order.data} way={way} />
    </div>
  )
}

type Form =
  | { kind: 'loading' }
  | { kind: 'ready'; stripe: Stripe; elements: StripeElements }
  | { kind: 'failed'; error: unknown }

function CardForm({ order, way }: { order: Order; way: PayWay }) {
  const { t, lang, api, keep } = useApp()
  const account = useAccount()
  const place = useRef<HTMLDivElement>(null)
  const now = useServerNow()
  const [form, setForm] = useState<Form>({ kind: 'loading' })
  const [attempt, setAttempt] = useState(0)
  const [refusal, setRefusal] = useState<string>()
  const [busy, setBusy] = useState(false)
  const { id: orderId, paymentRequestToken } = order
  const { clientKey, scriptUrl } = way
  const accountId = account?.id
  const isLate = now > Date.parse(order.payBy)

  useEffect(() => {
    let isGone = false
    let element: StripeElement | undefined
    async function draw(token: string, script: string, key: string): Promise<void> {
      const [{ clientSecret }, open] = await Promise.all([
        api.call(preparePayment, { body: { paymentRequestToken: token, provider: 'stripe' } }),
        loadStripe(script),
      ])
      if (isGone || !place.current) return
      const stripe = open(key, { locale: lang })
      const elements = stripe.elements({ clientSecret })
      element = elements.create('payment')
      element.on('ready', () => setForm({ kind: 'ready', stripe, elements }))
      element.mount(place.current)
    }
    if (accountId && paymentRequestToken && scriptUrl && clientKey) {
      // The page that follows needs the token, and may be opened by the bank.
      const lineId = keep.payment.get(orderId, accountId)?.lineId ?? ''
      keep.payment.set(orderId, { accountId, paymentRequestToken, lineId })
      draw(paymentRequestToken, scriptUrl, clientKey).catch((error: unknown) => {
        if (!isGone) setForm({ kind: 'failed', error })
      })
    }
    return () => {
      isGone = true
      element?.destroy()
    }
    // The token of an order is new with each answer and says the same: it must not draw the form again.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [api, keep, lang, orderId, accountId, scriptUrl, clientKey, attempt])

  async function pay({ stripe, elements }: { stripe: Stripe; elements: StripeElements }): Promise<void> {
    setBusy(true)
    setRefusal(undefined)
    const back = new URL(location.origin + pb.paySuccess())
    back.searchParams.set('provider', 'stripe')
    back.searchParams.set('orderId', orderId)
    back.searchParams.set('amount', String(order.total.amount))
    const { error } = await stripe
      .confirmPayment({ elements, confirmParams: { return_url: back.href } })
      .catch((): { error?: { message?: string } } => ({ error: {} }))
    if (!error) return
    setRefusal(error.message ?? t.common.networkError)
    setBusy(false)
  }

  return (
    <form
      className="panel order"
      onSubmit={(event) => {
        event.preventDefault()
        if (form.kind === 'ready') void pay(form)
      }}
    >
      <p className="muted">{t.card.body}</p>
      {refusal ? (
        <Notice tone="warn" title={t.card.refused}>
          <p>
            {refusal} {t.card.tryAnother}
          </p>
        </Notice>
      ) : null}
      {form.kind === 'failed' ? (
        <Notice tone="bad" title={t.card.failed}>
          <p>{errorText(form.error, lang, t.common.networkError)}</p>
          <button type="button" className="button small" onClick={() => retry()}>
            {t.common.retry}
          </button>
        </Notice>
      ) : null}
      {form.kind === 'loading' ? <Skeleton lines={3} /> : null}
      <div ref={place} />
      <div className="pay">
        <button type="submit" className="button wide" disabled={form.kind !== 'ready' || busy || isLate}>
          {t.order.pay(formatMoney(order.total, localeOf(lang)))}
        </button>
        <p className="muted small">
          {t.card.note} {way.mode === 'sandbox' ? t.order.sandboxNote : ''}
        </p>
        <Link href={pb.order(orderId)} className="button plain small">
          {t.pay.toOrder}
        </Link>
      </div>
    </form>
  )

  function retry(): void {
    setForm({ kind: 'loading' })
    setAttempt(attempt + 1)
  }
}
