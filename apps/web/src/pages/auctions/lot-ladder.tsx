import type { LotDocument, MyBids } from '@fairgate/contracts/http/auctions'
import { formatMoney } from '@fairgate/contracts/money'
import { useApp } from '../../app.tsx'
import { rungsOf, type Rung } from '../../api/standing.ts'
import { localeOf } from '../../i18n/dates.ts'
import { Tag } from '../../ui/parts.tsx'

/** How many bid how much, which of it wins as things are, and where one's own bid is. A list, so that it can be heard too. */
export function Ladder({ lot, own }: { lot: LotDocument; own: MyBids['bid'] }) {
  const { t, lang } = useApp()
  const { rungs, higher, lower } = rungsOf(lot, own)
  const longest = Math.max(1, ...rungs.map(({ count }) => count))
  const price = (amount: number): string => formatMoney({ amount, currency: lot.startPrice.currency }, localeOf(lang))
  const lastWinning = rungs.findLastIndex(({ inside }) => inside > 0)
  const mayCome = lot.phase === 'scheduled' || lot.phase === 'open'
  if (lot.ladder.length === 0)
    return (
      <p className="muted">{mayCome ? t.auction.ladderEmpty(price(lot.startPrice.amount)) : t.auction.ladderNone}</p>
    )

  const words = ({ amount, count, inside }: Rung): string =>
    t.auction.rung(price(amount), count, inside === count ? 'in' : inside === 0 ? 'out' : inside)
  return (
    <ol className="ladder">
      {higher > 0 ? <li className="ladder-more">{t.auction.higher(higher)}</li> : null}
      {rungs.flatMap((rung, index) => [
        <li key={rung.amount} className={rung.isOwn ? 'rung own' : 'rung'}>
          <span className="hidden-visually">{words(rung)}</span>
          <span className="rung-amount figures" aria-hidden="true">
            {price(rung.amount)}
          </span>
          <span className="rung-bar" aria-hidden="true">
            <span className="inside" style={{ width: `${(rung.inside / longest) * 100}%` }} />
            <span className="outside" style={{ width: `${((rung.count - rung.inside) / longest) * 100}%` }} />
          </span>
          <span className="rung-count figures" aria-hidden="true">
            {rung.count.toLocaleString(lang)}
          </span>
          {rung.isOwn ? (
            <span className="rung-own">
              <Tag tone="accent">{t.auction.yourBid}</Tag>
            </span>
          ) : null}
        </li>,
        ...(index === lastWinning
          ? [
              <li key="cut" className="ladder-cut figures">
                {lot.cutoff ? t.auction.cutHere(lot.seats) : t.auction.seatsOpen(lot.seats - lot.bidders)}
              </li>,
            ]
          : []),
      ])}
      {lower > 0 ? <li className="ladder-more">{t.auction.lower(lower)}</li> : null}
    </ol>
  )
}
