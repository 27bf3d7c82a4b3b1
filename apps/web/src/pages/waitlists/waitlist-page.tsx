import { useState } from 'react'
import { Link } from 'wouter'
import type { EventDocument, Sale } from '@fairgate/contracts/http/catalog'
import {
  joinWaitlist,
  leaveWaitlist,
  type Offer,
  type WaitlistDocument,
  type WaitlistEntry,
} from '@fairgate/contracts/http/waitlist'
import { formatMoney } from '@fairgate/contracts/money'
import { useAccount, useApp } from '../../app.tsx'
import { errorText } from '../../api/api.ts'
import { useEvent, useQueryClient } from '../../api/queries.ts'
import { checkWaitlist, useMyWaitlistEntry, useWaitlist, waitlistKeys } from '../../api/waitlist.ts'
import { FormFailure } from '../../forms/fields.tsx'
import { localeOf, shortTime } from '../../i18n/dates.ts'
import { pb } from '../../path-builder.ts'
import { useAttempt, useIdempotencyKey, useTitle } from '../../ui/hooks.ts'
import { Icon } from '../../ui/icons.tsx'
import { Confirm, Failure, Notice, PageHead, Skeleton, Stepper, Tag } from '../../ui/parts.tsx'
import { EventOff } from '../events/event-off.tsx'
import { OfferPanel } from './offer-panel.tsx'

/** A waitlist as somebody who waits sees it: the wish, how many are ahead, and what was offered. */
export function WaitlistPage({ saleId }: { saleId: string }) {
  const { t } = useApp()
  const account = useAccount()
  const waitlist = useWaitlist(saleId, 5000)
  const mine = useMyWaitlistEntry(saleId, 5000)
  const event = useEvent(waitlist.data?.eventId)
  useTitle(t.waitlist.title)
  for (const query of [waitlist, mine, event]) {
    if (query.isError)
      return (
        <div className="page narrow">
          <Failure isPage error={query.error} retry={() => void query.refetch()} />
        </div>
      )
  }
  const sale = event.data?.sales.find(({ id }) => id === saleId)
  if (!waitlist.data || (account && mine.data === undefined) || !event.data || !sale)
    return (
      <div className="page narrow">
        <Skeleton lines={6} />
      </div>
    )
  return (
    <div className="page narrow">
      <p className="eyebrow">
        <Link href={pb.event(event.data.id)}>{event.data.name}</Link>
      </p>
      <PageHead title={t.waitlist.title} lead={waitlist.data.cancelledAt ? undefined : t.waitlist.lead} />
      <div className="stack">
        <Mine waitlist={waitlist.data} event={event.data} sale={sale} mine={mine.data ?? null} />
        <Rules waitlist={waitlist.data} event={event.data} />
      </div>
    </div>
  )
}

type Shown = { waitlist: WaitlistDocument; event: EventDocument; sale: Sale }

function Mine({ mine, ...shown }: Shown & { mine: { entry: WaitlistEntry; offer: Offer | null } | null }) {
  const { t } = useApp()
  const [isEditing, setEditing] = useState(false)
  const [wantsMore, setWantsMore] = useState(false)
  const { waitlist, event } = shown
  const entry = mine?.entry
  // An offer is told about until its owner waits again.
  const offer = entry && entry.state !== 'waiting' && entry.state !== 'left' ? mine.offer : null
  const isCancelled = waitlist.cancelledAt !== undefined
  const form = isCancelled ? null : waitlist.phase === 'open' ? (
    <JoinForm {...shown} before={isEditing ? entry : undefined} onDone={() => setEditing(false)} />
  ) : (
    <Notice>{waitlist.phase === 'closed' ? t.waitlist.closed : t.waitlist.notOpen}</Notice>
  )
  if (entry?.state === 'waiting' && !isEditing)
    return <Waiting {...shown} entry={entry} onChange={() => setEditing(true)} />
  return (
    <>
      {isCancelled ? <EventOff event={event} body={t.waitlist.cancelled} /> : null}
      {offer ? <OfferPanel offer={offer} event={event} /> : null}
      {entry?.state === 'offered' ? null : offer?.state === 'bought' && !wantsMore && !isCancelled ? (
        <p>
          <button type="button" className="button quiet" onClick={() => setWantsMore(true)}>
            {t.waitlist.more}
          </button>
        </p>
      ) : (
        form
      )}
    </>
  )
}

