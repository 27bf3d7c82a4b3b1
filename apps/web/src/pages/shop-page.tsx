import { useEffect, useState, type ReactNode } from 'react'
import { useLocation } from 'wouter'
import type { EventDocument, Section } from '@fairgate/contracts/http/catalog'
import { placeHold, releaseHold, type Hold } from '@fairgate/contracts/http/inventory'
import { placeOrder } from '@fairgate/contracts/http/orders'
import { leaveLine } from '@fairgate/contracts/http/waiting-room'
import { formatMoney, times } from '@fairgate/contracts/money'
import type { KeptPass } from '../api/keep.ts'
import { useAccount, useApp, type App } from '../app.tsx'
import { codeOf, errorText, problemOf } from '../api/api.ts'
import { keys, useAvailability, useEvent, useLine, useMyHolds, useQueryClient } from '../api/queries.ts'
import { Choices } from '../forms/fields.tsx'
import { localeOf } from '../i18n/dates.ts'
import { pb } from '../path-builder.ts'
import { SeatPicker } from '../seat-map/seat-picker.tsx'
import { tierOf } from '../seat-map/seats.ts'
import { useIdempotencyKey, useServerNow, useTitle } from '../ui/hooks.ts'
import { Icon } from '../ui/icons.tsx'
import { Blank, Countdown, Failure, Notice, Skeleton, StateHeading, Stepper } from '../ui/parts.tsx'

type Wanted = { seatIds: string[] } | { count: number; together?: boolean }

/** Inside: choose places, keep them, go on to the order. Everything needed survives a refresh. */
export function ShopPage({ lineId }: { lineId: string }) {
  const { t, keep } = useApp()
  const account = useAccount()
  const line = useLine(lineId, 5000)
  const event = useEvent(line.data?.eventId)
  const holds = useMyHolds(true)
  const now = useServerNow()
  const [wasOver, setOver] = useState(false)
  useTitle(t.shop.title)

  const pass = account ? keep.pass.get(lineId, account.id) : undefined
  const sectionIds = line.data?.sectionIds ?? []
  const held = holds.data?.items.find(
    ({ hold }) => sectionIds.includes(hold.sectionId) && Date.parse(hold.expiresAt) > now,
  )

  if (line.isError)
    return (
      <ShopFrame>
        <Failure isPage error={line.error} retry={() => void line.refetch()} />
      </ShopFrame>
    )
  if (event.isError)
    return (
      <ShopFrame>
        <Failure isPage error={event.error} retry={() => void event.refetch()} />
      </ShopFrame>
    )
  if (!line.data || !event.data || holds.isPending)
    return (
      <ShopFrame>
        <Skeleton lines={6} />
      </ShopFrame>
    )

  const sections = event.data.sections.filter((section) => sectionIds.includes(section.id))
  const sale = event.data.sales.find(({ id }) => id === line.data.saleId)
  if (held) {
    return (
      <ShopFrame event={event.data}>
        <HeldPanel
          lineId={lineId}
          hold={held.hold}
          holdToken={held.holdToken}
          section={sections.find(({ id }) => id === held.hold.sectionId)}
          onGone={() => setOver(false)}
        />
      </ShopFrame>
    )
  }
  if (!pass) return <ToLine lineId={lineId} />
  if (Date.parse(pass.expiresAt) <= now) {
    return (
      <ShopFrame event={event.data}>
        <Blank title={t.shop.passOverTitle} body={t.shop.passOver} isPage icon="clock">
          <a className="button" href={pb.wait(lineId)}>
            {t.shop.backToLine}
          </a>
        </Blank>
      </ShopFrame>
    )
  }
  return (
    <ShopFrame event={event.data}>
      {wasOver ? <Notice tone="warn">{t.shop.heldOver}</Notice> : null}
      <ChoosePanel
        lineId={lineId}
        pass={pass}
        sections={sections}
        limit={sale?.limitPerAccount ?? 1}
        onHeld={() => setOver(true)}
      />
    </ShopFrame>
  )
}

/** Whoever comes without a pass belongs in the line, which is a page of its own. */
function ToLine({ lineId }: { lineId: string }) {
  useEffect(() => location.replace(pb.wait(lineId)), [lineId])
  return (
    <ShopFrame>
      <Skeleton lines={4} />
    </ShopFrame>
  )
}

function ShopFrame({ event, children }: { event?: EventDocument; children: ReactNode }) {
  return (
    <div className="page shop">
      {event ? <p className="eyebrow">{event.name}</p> : null}
      {children}
    </div>
  )
}

