import { useEffect, useRef, useState } from 'react'
import { Link } from 'wouter'
import type { EventDocument } from '@fairgate/contracts/http/catalog'
import type { LotDocument, MyBids } from '@fairgate/contracts/http/auctions'
import { formatMoney } from '@fairgate/contracts/money'
import { useAccount, useApp } from '../../app.tsx'
import { errorText } from '../../api/api.ts'
import { useLot, useMyBids } from '../../api/lots.ts'
import { useEvent } from '../../api/queries.ts'
import type { Standing } from '../../api/standing.ts'
import { localeOf, shortTime } from '../../i18n/dates.ts'
import { pb } from '../../path-builder.ts'
import { useServerNow, useTitle } from '../../ui/hooks.ts'
import { Icon } from '../../ui/icons.tsx'
import { Countdown, Failure, Notice, PageHead, Skeleton, Tag } from '../../ui/parts.tsx'
import { EventOff } from '../events/event-off.tsx'
import { LeftOver, LotAward } from './lot-award.tsx'
import { BidForm, Chances } from './lot-bid.tsx'
import { Ladder } from './lot-ladder.tsx'

/** A lot as a bidder sees it: the ladder, where one stands, the next bid, and at the end what was won. */
export function LotPage({ id }: { id: string }) {
  const { t } = useApp()
  const lot = useLot(id, { live: true })
  const event = useEvent(lot.data?.eventId)
  const own = useMyBids(lot.data)
  useTitle(lot.data && event.data ? `${lot.data.name} · ${event.data.name}` : t.auction.title)

  for (const query of [lot, event]) {
    if (query.isError && !query.data)
      return (
        <div className="page narrow">
          <Failure isPage error={query.error} retry={() => void query.refetch()} />
        </div>
      )
  }
  if (!lot.data || !event.data)
    return (
      <div className="page narrow">
        <Skeleton lines={6} />
      </div>
    )
  const isOver = lot.data.phase === 'awarding' || lot.data.phase === 'closed'
  const isCancelled = lot.data.cancelledAt !== undefined
  return (
    <div className="page narrow">
      <p className="eyebrow">
        <Link href={pb.event(event.data.id)}>{event.data.name}</Link>
      </p>
      <PageHead title={lot.data.name} lead={isCancelled ? undefined : t.auction.leads[lot.data.phase]}>
        <Tag tone={lot.data.phase === 'open' ? 'good' : 'plain'}>
          {isCancelled ? t.refunds.eventOffTag : t.auction.phases[lot.data.phase]}
        </Tag>
      </PageHead>
      <div className="stack">
        {isCancelled ? <EventOff event={event.data} body={t.auction.cancelled} /> : null}
        <Said lot={lot.data} mine={own.mine} standing={own.standing} />
        <When lot={lot.data} event={event.data} />
        {isOver ? (
          <Result lot={lot.data} event={event.data} mine={own.mine} />
        ) : lot.data.phase === 'open' ? (
          <Bidding lot={lot.data} own={own} />
        ) : lot.data.phase === 'closing' ? (
          <Notice>{t.auction.closing}</Notice>
        ) : null}
        <section className="panel stack" aria-label={t.auction.ladder}>
          <div className="line-head">
            <h2>{t.auction.ladder}</h2>
            <span className="muted figures">{t.auction.bidders(lot.data.bidders)}</span>
          </div>
          <Ladder lot={lot.data} own={own.mine?.bid ?? null} />
        </section>
        {isCancelled ? null : <Rules lot={lot.data} />}
      </div>
    </div>
  )
}

function When({ lot, event }: { lot: LotDocument; event: EventDocument }) {
  const { t, lang } = useApp()
  if (lot.phase !== 'scheduled' && lot.phase !== 'open') return null
  const to = lot.phase === 'open' ? lot.endsAt : lot.opensAt
  return (
    <section className="panel draw-when">
      <p className="muted">
        {(lot.phase === 'open' ? t.auction.endsAt : t.auction.opensAt)(shortTime(to, event.timeZone, lang))}
      </p>
      <Countdown size="large" to={to} label={lot.phase === 'open' ? t.auction.endsIn : t.auction.opensIn} />
      {lot.softClose ? <p className="muted small">{t.auction.softClose(lot.softClose)}</p> : null}
    </section>
  )
}

type Own = ReturnType<typeof useMyBids>

