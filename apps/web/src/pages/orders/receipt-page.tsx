import { useQuery } from '@tanstack/react-query'
import { getReceipt, type Receipt } from '@fairgate/contracts/http/receipts'
import { formatMoney } from '@fairgate/contracts/money'
import { useApp } from '../../app.tsx'
import { localeOf, shortTime } from '../../i18n/dates.ts'
import { Extras } from '../../ui/extras.tsx'
import { useTitle } from '../../ui/hooks.ts'
import { Labels } from '../../ui/labels.tsx'
import { EventWhen, Failure, Skeleton } from '../../ui/parts.tsx'

/** A receipt as it is printed: the page without everything around it. */
export function ReceiptPage({ id }: { id: string }) {
  const { t, api } = useApp()
  useTitle(t.money.receipt)
  const receipt = useQuery({
    queryKey: ['receipt', id],
    queryFn: ({ signal }) => api.call(getReceipt, { params: { id }, signal }),
  })
  return (
    <div className="page narrow">
      {receipt.isPending ? (
        <Skeleton lines={8} />
      ) : receipt.isError ? (
        <Failure isPage error={receipt.error} retry={() => void receipt.refetch()} />
      ) : (
        <ReceiptView receipt={receipt.data} />
      )}
    </div>
  )
}

function ReceiptView({ receipt }: { receipt: Receipt }) {
  const { t, lang } = useApp()
  const { event, seller } = receipt
  const locale = localeOf(lang)
  const when = (at: string): string => shortTime(at, event.timeZone, lang)
  const sellerLines = [seller.registrationNumber, seller.address].filter(Boolean)
  return (
    <article className="receipt panel">
      <header className="receipt-head">
        <div>
          <h1>{t.money.receipt}</h1>
          <p className="muted small">
            {t.money.receiptNumber} <span className="figures">{receipt.number}</span>
          </p>
        </div>
        <button type="button" className="button quiet small no-print" onClick={() => window.print()}>
          {t.money.receiptPrint}
        </button>
      </header>
      <dl className="receipt-facts">
        <div>
          <dt>{event.name}</dt>
          <dd>
            <EventWhen startsAt={event.startsAt} timeZone={event.timeZone} /> · {event.venue}
          </dd>
        </div>
        {seller.name || sellerLines.length > 0 ? (
          <div>
            <dt>{t.money.seller}</dt>
            <dd>
              {[seller.name, ...sellerLines].filter(Boolean).map((line) => (
                <span key={line}>{line}</span>
              ))}
            </dd>
          </div>
        ) : null}
        <div>
          <dt>{t.money.receiptDate}</dt>
          <dd>{when(receipt.placedAt)}</dd>
        </div>
      </dl>
      <table className="items">
        <caption className="hidden-visually">{t.money.receiptItems}</caption>
        <tbody>
          {receipt.items.map((item) => (
            <tr key={item.label}>
              <th scope="row">
                {receipt.section.name} <b className="figures">{item.label}</b>
              </th>
              <td className="figures">{formatMoney(item.price, locale)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <Extras fee={receipt.fee} discount={receipt.discount} promoCode={receipt.promoCode} />
          <tr>
            <th scope="row">{t.common.total}</th>
            <td className="figures">{formatMoney(receipt.total, locale)}</td>
          </tr>
        </tfoot>
      </table>
      {receipt.payments.length === 0 ? (
        <p className="muted">{t.money.receiptFree}</p>
      ) : (
        <table className="items">
          <caption className="hidden-visually">{t.money.receiptMoney}</caption>
          <tbody>
            {receipt.payments.map(({ paymentId, amount, paidAt }) => (
              <tr key={paymentId}>
                <th scope="row">
                  {t.money.receiptPaid} <small className="muted">{when(paidAt)}</small>
                </th>
                <td className="figures">{formatMoney(amount, locale)}</td>
              </tr>
            ))}
            {receipt.refunds.map(({ amount, seats, isDone, at }) => (
              <tr key={`${at} ${seats.join(' ')}`}>
                <th scope="row">
                  {isDone ? t.money.receiptBack : t.money.receiptOnTheWay}{' '}
                  <small className="muted">
                    <Labels of={seats} /> {when(at)}
                  </small>
                </th>
                <td className="figures">−{formatMoney(amount, locale)}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">{t.money.receiptRest}</th>
              <td className="figures">{formatMoney(receipt.paid, locale)}</td>
            </tr>
          </tfoot>
        </table>
      )}
      {seller.taxNote ? <p className="muted small">{seller.taxNote}</p> : null}
      <p className="muted small">
        {t.money.receiptOrder} <span className="figures">{receipt.orderId}</span>
      </p>
    </article>
  )
}
