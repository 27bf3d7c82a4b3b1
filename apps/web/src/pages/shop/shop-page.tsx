import { lazy, Suspense, useEffect, useRef, useState, type ReactNode } from 'react'
import { Link, Redirect, useLocation } from 'wouter'
import type { EventDocument, Section } from '@fairgate/contracts/http/catalog'
import { leaveLine } from '@fairgate/contracts/http/waiting-room'
import { formatMoney } from '@fairgate/contracts/money'
import type { KeptAward, KeptPass } from '../../api/keep.ts'
import { useAccount, useApp } from '../../app.tsx'
import { codeOf } from '../../api/api.ts'
import { useEvent, useLine, useMyHolds } from '../../api/queries.ts'
import { Choices } from '../../forms/fields.tsx'
import { localeOf } from '../../i18n/dates.ts'
import { pb } from '../../path-builder.ts'
import { CountPicker } from '../../seat-map/count-picker.tsx'
import { useSeatPictures } from '../../seat-map/live.ts'
import type { Wanted } from '../../seat-map/seat-picker.tsx'
import { useServerNow, useTitle } from '../../ui/hooks.ts'
import { Blank, Countdown, Failure, Notice, Skeleton, StateHeading } from '../../ui/parts.tsx'
import { HeldPanel } from './held-panel.tsx'
import { useHold } from './use-hold.ts'

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
  const { t, api, keep } = useApp()
  const [, navigate] = useLocation()
  const { busy, refusal, hold } = useHold()

  const holdFirst = (wishes: readonly Wish[]): void =>
    void hold(
      wishes.map(({ sectionId, wanted }) => ({ passToken: pass.passToken, sectionId, ...wanted })),
      {
        onHeld,
        onRefused: (error) => {
          if (codeOf(error)?.startsWith('inventory.pass-')) keep.pass.drop(lineId)
        },
      },
    )

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
      {refusal ? <RefusalNotice text={refusal.text} /> : null}
      {sections.some(({ admission }) => admission === 'reserved') ? (
        <Suspense fallback={<Skeleton tall lines={1} />}>
          <SeatPicker
            event={event}
            saleId={saleId}
            sections={sections}
            limit={limit}
            busy={busy}
            lost={refusal?.lost}
            onHold={holdFirst}
          />
        </Suspense>
      ) : (
        <OpenSections
          saleId={saleId}
          sections={sections}
          limit={limit}
          busy={busy}
          onHold={(wish) => holdFirst([wish])}
        />
      )}
      <p className="shop-foot">
        <Link href={pb.eventCode(event.id)} className="lone-link">
          {t.money.codeQuestion}
        </Link>
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

/** Why nothing is kept: brought into sight, because whoever pressed may be far below on the map. */
function RefusalNotice({ text }: { text: string }) {
  const notice = useRef<HTMLDivElement>(null)
  useEffect(() => {
    // In a body of its own: newer browsers answer with a promise, which an effect must not return.
    notice.current?.scrollIntoView({ block: 'nearest' })
  }, [])
  return (
    <div ref={notice} className="refusal">
      <Notice tone="warn">{text}</Notice>
    </div>
  )
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