function Bidding({ lot, own: { mine, standing, error } }: { lot: LotDocument; own: Own }) {
  const { t, lang } = useApp()
  const account = useAccount()
  const [said, setSaid] = useState('')
  if (!account)
    return (
      <section className="panel stack">
        <p>{t.auction.signIn}</p>
        <div className="actions">
          <Link href={pb.signIn(pb.lot(lot.id))} className="button">
            {t.common.signIn}
          </Link>
        </div>
      </section>
    )
  if (!mine)
    return error ? <Notice tone="bad">{errorText(error, lang, t.common.networkError)}</Notice> : <Skeleton lines={3} />
  return (
    <section className="panel stack" aria-label={t.auction.yourStanding}>
      <StandingWords lot={lot} mine={mine} standing={standing} />
      <Chances left={mine.chancesLeft} of={lot.bidsMax} />
      <p role="status" className={said && standing?.isIn ? 'muted' : 'hidden-visually'}>
        {said}
      </p>
      {mine.chancesLeft > 0 ? (
        <BidForm lot={lot} mine={mine} onBid={setSaid} />
      ) : (
        <p className="muted">{t.auction.noChances}</p>
      )}
    </section>
  )
}

/** Where one stands, as a sentence. What turned is said aloud by `Said`; the figure alone may change too often for that. */
function StandingWords({ lot, mine, standing }: { lot: LotDocument; mine: MyBids; standing: Standing | undefined }) {
  const { t, lang } = useApp()
  if (!mine.bid || !standing) return <h2>{t.auction.noBid}</h2>
  const price = formatMoney({ amount: mine.bid.amount, currency: lot.startPrice.currency }, localeOf(lang))
  return (
    <div className={standing.isIn ? 'standing in' : 'standing out'}>
      <span className="standing-icon">
        <Icon name={standing.isIn ? 'check' : 'warn'} />
      </span>
      <div>
        <h2>
          {standing.isIn
            ? t.auction.inside(standing.rank, lot.seats)
            : mine.chancesLeft > 0
              ? t.auction.outside
              : t.auction.outsideForGood}
        </h2>
        <p className="muted figures">{t.auction.ownBid(price)}</p>
      </div>
    </div>
  )
}

const soonMs = 60_000

/** What screen readers are told while the page is watched: turns, not every bid of others. */
function Said({ lot, mine, standing }: { lot: LotDocument; mine: MyBids | undefined; standing: Standing | undefined }) {
  const { t } = useApp()
  const isSoon = useServerNow() > Date.parse(lot.endsAt) - soonMs
  const [said, setSaid] = useState('')
  const before = useRef({ isIn: standing?.isIn, phase: lot.phase, endsAt: lot.endsAt, isSoon })
  const isIn = standing?.isIn
  const chancesLeft = mine?.chancesLeft ?? 0
  useEffect(() => {
    const last = before.current
    before.current = { isIn, phase: lot.phase, endsAt: lot.endsAt, isSoon }
    if (lot.phase !== last.phase) setSaid(t.auction.phases[lot.phase])
    else if (lot.phase !== 'open') return
    else if (last.isIn === true && isIn === false)
      setSaid(chancesLeft > 0 ? t.auction.outside : t.auction.outsideForGood)
    else if (last.isIn === false && isIn === true) setSaid(t.auction.insideAgain)
    else if (lot.endsAt !== last.endsAt) setSaid(t.auction.extended)
    else if (isSoon && !last.isSoon) setSaid(t.auction.soon)
  }, [isIn, lot.phase, lot.endsAt, isSoon, chancesLeft, t])
  return (
    <p className="hidden-visually" role="status">
      {said}
    </p>
  )
}

function Result({ lot, event, mine }: { lot: LotDocument; event: EventDocument; mine: MyBids | undefined }) {
  const { t } = useApp()
  const isCancelled = lot.cancelledAt !== undefined
  return (
    <>
      {mine?.award ? (
        <LotAward award={mine.award} timeZone={event.timeZone} isCancelled={isCancelled} />
      ) : mine?.bid && !isCancelled ? (
        <section className="panel stack">
          <h2>{t.auction.lostTitle}</h2>
          <p>{lot.phase === 'closed' ? t.auction.lostClosed : t.auction.lostBody}</p>
          {mine.rank === null ? null : <p className="figures">{t.auction.finalRank(mine.rank, lot.bidders)}</p>}
        </section>
      ) : null}
      {mine && !mine.award ? <LeftOver lot={lot} /> : null}
      {lot.outcome ? (
        <p className="actions">
          <Link href={pb.lotRanking(lot.id)} className="button quiet">
            {t.auction.ranking}
          </Link>
        </p>
      ) : null}
    </>
  )
}

function Rules({ lot }: { lot: LotDocument }) {
  const { t, lang } = useApp()
  const price = (amount: LotDocument['step']): string => formatMoney(amount, localeOf(lang))
  return (
    <section className="panel stack" aria-label={t.auction.rules}>
      <h2>{t.auction.rules}</h2>
      <ul className="bullets">
        <li>{t.auction.ruleSeats(lot.seats)}</li>
        <li>{t.auction.ruleStep(price(lot.startPrice), price(lot.step))}</li>
        <li>{t.auction.ruleBids(lot.bidsMax)}</li>
        <li>{t.auction.ruleTell}</li>
        <li>{t.auction.rulePay(Math.round((lot.payBySeconds / 3600) * 10) / 10)}</li>
      </ul>
    </section>
  )
}
