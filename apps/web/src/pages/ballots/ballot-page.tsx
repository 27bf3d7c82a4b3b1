import { useState } from 'react'
import { Link, useLocation } from 'wouter'
import {
  apply,
  awardPass,
  declineAward,
  withdraw,
  type Application,
  type Award,
  type AwardState,
  type BallotDocument,
} from '@fairgate/contracts/http/ballots'
import type { EventDocument } from '@fairgate/contracts/http/catalog'
import { commitmentOf, fromHex, toHex } from '@fairgate/contracts/draw'
import { formatMoney } from '@fairgate/contracts/money'
import { hmacSha256, sha256 } from '@fairgate/contracts/sha256'
import { positionIn } from '@fairgate/contracts/verify-draw'
import { useAccount, useApp } from '../../app.tsx'
import { errorText } from '../../api/api.ts'
import { ballotKeys, useBallot, useMyApplication } from '../../api/ballots.ts'
import { useEvent, useQueryClient } from '../../api/queries.ts'
import { FormFailure } from '../../forms/fields.tsx'
import { localeOf, shortTime } from '../../i18n/dates.ts'
import { pb } from '../../path-builder.ts'
import { useAttempt, useIdempotencyKey, useServerNow, useTitle } from '../../ui/hooks.ts'
import { Icon } from '../../ui/icons.tsx'
import { Blank, Confirm, Countdown, Failure, Notice, PageHead, Skeleton, Stepper, Tag } from '../../ui/parts.tsx'
import { TakeOrDecline } from '../../ui/take-or-decline.tsx'
import { EventOff } from '../events/event-off.tsx'
import { Preferences, type PreferenceLine } from './preferences.tsx'

const hashes = { sha256, hmacSha256 }

type Mine = { application: Application; award: Award | null }

/** A ballot as its applicant sees it: the wishes, then what the draw gave. */
export function BallotPage({ saleId }: { saleId: string }) {
  const { t } = useApp()
  const ballot = useBallot(saleId, 2500)
  const isDrawn = ballot.data !== undefined && ballot.data.phase !== 'open' && ballot.data.phase !== 'scheduled'
  const mine = useMyApplication(saleId, isDrawn ? 4000 : false)
  const event = useEvent(ballot.data?.eventId)
  useTitle(event.data?.name ?? t.ballot.title)

  for (const query of [ballot, mine, event]) {
    if (query.isError)
      return (
        <div className="page narrow">
          <Failure isPage error={query.error} retry={() => void query.refetch()} />
        </div>
      )
  }
  if (!ballot.data || mine.data === undefined || !event.data)
    return (
      <div className="page narrow">
        <Skeleton lines={6} />
      </div>
    )
  const own = mine.data
  const isActive = own?.application.state === 'active'
  const isCancelled = ballot.data.cancelledAt !== undefined
  return (
    <div className="page narrow">
      <p className="eyebrow">
        <Link href={pb.event(event.data.id)}>{event.data.name}</Link>
      </p>
      {isCancelled ? (
        <PageHead title={t.ballot.title} />
      ) : (
        <PageHead title={t.ballot.phases[ballot.data.phase]} lead={t.ballot.leads[ballot.data.phase]} />
      )}
      <div className="stack">
        {isCancelled ? <EventOff event={event.data} body={t.ballot.cancelled} /> : null}
        {ballot.data.phase === 'scheduled' ? (
          <Countdown size="large" to={ballot.data.opensAt} label={t.ballot.opensIn} />
        ) : ballot.data.phase === 'open' ? (
          <Open ballot={ballot.data} event={event.data} mine={isActive ? own : null} />
        ) : (
          <Result ballot={ballot.data} event={event.data} mine={isActive ? own : null} />
        )}
      </div>
    </div>
  )
}