function Waiting({ waitlist, entry, onChange }: Shown & { entry: WaitlistEntry; onChange: () => void }) {
  const { t, lang, api } = useApp()
  const client = useQueryClient()
  const [isAsking, setAsking] = useState(false)
  const { busy, failure, attempt } = useAttempt()
  const ahead = entry.ahead ?? 0

  const leave = () =>
    attempt(async () => {
      await api.call(leaveWaitlist, { params: { id: waitlist.saleId } })
      await client.invalidateQueries({ queryKey: waitlistKeys.waitlist(waitlist.saleId) })
      setAsking(false)
    })

  return (
    <section className="panel stack" aria-label={t.waitlist.mine}>
      <div className="line-head">
        <h2>{t.waitlist.youWait}</h2>
        <Tag tone="good">{t.waitlist.states.waiting}</Tag>
      </div>
      <p className="waitlist-ahead">
        <b className="figures">{ahead.toLocaleString(lang)}</b> <span>{t.waitlist.ahead(ahead)}</span>
      </p>
      <dl className="waitlist-wish">
        <div>
          <dt>{t.waitlist.wanted}</dt>
          <dd>{entry.sections.map(({ name }) => name).join(', ')}</dd>
        </div>
        <div>
          <dt>{t.waitlist.quantity}</dt>
          <dd className="figures">
            {t.common.places(entry.quantity)}
            {entry.quantity > 1 ? ` · ${entry.together ? t.waitlist.together : t.waitlist.anywhere}` : ''}
          </dd>
        </div>
      </dl>
      <p className="muted">{t.waitlist.weWrite}</p>
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      {isAsking ? (
        <Confirm
          question={t.waitlist.leaveAsk}
          yes={t.waitlist.leave}
          no={t.ballot.keep}
          busy={busy}
          onYes={() => void leave()}
          onNo={() => setAsking(false)}
        />
      ) : (
        <div className="actions">
          <button type="button" className="button quiet" onClick={onChange}>
            {t.waitlist.change}
          </button>
          <button type="button" className="button quiet" onClick={() => setAsking(true)}>
            {t.waitlist.leave}
          </button>
        </div>
      )}
    </section>
  )
}

