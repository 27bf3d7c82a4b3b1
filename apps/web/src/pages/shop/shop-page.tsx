import { lazy, Suspense, useEffect, useState, type ReactNode } from 'react'
import { Link, Redirect, useLocation } from 'wouter'
import type { EventDocument, Section } from '@fairgate/contracts/http/catalog'
import { placeHold } from '@fairgate/contracts/http/inventory'
import { leaveLine } from '@fairgate/contracts/http/waiting-room'
import { formatMoney } from '@fairgate/contracts/money'
import type { KeptAward, KeptPass } from '../../api/keep.ts'
import { useAccount, useApp, type App } from '../../app.tsx'
import { codeOf, errorText, problemOf } from '../../api/api.ts'
import { keys, useEvent, useLine, useMyHolds, useQueryClient } from '../../api/queries.ts'
import { Choices } from '../../forms/fields.tsx'
import { localeOf } from '../../i18n/dates.ts'
import { pb } from '../../path-builder.ts'
import { CountPicker } from '../../seat-map/count-picker.tsx'
import { useSeatPictures } from '../../seat-map/live.ts'
import type { Lost, Wanted } from '../../seat-map/seat-picker.tsx'
import { useIdempotencyKey, useServerNow, useTitle } from '../../ui/hooks.ts'
import { Blank, Countdown, Failure, Notice, Skeleton, StateHeading } from '../../ui/parts.tsx'
import { HeldPanel } from './held-panel.tsx'

/** The map and its drawing library come when there are numbered seats to choose from. */
const SeatPicker = lazy(() =>
  import('../../seat-map/seat-picker.tsx').then((module) => ({ default: module.SeatPicker })),
)

type Wish = { sectionId: string; wanted: Wanted }