/** What a refused hold means for the person. */
function refusalText(error: unknown, app: App): string {
  const { t, lang } = app
  const problem = problemOf(error)
  switch (problem?.code) {
    case 'inventory.seat-taken': {
      const taken = Array.isArray(problem['taken']) ? problem['taken'] : []
      const labels = taken.map((seat: unknown) =>
        typeof seat === 'object' && seat !== null && 'label' in seat ? String(seat.label) : String(seat),
      )
      return labels.length > 0 ? t.shop.taken(labels.join(', ')) : t.shop.takenUnknown
    }
    case 'inventory.sold-out':
      return t.shop.soldOut
    case 'inventory.no-adjacent':
      return t.shop.noAdjacent
    case 'inventory.limit-reached':
      return t.shop.limit
    default:
      return errorText(error, lang, t.common.networkError)
  }
}

function ChoosePanel({
  lineId,
  pass,
  sections,
  limit,
  onHeld,
}: {
  lineId: string
  pass: KeptPass
  sections: readonly Section[]
  limit: number
  onHeld: () => void
}) {
  const app = useApp()
  const { t, api, keep } = app
  const [, navigate] = useLocation()
  const client = useQueryClient()
  const [sectionId, setSectionId] = useState(sections[0]?.id)
  const [refusal, setRefusal] = useState<{ text: string; count: number }>({ text: '', count: 0 })
  const [busy, setBusy] = useState(false)
  const idempotency = useIdempotencyKey()
  const section = sections.find(({ id }) => id === sectionId) ?? sections[0]

  async function hold(wanted: Wanted): Promise<void> {
    if (!section) return
    const body = { passToken: pass.passToken, sectionId: section.id, ...wanted }
    setBusy(true)
    try {
      const answer = await api.call(placeHold, { body, idempotencyKey: idempotency.keyFor(body) })
      idempotency.settle()
      client.setQueryData(keys.holds(), { items: [answer] })
      setRefusal({ text: '', count: 0 })
      onHeld()
    } catch (error) {
      if (problemOf(error)) idempotency.settle()
      const code = codeOf(error)
      if (code?.startsWith('inventory.pass-')) {
        keep.pass.drop(lineId)
      }
      setRefusal((last) => ({ text: refusalText(withLabels(error, section, client), app), count: last.count + 1 }))
    }
    setBusy(false)
  }

  async function leave(): Promise<void> {
    await api.call(leaveLine, { params: { id: lineId } }).catch(() => undefined)
    keep.pass.drop(lineId)
    keep.place.drop(lineId)
    navigate(pb.events())
  }

  const prices = sections.map(({ price }) => price.amount)
  if (!section) return <Blank title={t.common.errorTitle} body={t.shop.soldOut} icon="ticket" />
  const tier = tierOf(section.price.amount, prices)
  return (
    <>
      <div className="shop-head">
        <StateHeading>{t.shop.title}</StateHeading>
        <Countdown to={pass.expiresAt} label={t.shop.timeLeft} />
      </div>
      {sections.length > 1 ? (
        <Choices
          legend={t.shop.section}
          name="section"
          value={section.id}
          onChange={setSectionId}
          choices={sections.map((item) => ({
            value: item.id,
            label:
              item.admission === 'reserved' ? (
                <TierName name={item.name} tier={tierOf(item.price.amount, prices)} />
              ) : (
                item.name
              ),
            note: <SectionNote section={item} />,
          }))}
        />
      ) : (
        <p className="section-single">
          <b>{section.name}</b> <SectionNote section={section} />
        </p>
      )}
      {refusal.text ? (
        <div key={refusal.count}>
          <Notice tone="warn">{refusal.text}</Notice>
        </div>
      ) : null}
      {section.admission === 'reserved' ? (
        <SeatPicker
          tier={tier}
          key={section.id}
          section={section}
          limit={limit}
          busy={busy}
          refusals={refusal.count}
          onHold={(wanted) => void hold(wanted)}
        />
      ) : (
        <CountPicker
          key={section.id}
          section={section}
          limit={limit}
          busy={busy}
          onHold={(wanted) => void hold(wanted)}
        />
      )}
      <p className="leave">
        <button type="button" className="link-button" onClick={() => void leave()}>
          {t.shop.leave}
        </button>{' '}
        <small className="muted">{t.shop.leaveHint}</small>
      </p>
    </>
  )
}

