import { useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { maskedAccounts } from '@fairgate/contracts/http/identity'
import {
  decideReview,
  defences as allDefences,
  getDefences,
  limited,
  signals,
  type Defence,
  type ReviewDecision,
} from '@fairgate/contracts/http/waiting-room'
import { useApp } from '../../app.tsx'
import { errorText } from '../../api/api.ts'
import { localeOf } from '../../i18n/dates.ts'
import { useAttempt } from '../../ui/hooks.ts'
import { Notice, Skeleton, TableScroll } from '../../ui/parts.tsx'

const everyMs = 5000

const startingWith = (prefix: string): Defence[] => allDefences.filter((defence) => defence.startsWith(prefix))

/** What is counted, in the order in which a newcomer meets it. */
const groups = {
  given: startingWith('challenge-'),
  accepted: startingWith('proof-accepted'),
  refused: ['proof-missing', 'proof-invalid', 'proof-expired', 'proof-used'],
  limited: limited.map((kind): Defence => `limited-${kind}`),
  signals,
  reviews: startingWith('review'),
} as const satisfies Record<string, readonly Defence[]>

type Review = { accountId: string; reasons: readonly Defence[]; at: string }

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
  const countOf = new Map(counts.map(({ defence, count }) => [defence, count]))
  const title = `defences-${saleId}`
  return (
    <section className="panel" aria-labelledby={title}>
      <h2 id={title}>{words.defences}</h2>
      <p className="muted">{words.defencesLead}</p>
      {challenges === 'off' ? <Notice>{words.defencesOff}</Notice> : null}
      <div className="defence-groups">
        {(Object.keys(groups) as (keyof typeof groups)[]).map((group) => (
          <Counts key={group} group={group} countOf={countOf} />
        ))}
      </div>
      <h3>{words.reviewTitle}</h3>
      <Reviews saleId={saleId} reviews={reviews} decided={() => void defences.refetch()} />
      {reviewsTotal > reviews.length ? <p className="muted">{words.reviewMore(reviews.length, reviewsTotal)}</p> : null}
    </section>
  )
}

/** One kind of what was counted; what never happened is left out. */
function Counts({ group, countOf }: { group: keyof typeof groups; countOf: ReadonlyMap<Defence, number> }) {
  const { t, lang } = useApp()
  const seen = groups[group].filter((defence) => countOf.has(defence))
  if (seen.length === 0) return null
  return (
    <div>
      <h3>{t.organiser.defenceGroup[group]}</h3>
      <dl className="figure-grid small-figures figures">
        {seen.map((defence) => (
          <div key={defence}>
            <dt>{t.organiser.defence[defence]}</dt>
            <dd>{countOf.get(defence)!.toLocaleString(lang)}</dd>
          </div>
        ))}
      </dl>
    </div>
  )
}

function Reviews({ saleId, reviews, decided }: { saleId: string; reviews: readonly Review[]; decided: () => void }) {
  const { t, lang, api } = useApp()
  const words = t.organiser
  const [told, setTold] = useState<ReviewDecision>()
  const { busy, failure, attempt } = useAttempt()
  const ids = reviews.map(({ accountId }) => accountId).join(',')
  const people = useQuery({
    queryKey: ['masked-accounts', ids],
    queryFn: ({ signal }) => api.call(maskedAccounts, { query: { ids }, signal }),
    staleTime: Infinity,
    enabled: reviews.length > 0,
  })
  const personOf = new Map(people.data?.items.map((person) => [person.id, person]))

  const decide = (accountId: string, decision: ReviewDecision) =>
    attempt(async () => {
      setTold(undefined)
      await api.call(decideReview, { params: { id: saleId, accountId }, body: { decision } })
      setTold(decision)
      decided()
    })

  return (
    <>
      <p className="muted">{reviews.length === 0 ? words.reviewEmpty : words.reviewLead}</p>
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      {told ? <Notice tone="good">{words.reviewDecided[told]}</Notice> : null}
      {reviews.length === 0 ? null : (
        <TableScroll>
          <table className="table">
            <thead>
              <tr>
                <th>{words.reviewAccount}</th>
                <th>{words.reviewReasons}</th>
                <th>{words.reviewAt}</th>
                <th>{words.reviewActions}</th>
              </tr>
            </thead>
            <tbody className="figures">
              {reviews.map(({ accountId, reasons, at }) => {
                const person = personOf.get(accountId)
                const who = person ? `${person.name} ${person.email}` : accountId
                const action = (decision: ReviewDecision, label: string) => (
                  <button
                    type="button"
                    className="button quiet small"
                    disabled={busy}
                    aria-label={words.reviewDecide(label, who)}
                    onClick={() => void decide(accountId, decision)}
                  >
                    {label}
                  </button>
                )
                return (
                  <tr key={accountId}>
                    <td title={accountId}>{who}</td>
                    <td>{reasons.map((reason) => words.defence[reason]).join(', ')}</td>
                    <td>{new Date(at).toLocaleTimeString(localeOf(lang))}</td>
                    <td>
                      <div className="actions">
                        {action('clear', words.reviewClear)}
                        {action('keep', words.reviewKeep)}
                      </div>
                    </td>
                  </tr>
                )
              })}
            </tbody>
          </table>
        </TableScroll>
      )}
    </>
  )
}