/** Inside: choose places, keep them, go on to the order. Everything needed survives a refresh. */
export function ShopPage({ lineId }: { lineId: string }) {
  const { t, keep } = useApp()
  const account = useAccount()
  const award = account ? keep.award.get(lineId, account.id) : undefined
  const line = useLine(award ? undefined : lineId, 5000)
  const place = award ?? line.data
  const event = useEvent(place?.eventId)
  const holds = useMyHolds(true)
  const now = useServerNow()
  const [wasOver, setOver] = useState(false)
  useTitle(t.shop.title)

  const pass = account ? keep.pass.get(lineId, account.id) : undefined
  const sectionIds = place?.sectionIds ?? []
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
  if (!place || !event.data || holds.isPending)
    return (
      <ShopFrame>
        <Skeleton lines={6} />
      </ShopFrame>
    )

  const sections = event.data.sections.filter((section) => sectionIds.includes(section.id))
  const sale = event.data.sales.find(({ id }) => id === place.saleId)
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
  if (!pass) return award ? <Redirect to={pb.ballot(award.saleId)} /> : <ToLine lineId={lineId} />
  if (Date.parse(pass.expiresAt) <= now) {
    return (
      <ShopFrame event={event.data}>
        <Blank title={t.shop.passOverTitle} body={t.shop.passOver} isPage icon="clock">
          {award ? (
            <Link className="button" href={pb.ballot(award.saleId)}>
              {t.ballot.backToAward}
            </Link>
          ) : (
            <a className="button" href={pb.wait(lineId)}>
              {t.shop.backToLine}
            </a>
          )}
        </Blank>
      </ShopFrame>
    )
  }
  return (
    <ShopFrame event={event.data}>
      {wasOver ? <Notice tone="warn">{t.shop.heldOver}</Notice> : null}
      <ChoosePanel
        lineId={lineId}
        event={event.data}
        saleId={place.saleId}
        pass={pass}
        sections={sections}
        limit={award?.seatsMax ?? sale?.limitPerAccount ?? 1}
        award={award}
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
export function refusalText(error: unknown, app: App): string {
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
  event,
  saleId,
  pass,
  sections,
  limit,
  award,
  onHeld,
}: {
  lineId: string
  event: EventDocument
  saleId: string
  pass: KeptPass
  sections: readonly Section[]
  limit: number
  award: KeptAward | undefined
  onHeld: () => void
}) {
  const app = useApp()
  const { t, api, keep } = app
  const [, navigate] = useLocation()
  const client = useQueryClient()
  const [refusal, setRefusal] = useState<{ text: string; count: number; lost?: Lost }>({ text: '', count: 0 })
  const [busy, setBusy] = useState(false)
  const idempotency = useIdempotencyKey()

  /** Tries one wish after another; only for want of seats is the next one tried. */
  async function hold(wishes: readonly Wish[]): Promise<void> {
    setBusy(true)
    if (wishes.length === 0) setRefusal(({ count }) => ({ text: t.shop.soldOutEverywhere, count: count + 1 }))
    for (const [index, { sectionId, wanted }] of wishes.entries()) {
      const body = { passToken: pass.passToken, sectionId, ...wanted }
      try {
        const answer = await api.call(placeHold, { body, idempotencyKey: idempotency.keyFor(body) })
        idempotency.settle()
        client.setQueryData(keys.holds(), { items: [answer] })
        setRefusal({ text: '', count: 0 })
        onHeld()
        break
      } catch (error) {
        if (problemOf(error)) idempotency.settle()
        const code = codeOf(error)
        if (code?.startsWith('inventory.pass-')) keep.pass.drop(lineId)
        const isFull = code === 'inventory.sold-out' || code === 'inventory.no-adjacent'
        if (isFull && index < wishes.length - 1) continue
        const lost = lostOf(error, sectionId, wanted)
        const text = refusalText(withLabels(error, sectionId, client), app)
        setRefusal(({ count }) => ({ text, count: count + 1, ...(lost ? { lost } : {}) }))
        break
      }
    }
    setBusy(false)
  }

  async function leave(): Promise<void> {
    if (award) return navigate(pb.ballot(award.saleId))
    await api.call(leaveLine, { params: { id: lineId } }).catch(() => undefined)
    keep.pass.drop(lineId)
    keep.place.drop(lineId)
    navigate(pb.events())
  }

  return (
    <>
      <div className="shop-head">
        <StateHeading>{t.shop.title}</StateHeading>
        <Countdown to={pass.expiresAt} label={t.shop.timeLeft} />
      </div>
      {refusal.text ? (
        <div key={refusal.count}>
          <Notice tone="warn">{refusal.text}</Notice>
        </div>
      ) : null}
      {sections.some(({ admission }) => admission === 'reserved') ? (
        <Suspense fallback={<Skeleton tall lines={1} />}>
          <SeatPicker
            event={event}
            saleId={saleId}
            sections={sections}
            limit={limit}
            busy={busy}
            lost={refusal.lost}
            onHold={(wishes) => void hold(wishes)}
          />
        </Suspense>
      ) : (
        <OpenSections
          saleId={saleId}
          sections={sections}
          limit={limit}
          busy={busy}
          onHold={(wish) => void hold([wish])}
        />
      )}
      <p>
        <Link href={pb.eventCode(event.id)}>{t.money.codeQuestion}</Link>
      </p>
      <p className="leave">
        <button type="button" className="link-button" onClick={() => void leave()}>
          {award ? t.ballot.backToAward : t.shop.leave}
        </button>{' '}
        <small className="muted">{award ? t.ballot.backHint : t.shop.leaveHint}</small>
      </p>
    </>
  )
}

const takenIds = (error: unknown): string[] => {
  const taken = problemOf(error)?.['taken']
  if (!Array.isArray(taken)) return []
  return taken.map((seat: unknown) =>
    typeof seat === 'object' && seat !== null && 'id' in seat ? String(seat.id) : String(seat),
  )
}

/** What somebody else got first, so that what is free beside it can be offered. */
function lostOf(error: unknown, sectionId: string, wanted: Wanted): Lost | undefined {
  if (codeOf(error) !== 'inventory.seat-taken' || !('seatIds' in wanted)) return undefined
  const nearby = problemOf(error)?.['nearby']
  const groups = Array.isArray(nearby) ? (nearby as string[][]) : []
  return { sectionId, wanted: wanted.seatIds, taken: takenIds(error), nearby: groups }
}

/** Seats are taken by id; people know them by label. */
function withLabels(error: unknown, sectionId: string, client: ReturnType<typeof useQueryClient>): unknown {
  const problem = problemOf(error)
  const geometry = client.getQueryData<{ seats: { id: string; label: string }[] }>(keys.seats(sectionId))
  if (problem?.code !== 'inventory.seat-taken' || !geometry) return error
  const taken = new Set(takenIds(error))
  problem['taken'] = geometry.seats.filter(({ id }) => taken.has(id))
  return error
}

/** Sections without numbered seats: which one, and how many. */
function OpenSections({
  saleId,
  sections,
  limit,
  busy,
  onHold,
}: {
  saleId: string
  sections: readonly Section[]
  limit: number
  busy: boolean
  onHold: (wish: Wish) => void
}) {
  const { t, lang } = useApp()
  const [sectionId, setSectionId] = useState(sections[0]?.id)
  const pictures = useSeatPictures(
    saleId,
    sections.map(({ id }) => id),
  )
  const section = sections.find(({ id }) => id === sectionId) ?? sections[0]
  if (!section) return <Blank title={t.common.errorTitle} body={t.shop.soldOut} icon="ticket" />
  const note = (item: Section): ReactNode => {
    const free = pictures.get(item.id)?.free
    return (
      <span className="figures">
        {formatMoney(item.price, localeOf(lang))}{' '}
        {free === undefined ? null : (
          <span className={free === 0 ? 'none' : 'muted'}>{free === 0 ? t.shop.none : t.shop.left(free)}</span>
        )}
      </span>
    )
  }
  return (
    <>
      {sections.length > 1 ? (
        <Choices
          legend={t.shop.section}
          name="section"
          value={section.id}
          onChange={setSectionId}
          choices={sections.map((item) => ({ value: item.id, label: item.name, note: note(item) }))}
        />
      ) : null}
      <CountPicker
        key={section.id}
        section={section}
        free={pictures.get(section.id)?.free}
        limit={limit}
        busy={busy}
        onHold={(count) => onHold({ sectionId: section.id, wanted: { count } })}
      />
    </>
  )
}
