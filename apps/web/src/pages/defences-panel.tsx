import { useQuery } from '@tanstack/react-query'
import { getDefences } from '@fairgate/contracts/http/waiting-room'
import { useApp } from '../app.tsx'
import { errorText } from '../api/api.ts'
import { localeOf } from '../i18n/dates.ts'
import { Notice, Skeleton } from '../ui/parts.tsx'

const everyMs = 5000

/** What each defence of a sale did, and the accounts that a person should look at. */
export function DefencesPanel({ saleId }: { saleId: string }) {
  const { t, lang, api } = useApp()
  const words = t.organiser
  const defences = useQuery({
    queryKey: ['defences', saleId],
    queryFn: ({ signal }) => api.call(getDefences, { params: { id: saleId }, signal }),
    refetchInterval: everyMs,
    staleTime: 0,
  })
  if (defences.isPending) return <Skeleton lines={2} />
  if (defences.isError) return <Notice tone="bad">{errorText(defences.error, lang, t.common.networkError)}</Notice>
  const { challenges, counts, reviews, reviewsTotal } = defences.data
  const title = `defences-${saleId}`
  return (
    <section className="panel" aria-labelledby={title}>
      <h2 id={title}>{words.defences}</h2>
      <p className="muted">{words.defencesLead}</p>
      {challenges === 'off' ? <Notice>{words.defencesOff}</Notice> : null}
      {counts.length > 0 ? (
        <dl className="figure-grid small-figures figures">
          {counts.map(({ defence, count }) => (
            <div key={defence}>
              <dt>{words.defence[defence]}</dt>
              <dd>{count.toLocaleString(lang)}</dd>
            </div>
          ))}
        </dl>
      ) : null}
      <h3>{words.reviewTitle}</h3>
      {reviews.length === 0 ? <p className="muted">{words.reviewEmpty}</p> : null}
      {reviews.length > 0 ? (
        <div className="table-scroll">
          <table className="table">
            <thead>
              <tr>
                <th>{words.reviewAccount}</th>
                <th>{words.reviewReasons}</th>
                <th>{words.reviewAt}</th>
              </tr>
            </thead>
            <tbody className="figures">
              {reviews.map(({ accountId, reasons, at }) => (
                <tr key={accountId}>
                  <td>{accountId}</td>
                  <td>{reasons.map((reason) => words.defence[reason]).join(', ')}</td>
                  <td>{new Date(at).toLocaleTimeString(localeOf(lang))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
      {reviewsTotal > reviews.length ? <p className="muted">{words.reviewMore(reviews.length, reviewsTotal)}</p> : null}
    </section>
  )
}
