import { Link } from 'wouter'
import type { Sale } from '@fairgate/contracts/http/catalog'
import { formatMoney } from '@fairgate/contracts/money'
import { useApp } from '../../app.tsx'
import { useLot } from '../../api/lots.ts'
import { localeOf } from '../../i18n/dates.ts'
import { pb } from '../../path-builder.ts'
import { Countdown, Failure, Skeleton, Tag } from '../../ui/parts.tsx'
import { Ladder } from '../auctions/lot-ladder.tsx'

/** A sale by auction on the organiser's screen: the ladder of each lot as it grows, then what became of the awards. */
export function AuctionWatch({ sale }: { sale: Sale }) {
  const lotIds = sale.lines.flatMap(({ lotId }) => (lotId ? [lotId] : []))
  return lotIds.map((id) => <LotWatch key={id} id={id} />)
}

function LotWatch({ id }: { id: string }) {
  const { t, lang } = useApp()
  const lot = useLot(id, { live: true })
  if (lot.isPending) return <Skeleton lines={3} />
  if (lot.isError) return <Failure error={lot.error} retry={() => void lot.refetch()} />
  const { data } = lot
  const { outcome } = data
  const price = (amount: typeof data.startPrice): string => formatMoney(amount, localeOf(lang))
  const figures: [string, string][] = [
    [t.ballot.placesTotal, data.seats.toLocaleString(lang)],
    [t.auction.biddersHead, data.bidders.toLocaleString(lang)],
    [t.auction.bidsHead, data.bids.toLocaleString(lang)],
    [t.auction.cutoffHead, data.cutoff ? price(data.cutoff) : '–'],
    ...(outcome
      ? ([
          [t.ballot.awardsOpen, outcome.open.toLocaleString(lang)],
          [t.ballot.awardsBought, outcome.bought.toLocaleString(lang)],
          [t.ballot.awardsOver, (outcome.declined + outcome.lapsed).toLocaleString(lang)],
          [t.auction.leftOver, outcome.left.toLocaleString(lang)],
        ] satisfies [string, string][])
      : []),
  ]
  return (
    <section className="panel stack" aria-label={data.name}>
      <div className="line-head">
        <div className="actions">
          <h2>{data.name}</h2>
          <Tag tone={data.phase === 'open' || data.phase === 'awarding' ? 'good' : 'plain'}>
            {data.cancelledAt ? t.refunds.eventOffTag : t.auction.phases[data.phase]}
          </Tag>
          {data.phase === 'scheduled' ? <Countdown to={data.opensAt} label={t.auction.opensIn} /> : null}
          {data.phase === 'open' ? <Countdown to={data.endsAt} label={t.auction.endsIn} /> : null}
        </div>
      </div>
      <dl className="figure-grid figures">
        {figures.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Ladder lot={data} own={null} />
      {outcome ? (
        <p className="actions">
          <Link href={pb.lotRanking(id)} className="button quiet small">
            {t.auction.ranking}
          </Link>
          <a
            className="button quiet small"
            href={`/api/lots/${encodeURIComponent(id)}/report`}
            download={`${id}-report.json`}
          >
            {t.auction.reportLink}
          </a>
        </p>
      ) : null}
    </section>
  )
}
