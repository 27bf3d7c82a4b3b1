import { Link } from 'wouter'
import type { AuctionAwardState } from '@fairgate/contracts/http/auctions'
import { formatMoney } from '@fairgate/contracts/money'
import { useApp } from '../../app.tsx'
import { useLot, useMyBids, useRanking } from '../../api/lots.ts'
import { useEvent } from '../../api/queries.ts'
import { localeOf } from '../../i18n/dates.ts'
import { pb } from '../../path-builder.ts'
import { useTitle } from '../../ui/hooks.ts'
import { Failure, PageHead, Skeleton, Tag, TableScroll } from '../../ui/parts.tsx'

const tones = {
  awarded: 'accent',
  bought: 'good',
  declined: 'plain',
  lapsed: 'plain',
  returned: 'plain',
  withdrawn: 'plain',
} as const satisfies Record<AuctionAwardState, string>

/** Enough to tell bidders apart; the report has all of it. */
const shownOfBidder = 8

/** The final ranking of a lot, without names: anybody may compare it with the signed report. */
export function LotRankingPage({ id }: { id: string }) {
  const { t, lang } = useApp()
  const lot = useLot(id)
  const event = useEvent(lot.data?.eventId)
  const { mine } = useMyBids(lot.data)
  const ranking = useRanking(id, lot.data !== undefined)
  useTitle(t.auction.ranking)
  for (const query of [lot, event, ranking]) {
    if (query.isError && !query.data)
      return (
        <div className="page narrow">
          <Failure isPage error={query.error} retry={() => void query.refetch()} />
        </div>
      )
  }
  if (!lot.data || !event.data || !ranking.data)
    return (
      <div className="page narrow">
        <Skeleton lines={6} />
      </div>
    )
  const { items, seats, bidders } = ranking.data
  const { currency } = lot.data.startPrice
  return (
    <div className="page narrow">
      <p className="eyebrow">
        <Link href={pb.lot(id)}>
          {event.data.name} · {lot.data.name}
        </Link>
      </p>
      <PageHead title={t.auction.ranking} lead={t.auction.rankingLead(seats, bidders)} />
      <div className="stack">
        <section className="panel stack">
          <TableScroll label={t.auction.ranking}>
            <table className="table ranking">
              <thead>
                <tr>
                  <th scope="col">{t.auction.rank}</th>
                  <th scope="col">{t.auction.bidder}</th>
                  <th scope="col">{t.auction.amountHead}</th>
                  <th scope="col">{t.auction.seat}</th>
                  <th scope="col">{t.auction.became}</th>
                </tr>
              </thead>
              <tbody className="figures">
                {items.map((item) => (
                  <tr key={item.rank} className={item.bidder === mine?.bidder ? 'own' : undefined}>
                    <td>{item.rank.toLocaleString(lang)}</td>
                    <td>
                      {item.bidder === mine?.bidder ? (
                        <Tag tone="accent">{t.auction.you}</Tag>
                      ) : (
                        <span title={item.bidder}>{item.bidder.slice(0, shownOfBidder)}</span>
                      )}
                    </td>
                    <td>{formatMoney({ amount: item.amount, currency }, localeOf(lang))}</td>
                    <td>{item.seat ?? '–'}</td>
                    <td>
                      {item.award ? <Tag tone={tones[item.award]}>{t.auction.awardStates[item.award]}</Tag> : '–'}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </TableScroll>
          {bidders > items.length ? <p className="muted">{t.auction.rankingCut(items.length)}</p> : null}
        </section>
        <section className="panel stack proof" aria-label={t.auction.report}>
          <h2>{t.auction.report}</h2>
          <p className="muted">{t.auction.reportBody}</p>
          <p>
            <a href={`/api/lots/${encodeURIComponent(id)}/report`} download={`${id}-report.json`}>
              {t.auction.reportLink}
            </a>
          </p>
        </section>
      </div>
    </div>
  )
}