function linesOf(
  ballot: BallotDocument,
  event: EventDocument,
  lang: string,
  places: (count: number) => string,
): PreferenceLine[] {
  return ballot.lines.map(({ id, name, sectionIds, places: count }) => {
    const prices = event.sections.filter((section) => sectionIds.includes(section.id)).map(({ price }) => price)
    const lowest = prices.reduce((low, price) => (price.amount < low.amount ? price : low), prices[0]!)
    return { id, name, note: `${formatMoney(lowest, lang)} · ${places(count)}` }
  })
}

function Open({ ballot, event, mine }: { ballot: BallotDocument; event: EventDocument; mine: Mine | null }) {
  const { t, lang, api } = useApp()
  const client = useQueryClient()
  const [isEditing, setEditing] = useState(false)
  const [isAsking, setAsking] = useState(false)
  const { busy, failure, attempt } = useAttempt()

  const takeBack = () =>
    attempt(async () => {
      await api.call(withdraw, { params: { id: ballot.saleId } })
      await client.invalidateQueries({ queryKey: ballotKeys.ballot(ballot.saleId) })
      setAsking(false)
    })

  const head = (
    <section className="panel draw-when">
      <p className="muted">{t.ballot.drawnAt(shortTime(ballot.drawAt, event.timeZone, lang))}</p>
      <Countdown size="large" to={ballot.drawAt} label={t.ballot.drawIn} />
      <p className="muted small figures">
        {t.ballot.applied(ballot.applications)} · {t.ballot.noHurry}
      </p>
    </section>
  )
  if (!mine || isEditing) {
    return (
      <>
        {head}
        <ApplyForm ballot={ballot} event={event} before={mine?.application} onDone={() => setEditing(false)} />
      </>
    )
  }
  return (
    <>
      <Notice tone="good" title={t.ballot.doneTitle}>
        <p>{t.ballot.doneBody}</p>
      </Notice>
      {head}
      <section className="panel stack" aria-label={t.ballot.myApplication}>
        <Wishes ballot={ballot} application={mine.application} />
        {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
        {isAsking ? (
          <Confirm
            question={t.ballot.withdrawAsk}
            yes={t.ballot.withdraw}
            no={t.ballot.keep}
            busy={busy}
            onYes={() => void takeBack()}
            onNo={() => setAsking(false)}
          />
        ) : (
          <div className="actions">
            <button type="button" className="button" onClick={() => setEditing(true)}>
              {t.ballot.change}
            </button>
            <button type="button" className="button quiet" onClick={() => setAsking(true)}>
              {t.ballot.withdraw}
            </button>
          </div>
        )}
      </section>
    </>
  )
}

function Wishes({ ballot, application }: { ballot: BallotDocument; application: Application }) {
  const { t } = useApp()
  const names = new Map(ballot.lines.map(({ id, name }) => [id, name]))
  return (
    <div>
      <div className="line-head">
        <h2>{t.ballot.myApplication}</h2>
        <Tag>{t.ballot.number(application.number)}</Tag>
      </div>
      <ol className="wishes plain">
        {application.preferences.map((id, index) => (
          <li key={id}>
            <span className="wish-rank figures" aria-hidden="true">
              {index + 1}
            </span>
            <b>{names.get(id)}</b>
          </li>
        ))}
      </ol>
      <p className="muted figures">{t.common.places(application.quantity)}</p>
    </div>
  )
}

function ApplyForm({
  ballot,
  event,
  before,
  onDone,
}: {
  ballot: BallotDocument
  event: EventDocument
  before: Application | undefined
  onDone: () => void
}) {
  const { t, lang, api } = useApp()
  const client = useQueryClient()
  const idempotency = useIdempotencyKey()
  const lines = linesOf(ballot, event, localeOf(lang), t.event.capacity)
  const [preferences, setPreferences] = useState<string[]>(
    before?.preferences ?? (lines.length === 1 ? [lines[0]!.id] : []),
  )
  const [quantity, setQuantity] = useState(before?.quantity ?? 1)
  const { busy, failure, attempt } = useAttempt()

  const send = () =>
    attempt(async () => {
      const body = { preferences, quantity }
      const { application } = await api.call(apply, {
        params: { id: ballot.saleId },
        body,
        idempotencyKey: idempotency.keyFor(body),
      })
      idempotency.settle()
      client.setQueryData(ballotKeys.mine(ballot.saleId), { application, award: null })
      void client.invalidateQueries({ queryKey: ballotKeys.ballot(ballot.saleId), exact: true })
      onDone()
    })

  return (
    <form
      className="panel stack"
      aria-label={t.ballot.apply}
      onSubmit={(submitted) => {
        submitted.preventDefault()
        void send()
      }}
    >
      <FormFailure error={failure} />
      <Preferences lines={lines} value={preferences} onChange={setPreferences} />
      {ballot.moves === 'down' ? <p className="muted small">{t.ballot.downHint}</p> : null}
      {ballot.limitPerAccount > 1 ? (
        <div className="wish-count">
          <h3>{t.shop.howMany}</h3>
          <Stepper
            label={t.shop.howMany}
            value={quantity}
            min={1}
            max={ballot.limitPerAccount}
            onChange={setQuantity}
          />
          <p className="muted small">{t.ballot.allOrNone}</p>
        </div>
      ) : null}
      <p className="muted small">{t.ballot.noMoneyYet}</p>
      <div className="actions">
        <button type="submit" className="button" disabled={busy || preferences.length === 0}>
          {before ? t.ballot.save : t.ballot.apply}
          <Icon name="arrow" />
        </button>
        {before ? (
          <button type="button" className="button quiet" onClick={onDone}>
            {t.ballot.keep}
          </button>
        ) : null}
      </div>
    </form>
  )
}

function Result({ ballot, event, mine }: { ballot: BallotDocument; event: EventDocument; mine: Mine | null }) {
  const { t } = useApp()
  if (ballot.phase === 'drawing')
    return (
      <>
        <Notice>{t.ballot.drawing}</Notice>
        {mine ? (
          <section className="panel">
            <Wishes ballot={ballot} application={mine.application} />
          </section>
        ) : null}
      </>
    )
  const isCancelled = ballot.cancelledAt !== undefined
  return (
    <>
      {!mine ? (
        <Blank title={t.ballot.notApplied} body={t.ballot.notAppliedBody} icon="ticket" />
      ) : mine.award ? (
        <AwardPanel event={event} award={mine.award} isCancelled={isCancelled} />
      ) : isCancelled ? null : (
        <section className="panel stack">
          <h2>{t.ballot.lostTitle}</h2>
          <p>{ballot.phase === 'closed' ? t.ballot.lostClosed : t.ballot.lostBody}</p>
          {mine.application.position === null ? null : (
            <p className="figures">{t.ballot.myPosition(mine.application.position)}</p>
          )}
        </section>
      )}
      {mine ? (
        <section className="panel stack">
          <Wishes ballot={ballot} application={mine.application} />
        </section>
      ) : null}
      <Proof ballot={ballot} application={mine?.application} />
    </>
  )
}

const awardTones = {
  awarded: 'accent',
  bought: 'good',
  declined: 'plain',
  lapsed: 'plain',
  returned: 'plain',
  withdrawn: 'plain',
} as const satisfies Record<AwardState, string>

/** The right to buy: how long it lasts, and the way to the places. */
function AwardPanel({ event, award, isCancelled }: { event: EventDocument; award: Award; isCancelled: boolean }) {
  const { t, lang, api, keep } = useApp()
  const account = useAccount()
  const client = useQueryClient()
  const [, navigate] = useLocation()
  const now = useServerNow()
  const { busy, failure, attempt } = useAttempt()
  const isOpen = (award.state === 'awarded' || award.bought < award.quantity) && now < Date.parse(award.payBy)
  const wasBought = award.state === 'bought' || award.state === 'returned'
  const isMine = award.state === 'awarded' || award.state === 'bought'
  const mayBuy = isOpen && !isCancelled && isMine

  const reload = () => client.invalidateQueries({ queryKey: ballotKeys.ballot(award.saleId) })
  const buy = () =>
    attempt(async () => {
      const pass = await api.call(awardPass, { params: { id: award.id } })
      if (!account) return
      const { saleId, eventId, line } = award
      const { passToken, expiresAt, sectionIds, seatsMax } = pass
      keep.pass.set(line.id, { accountId: account.id, passToken, expiresAt, sectionIds })
      keep.award.set(line.id, { accountId: account.id, saleId, eventId, sectionIds, seatsMax })
      navigate(pb.shop(line.id))
    }, reload)
  const decline = () =>
    attempt(async () => {
      await api.call(declineAward, { params: { id: award.id } })
      await reload()
    }, reload)

  return (
    <section className="panel stack award" aria-label={t.ballot.award}>
      <div className="line-head">
        <h2>{!isMine ? t.ballot.award : award.fromReserve ? t.ballot.wonReserve : t.ballot.won}</h2>
        <Tag tone={awardTones[award.state]}>{t.ballot.awardStates[award.state]}</Tag>
      </div>
      <p className="award-line">
        <b>{award.line.name}</b> <span className="figures">{t.common.places(award.quantity)}</span>
      </p>
      {award.how === 'moved-down' ? <Notice>{t.ballot.movedDown}</Notice> : null}
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      {mayBuy ? (
        <TakeOrDecline
          until={award.payBy}
          timeLeft={t.ballot.timeLeft}
          by={t.ballot.buyBy(shortTime(award.payBy, event.timeZone, lang))}
          busy={busy}
          take={{ label: t.ballot.buy, run: buy }}
          decline={
            award.state === 'awarded'
              ? { label: t.ballot.decline, question: t.ballot.declineAsk, keep: t.ballot.keep, run: decline }
              : undefined
          }
        />
      ) : (
        <p>{isCancelled && wasBought ? t.refunds.eventOffBody : t.ballot.awardBodies[award.state]}</p>
      )}
      {award.state === 'bought' ? (
        <Link href={pb.tickets()} className="button quiet">
          {t.common.tickets}
        </Link>
      ) : null}
    </section>
  )
}

/** What this device has recomputed from what is public. */
function Proof({ ballot, application }: { ballot: BallotDocument; application: Application | undefined }) {
  const { t, lang } = useApp()
  const { draw } = ballot
  if (draw.seed === undefined || draw.commitment === null || !draw.entrants) return null
  const commits = toHex(commitmentOf(hashes, fromHex(draw.seed))) === draw.commitment
  const position = application ? positionIn(hashes, draw, application.number) : undefined
  const isRight = commits && (!application || position === application.position)
  return (
    <section className="panel stack proof" aria-label={t.ballot.proof}>
      <h2>{t.ballot.proof}</h2>
      <p role="status">
        {!isRight
          ? t.ballot.proofWrong
          : application && position !== undefined
            ? t.ballot.proofMine(application.number, position, draw.entrants)
            : t.ballot.proofRight(draw.entrants.toLocaleString(lang))}
      </p>
      <p className="muted small">{t.ballot.proofHow}</p>
      <dl className="proof-values">
        <dt>{t.ballot.commitment}</dt>
        <dd>
          <code>{draw.commitment}</code>
        </dd>
        <dt>{t.ballot.seed}</dt>
        <dd>
          <code>{draw.seed}</code>
        </dd>
      </dl>
      <p>
        <a
          href={`/api/ballots/${encodeURIComponent(ballot.saleId)}/entries`}
          download={`${ballot.saleId}-entries.json`}
        >
          {t.ballot.entries}
        </a>
      </p>
    </section>
  )
}
