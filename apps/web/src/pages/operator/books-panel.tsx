import { useQuery } from '@tanstack/react-query'
import { getReconciliation } from '@fairgate/contracts/http/payments'
import { formatMoney, type Currency } from '@fairgate/contracts/money'
import { useApp } from '../../app.tsx'
import { localeOf } from '../../i18n/dates.ts'
import { Icon } from '../../ui/icons.tsx'
import { Failure, Notice, Skeleton } from '../../ui/parts.tsx'

/** How far the payment providers' books were compared with ours, and where they differ. */
export function BooksPanel() {
  const { t, lang, api } = useApp()
  const books = useQuery({
    queryKey: ['reconciliation'],
    queryFn: ({ signal }) => api.call(getReconciliation, { signal }),
    refetchInterval: 60_000,
  })
  const time = (at: string): string => new Date(at).toLocaleString(lang)
  const money = (amount: number, currency: string): string =>
    formatMoney({ amount, currency: currency as Currency }, localeOf(lang))
  const differences = books.data?.differences ?? []
  const open = differences.filter(({ resolvedAt }) => resolvedAt === null)
  return (
    <section className="panel" aria-labelledby="books">
      <h2 id="books">{t.books.title}</h2>
      <p className="muted">{t.books.lead}</p>
      {books.isPending ? <Skeleton lines={2} /> : null}
      {books.isError ? <Failure error={books.error} retry={() => void books.refetch()} /> : null}
      {books.data?.providers.map(({ provider, until }) => (
        <p key={provider} className="muted small">
          {t.books.until(provider, time(until))}
        </p>
      ))}
      {books.data && open.length === 0 ? <Notice tone="good">{t.books.equal}</Notice> : null}
      {open.length > 0 ? <Notice tone="bad">{t.books.open(open.length)}</Notice> : null}
      {differences.length > 0 ? (
        <ul className="checks" aria-label={t.books.title}>
          {differences.map((each) => (
            <li key={`${each.provider} ${each.paymentKey}`} className={each.resolvedAt ? 'held-yes' : 'held-no'}>
              <Icon name={each.resolvedAt ? 'check' : 'cross'} />
              <div>
                {t.books.kinds[each.kind]} {each.resolvedAt ? `(${t.books.resolved(time(each.resolvedAt))})` : ''}
                <small>
                  {t.books.sides(
                    money(each.theirs, each.currency),
                    each.theirState,
                    money(each.ours, each.currency),
                    each.ourState,
                  )}
                </small>
                <small>
                  {each.provider} · {each.paymentKey} · {each.orderId} · {time(each.foundAt)}
                </small>
              </div>
            </li>
          ))}
        </ul>
      ) : null}
    </section>
  )
}
