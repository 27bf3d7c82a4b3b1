import type { Sale } from '@fairgate/contracts/http/catalog'
import { useApp } from '../../app.tsx'
import { useBallot } from '../../api/ballots.ts'
import { Countdown, Failure, Skeleton, Tag, TableScroll } from '../../ui/parts.tsx'

/** A ballot on the organiser's screen: who wants what, what was given out, and who waits. */
export function BallotWatch({ sale }: { sale: Sale }) {
  const { t, lang } = useApp()
  const ballot = useBallot(sale.id, 2000)
  if (ballot.isPending) return <Skeleton lines={3} />
  if (ballot.isError) return <Failure error={ballot.error} retry={() => void ballot.refetch()} />
  const { data } = ballot
  const number = (count: number): string => count.toLocaleString(lang)
  const sum = (pick: (line: (typeof data.lines)[number]) => number): number =>
    data.lines.reduce((total, line) => total + pick(line), 0)
  const figures: [string, number][] = [
    [t.ballot.applications, data.applications],
    [t.ballot.awardsOpen, sum(({ awards }) => awards.open)],
    [t.ballot.awardsBought, sum(({ awards }) => awards.bought)],
    [t.ballot.awardsOver, sum(({ awards }) => awards.declined + awards.lapsed)],
    [t.ballot.reserve, data.reserve],
  ]
  return (
    <section className="panel stack" aria-label={t.ballot.title}>
      <div className="line-head">
        <h2>{t.ballot.title}</h2>
        <Tag tone={data.phase === 'open' || data.phase === 'awarding' ? 'good' : 'plain'}>
          {data.cancelledAt ? t.refunds.eventOffTag : t.ballot.phases[data.phase]}
        </Tag>
      </div>
      {data.phase === 'open' ? (
        <div className="line-head">
          <Countdown to={data.drawAt} label={t.ballot.drawIn} />
        </div>
      ) : null}
      <dl className="figure-grid figures">
        {figures.map(([label, count]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{number(count)}</dd>
          </div>
        ))}
      </dl>
      <TableScroll>
        <table className="table ballot-table">
          <thead>
            <tr>
              <th>{t.ballot.line}</th>
              <th>{t.ballot.placesTotal}</th>
              <th>{t.ballot.firstWishes}</th>
              <th>{t.ballot.anyWishes}</th>
              <th>{t.ballot.awardsOpen}</th>
              <th>{t.ballot.awardsBought}</th>
              <th>{t.ballot.awardsOver}</th>
            </tr>
          </thead>
          <tbody className="figures">
            {data.lines.map((line) => (
              <tr key={line.id}>
                <td>{line.name}</td>
                <td>{number(line.places)}</td>
                <td>{number(line.firstPreferences)}</td>
                <td>{number(line.preferences)}</td>
                <td>{number(line.awards.open)}</td>
                <td>{number(line.awards.bought)}</td>
                <td>{number(line.awards.declined + line.awards.lapsed)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </section>
  )
}
