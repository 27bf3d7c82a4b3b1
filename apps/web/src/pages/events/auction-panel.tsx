import { Link } from 'wouter'
import type { EventDocument, Sale } from '@fairgate/contracts/http/catalog'
import { formatMoney } from '@fairgate/contracts/money'
import { useApp } from '../../app.tsx'
import { useLot } from '../../api/lots.ts'
import { localeOf, shortTime } from '../../i18n/dates.ts'
import { pb } from '../../path-builder.ts'
import { Icon } from '../../ui/icons.tsx'
import { Countdown, Failure, Skeleton } from '../../ui/parts.tsx'

const everyMs = 5000

/** A sale by auction on the page of its event: each lot, where it stands, and the way in. */
export function AuctionPanel({ event, sale }: { event: EventDocument; sale: Sale }) {
  const lotIds = sale.lines.flatMap(({ lotId }) => (lotId ? [lotId] : []))
  return lotIds.map((id) => <LotPanel key={id} id={id} event={event} />)
}

function LotPanel({ id, event }: { id: string; event: EventDocument }) {
  const { t, lang } = useApp()
  const lot = useLot(id, { everyMs })
  if (lot.isPending) return <Skeleton lines={3} />
  if (lot.isError) return <Failure error={lot.error} retry={() => void lot.refetch()} />
  const { name, phase, opensAt, endsAt, seats, bidders, startPrice, cutoff } = lot.data
  const isBefore = phase === 'scheduled'
  const to = isBefore ? opensAt : endsAt
  return (
    <section className="panel sale" aria-labelledby={`lot-${id}`}>
      <h2 id={`lot-${id}`}>
        {name} · {t.auction.phases[phase]}
      </h2>
      {isBefore || phase === 'open' ? (
        <>
          <p className="muted">
            {(isBefore ? t.auction.opensAt : t.auction.endsAt)(shortTime(to, event.timeZone, lang))}
          </p>
          <Countdown size="large" to={to} label={isBefore ? t.auction.opensIn : t.auction.endsIn} />
        </>
      ) : null}
      <p className="join-facts figures">
        <span>{t.common.places(seats)}</span>
        <span>{t.auction.bidders(bidders)}</span>
        <span>
          {cutoff
            ? t.auction.cutoff(formatMoney(cutoff, localeOf(lang)))
            : t.auction.from(formatMoney(startPrice, localeOf(lang)))}
        </span>
      </p>
      <Link href={pb.lot(id)} className="button wide">
        {phase === 'open' ? t.auction.goBid : isBefore ? t.auction.goLook : t.auction.goResult}
        <Icon name="arrow" />
      </Link>
    </section>
  )
}