function JoinForm({
  waitlist,
  event,
  before,
  onDone,
}: Shown & { before: WaitlistEntry | undefined; onDone: () => void }) {
  const { t, lang, api } = useApp()
  const client = useQueryClient()
  const idempotency = useIdempotencyKey()
  const soldOut = waitlist.sections.filter((section) => section.soldOut)
  const [sectionIds, setSectionIds] = useState<string[]>(
    before?.sections.map(({ id }) => id) ?? (soldOut.length === 1 ? [soldOut[0]!.id] : []),
  )
  const [quantity, setQuantity] = useState(before?.quantity ?? 1)
  const [together, setTogether] = useState(before?.together ?? true)
  const { busy, failure, attempt } = useAttempt()

  const join = () =>
    attempt(async () => {
      const body = { sectionIds, quantity, together: together && quantity > 1 }
      const params = { id: waitlist.saleId }
      const { entry } = await api
        .call(joinWaitlist, { params, body, idempotencyKey: idempotency.keyFor(body) })
        .finally(idempotency.settle)
      client.setQueryData(waitlistKeys.mine(waitlist.saleId), { entry, offer: null })
      void client.invalidateQueries({ queryKey: waitlistKeys.waitlist(waitlist.saleId), exact: true })
      onDone()
    })

  if (soldOut.length === 0 && !before)
    return (
      <Notice>
        <p>{t.waitlist.nothingSoldOut}</p>
        <p>
          <Link href={pb.event(event.id)}>{t.waitlist.toEvent}</Link>
        </p>
      </Notice>
    )
  return (
    <form
      className="panel stack"
      aria-label={t.waitlist.join}
      onSubmit={(submitted) => {
        submitted.preventDefault()
        void join()
      }}
    >
      <FormFailure error={failure} />
      <fieldset className="waitlist-sections">
        <legend>{t.waitlist.choose}</legend>
        {waitlist.sections.map(({ id, name, soldOut: isSoldOut, waiting }) => {
          const price = event.sections.find((section) => section.id === id)?.price
          const isChosen = sectionIds.includes(id)
          return (
            <label key={id} className={isSoldOut || isChosen ? 'waitlist-section' : 'waitlist-section disabled'}>
              <input
                type="checkbox"
                checked={isChosen}
                disabled={!isSoldOut && !isChosen}
                onChange={({ target }) =>
                  setSectionIds(target.checked ? [...sectionIds, id] : sectionIds.filter((other) => other !== id))
                }
              />
              <b>{name}</b>
              <small className="muted figures">
                {price ? `${formatMoney(price, localeOf(lang))} · ` : ''}
                {isSoldOut ? t.waitlist.waitingFor(waiting) : t.waitlist.onSale}
              </small>
            </label>
          )
        })}
        {waitlist.sections.length > 1 ? <p className="muted small">{t.waitlist.anyOf}</p> : null}
      </fieldset>
      {waitlist.limitPerAccount > 1 ? (
        <div className="wish-count">
          <h3>{t.shop.howMany}</h3>
          <Stepper
            label={t.shop.howMany}
            value={quantity}
            min={1}
            max={waitlist.limitPerAccount}
            onChange={setQuantity}
          />
          {quantity > 1 ? (
            <label className="check">
              <input type="checkbox" checked={together} onChange={({ target }) => setTogether(target.checked)} />
              <span>
                {t.waitlist.togetherOnly} <small className="muted">{t.waitlist.togetherHint}</small>
              </span>
            </label>
          ) : null}
          <p className="muted small">{t.waitlist.allOrNone}</p>
        </div>
      ) : null}
      {before ? <Notice tone="warn">{t.waitlist.changeHint}</Notice> : null}
      <div className="actions">
        <button type="submit" className="button" disabled={busy || sectionIds.length === 0}>
          {before ? t.waitlist.changeToEnd : t.waitlist.join}
          <Icon name="arrow" />
        </button>
        {before ? (
          <button type="button" className="button quiet" onClick={onDone}>
            {t.ballot.keep}
          </button>
        ) : null}
      </div>
      <p className="muted small">{t.waitlist.noMoneyYet}</p>
    </form>
  )
}

/** How the order works, and the proof of it. */
function Rules({ waitlist, event }: { waitlist: WaitlistDocument; event: EventDocument }) {
  const { t, lang, api } = useApp()
  const [checked, setChecked] = useState<{ records: number; isRight: boolean }>()
  const { busy, failure, attempt } = useAttempt()
  const check = () => attempt(async () => setChecked(await checkWaitlist(api, waitlist.saleId)))

  return (
    <section className="panel stack" aria-label={t.waitlist.how}>
      <h2>{t.waitlist.how}</h2>
      <ul className="waitlist-rules">
        <li>{t.waitlist.ruleFirst}</li>
        <li>{t.waitlist.ruleFits}</li>
        <li>{t.waitlist.ruleTime(Math.round(waitlist.offerSeconds / 60))}</li>
        <li>{t.waitlist.ruleEnd}</li>
      </ul>
      {waitlist.cancelledAt ? null : (
        <p className="muted small">{t.waitlist.until(shortTime(waitlist.closesAt, event.timeZone, lang))}</p>
      )}
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      {checked ? (
        <Notice tone={checked.isRight ? 'good' : 'bad'}>
          {checked.isRight ? t.waitlist.checkRight(checked.records) : t.waitlist.checkWrong}
        </Notice>
      ) : null}
      <div className="actions">
        <button type="button" className="button quiet" disabled={busy} onClick={() => void check()}>
          {t.waitlist.check}
        </button>
      </div>
    </section>
  )
}
