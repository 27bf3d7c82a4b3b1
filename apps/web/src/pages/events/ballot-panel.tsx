import { Link } from 'wouter'
import type { EventDocument, Sale } from '@fairgate/contracts/http/catalog'
import { useApp, useSession } from '../../app.tsx'
import { useBallot, useMyApplication } from '../../api/ballots.ts'
import { shortTime } from '../../i18n/dates.ts'
import { pb } from '../../path-builder.ts'
import { Icon } from '../../ui/icons.tsx'
import { Countdown, Failure, Skeleton, Tag } from '../../ui/parts.tsx'

/** A sale by ballot on the page of its event: where it stands, and the way in. */
export function BallotPanel({ event, sale }: { event: EventDocument; sale: Sale }) {
  const { t, lang } = useApp()
  const session = useSession()
  const ballot = useBallot(sale.id, 3000)
  const mine = useMyApplication(sale.id, false)
  if (ballot.isPending) return <Skeleton lines={3} />
  if (ballot.isError) return <Failure error={ballot.error} retry={() => void ballot.refetch()} />
  const { phase, opensAt, drawAt, applications, reserve } = ballot.data
  const hasApplied = session.kind === 'signed-in' && mine.data?.application.state === 'active'
  return (
    <section className="panel sale" aria-labelledby={`sale-${sale.id}`}>
      <h2 id={`sale-${sale.id}`}>{t.ballot.phases[phase]}</h2>
      {phase === 'scheduled' ? (
        <>
          <p className="sale-when figures">{shortTime(opensAt, event.timeZone, lang)}</p>
          <Countdown size="large" to={opensAt} label={t.ballot.opensIn} />
        </>
      ) : phase === 'open' ? (
        <>
          <p className="muted">{t.ballot.drawnAt(shortTime(drawAt, event.timeZone, lang))}</p>
          <Countdown size="large" to={drawAt} label={t.ballot.drawIn} />
        </>
      ) : null}
      <p className="join-facts figures">
        <span>{t.ballot.applied(applications)}</span>
        {phase === 'awarding' ? <span>{t.ballot.inReserve(reserve)}</span> : null}
        {hasApplied ? <Tag tone="good">{t.ballot.youApplied}</Tag> : null}
      </p>
      <p className="muted small">
        {phase === 'open' || phase === 'scheduled' ? t.ballot.noHurry : t.ballot.anybodyChecks}
      </p>
      {phase === 'scheduled' ? null : (
        <Link href={pb.ballot(sale.id)} className="button wide">
          {phase === 'open' ? (hasApplied ? t.ballot.seeMine : t.ballot.apply) : t.ballot.seeResult}
          <Icon name="arrow" />
        </Link>
      )}
    </section>
  )
}