/** Seats are taken by id; people know them by label. */
function withLabels(error: unknown, section: Section, client: ReturnType<typeof useQueryClient>): unknown {
  const problem = problemOf(error)
  const geometry = client.getQueryData<{ seats: { id: string; label: string }[] }>(keys.seats(section.id))
  if (problem?.code !== 'inventory.seat-taken' || !geometry || !Array.isArray(problem['taken'])) return error
  const taken = new Set(
    problem['taken'].map((seat: unknown) =>
      typeof seat === 'object' && seat !== null && 'id' in seat ? String(seat.id) : String(seat),
    ),
  )
  problem['taken'] = geometry.seats.filter(({ id }) => taken.has(id))
  return error
}

/** A section's name with the colour that its seats have on the map. */
function TierName({ name, tier }: { name: string; tier: number }) {
  return (
    <span className="tier-name">
      <i className={`tier-dot tier-${tier}`} aria-hidden="true" />
      {name}
    </span>
  )
}

function SectionNote({ section }: { section: Section }) {
  const { t, lang } = useApp()
  const availability = useAvailability(section.id, 4000)
  const free = availability.data?.free
  return (
    <span className="figures">
      {formatMoney(section.price, localeOf(lang))}{' '}
      {free === undefined ? null : (
        <span className={free === 0 ? 'none' : 'muted'}>{free === 0 ? t.shop.none : t.shop.left(free)}</span>
      )}
    </span>
  )
}

function CountPicker({
  section,
  limit,
  busy,
  onHold,
}: {
  section: Section
  limit: number
  busy: boolean
  onHold: (wanted: Wanted) => void
}) {
  const { t, lang } = useApp()
  const [count, setCount] = useState(1)
  return (
    <div className="panel count-picker">
      <h2>{t.shop.howMany}</h2>
      <p className="muted">{t.shop.anyPlace}</p>
      <Stepper label={t.shop.howMany} value={count} min={1} max={limit} onChange={setCount} />
      <p className="total">
        <span>{t.common.total}</span>
        <b className="figures">{formatMoney(times(section.price, count), localeOf(lang))}</b>
      </p>
      <button type="button" className="button wide" disabled={busy} onClick={() => onHold({ count })}>
        {busy ? t.shop.holding : t.shop.hold(count)}
        <Icon name="arrow" />
      </button>
    </div>
  )
}

function HeldPanel({
  lineId,
  hold,
  holdToken,
  section,
  onGone,
}: {
  lineId: string
  hold: Hold
  holdToken: string
  section: Section | undefined
  onGone: () => void
}) {
  const { t, lang, api, keep } = useApp()
  const account = useAccount()
  const client = useQueryClient()
  const [, navigate] = useLocation()
  const [failure, setFailure] = useState<unknown>()
  const [busy, setBusy] = useState(false)

  async function order(): Promise<void> {
    setBusy(true)
    setFailure(undefined)
    try {
      const answer = await api.call(placeOrder, { body: { holdToken }, idempotencyKey: `order-${hold.id}` })
      if (account)
        keep.payment.set(answer.order.id, {
          accountId: account.id,
          paymentRequestToken: answer.paymentRequestToken,
          lineId,
        })
      client.setQueryData(keys.order(answer.order.id), answer.order)
      navigate(pb.order(answer.order.id))
    } catch (error) {
      setFailure(error)
      setBusy(false)
    }
  }

  async function giveBack(): Promise<void> {
    setBusy(true)
    setFailure(undefined)
    try {
      await api.call(releaseHold, { params: { id: hold.id } })
    } catch (error) {
      if (codeOf(error) !== 'inventory.hold-not-found') setFailure(error)
    }
    onGone()
    await client.invalidateQueries({ queryKey: keys.holds() })
    setBusy(false)
  }

  return (
    <>
      <div className="shop-head">
        <StateHeading>{t.shop.heldTitle}</StateHeading>
        <Countdown to={hold.expiresAt} label={t.shop.heldFor} />
      </div>
      <p className="lead">{t.shop.heldLead}</p>
      {failure ? <Notice tone="bad">{errorText(failure, lang, t.common.networkError)}</Notice> : null}
      <div className="panel held-panel">
        <h2>{section?.name}</h2>
        <ul className="held-seats">
          {hold.seats.map((seat) => (
            <li key={seat.id} className="figures">
              {seat.label}
            </li>
          ))}
        </ul>
        <p className="total">
          <span>
            {t.common.total} · {t.common.places(hold.seats.length)}
          </span>
          <b className="figures">{formatMoney(hold.total, localeOf(lang))}</b>
        </p>
        <div className="actions">
          <button type="button" className="button" disabled={busy} onClick={() => void order()}>
            {t.shop.toOrder}
            <Icon name="arrow" />
          </button>
          <button type="button" className="button quiet" disabled={busy} onClick={() => void giveBack()}>
            {t.shop.giveBack}
          </button>
        </div>
      </div>
    </>
  )
}
