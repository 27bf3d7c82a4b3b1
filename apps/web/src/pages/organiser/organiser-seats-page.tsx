import { useMemo, useState } from 'react'
import type { EventDocument, Sale, Section } from '@fairgate/contracts/http/catalog'
import { blockSeats, unblockSeats } from '@fairgate/contracts/http/stock'
import { formatMoney, times } from '@fairgate/contracts/money'
import { useApp } from '../../app.tsx'
import { codeOf, errorText, problemOf } from '../../api/api.ts'
import { useEvent } from '../../api/queries.ts'
import { Choices, TextField } from '../../forms/fields.tsx'
import { localeOf } from '../../i18n/dates.ts'
import { useSeatPictures } from '../../seat-map/live.ts'
import { SeatMap } from '../../seat-map/seat-map.tsx'
import { rowsOf, stateOf, tierOf } from '../../seat-map/seats.ts'
import { useDescriptions, useVenue } from '../../seat-map/use-venue.ts'
import type { MapSection, Venue } from '../../seat-map/venue.ts'
import { EventNav } from './event-nav.tsx'
import { useTitle } from '../../ui/hooks.ts'
import { Failure, Notice, PageHead, Skeleton, TableScroll } from '../../ui/parts.tsx'

type Chosen = ReadonlyMap<string, ReadonlySet<number>>

/** The organiser's map: what every seat is now, counts and money of each section, and seats taken off sale and put back. */
export function SeatsPage({ id }: { id: string }) {
  const { t } = useApp()
  const event = useEvent(id)
  useTitle(t.seatPlan.title)
  if (event.isPending)
    return (
      <div className="page">
        <Skeleton lines={6} />
      </div>
    )
  if (event.isError)
    return (
      <div className="page narrow">
        <Failure isPage error={event.error} retry={() => void event.refetch()} />
      </div>
    )
  const sales = event.data.sales.filter(({ state }) => state === 'published')
  return (
    <div className="page">
      <PageHead title={event.data.name} lead={t.seatPlan.title} />
      <EventNav event={event.data} />
      {sales.length === 0 ? <Notice>{t.seatPlan.none}</Notice> : null}
      <div className="stack">
        {sales.map((sale) => (
          <SalePlan key={sale.id} event={event.data} sale={sale} />
        ))}
      </div>
    </div>
  )
}

function SalePlan({ event, sale }: { event: EventDocument; sale: Sale }) {
  const { t } = useApp()
  const sectionIds = useMemo(() => sale.lines.flatMap((line) => line.sectionIds), [sale])
  const sections = useMemo(() => event.sections.filter(({ id }) => sectionIds.includes(id)), [event, sectionIds])
  const pictures = useSeatPictures(sale.id, sectionIds)
  const hasSeats = sections.some(({ admission }) => admission === 'reserved')
  const [wantsRows, setWantsRows] = useState(false)
  const { venue, isReady, error, retry, need } = useVenue(event, sections, wantsRows)
  const [mode, setMode] = useState<'move' | 'choose'>('move')
  const [chosen, setChosen] = useState<Chosen>(new Map())
  const isMine = (sectionId: string, seat: number): boolean => chosen.get(sectionId)?.has(seat) ?? false
  const { describeSeat, describeSection } = useDescriptions(venue, pictures, isMine)

  function add(seats: ReadonlyMap<string, readonly number[]>): void {
    const next = new Map(chosen)
    for (const [sectionId, members] of seats) next.set(sectionId, new Set([...(next.get(sectionId) ?? []), ...members]))
    setChosen(next)
  }

  function toggle(sectionId: string, seat: number): void {
    const seats = new Set(chosen.get(sectionId))
    if (!seats.delete(seat)) seats.add(seat)
    const next = new Map(chosen)
    if (seats.size > 0) next.set(sectionId, seats)
    else next.delete(sectionId)
    setChosen(next)
  }

  if (error) return <Failure error={error} retry={retry} />
  if (!isReady) return <Skeleton tall lines={1} />
  if (!hasSeats)
    return (
      <section className="stack" aria-label={t.seatPlan.title}>
        <p className="muted">{t.seatPlan.alike}</p>
        <Counts sections={sections} pictures={pictures} />
      </section>
    )
  return (
    <section className="stack" aria-label={t.seatPlan.title}>
      <p className="muted">{t.seatPlan.live}</p>
      <div className="picker-bar">
        <ul className="legend tier-0" aria-label={t.shop.legend}>
          <li className="free">{t.shop.seatFree}</li>
          <li className="mine">{t.shop.seatMine}</li>
          <li className="held">{t.shop.seatHeld}</li>
          <li className="sold">{t.shop.seatSold}</li>
          <li className="blocked">{t.seatPlan.blocked}</li>
        </ul>
        <Choices
          legend={t.seatPlan.mode}
          name={`mode-${sale.id}`}
          look="segments"
          value={mode}
          onChange={setMode}
          choices={[
            { value: 'move', label: t.seatPlan.move },
            { value: 'choose', label: t.seatPlan.choose },
          ]}
        />
      </div>
      <SeatMap
        venue={venue}
        pictures={pictures}
        chosen={chosen}
        isDimmed={nobody}
        describeSeat={describeSeat}
        describeSection={describeSection}
        onSeat={toggle}
        onArea={() => undefined}
        onNeed={need}
        onLasso={mode === 'choose' ? add : undefined}
      />
      <RowChoice venue={venue} onOpen={() => setWantsRows(true)} onRow={add} />
      <Blocking venue={venue} pictures={pictures} chosen={chosen} onClear={() => setChosen(new Map())} />
      <Counts sections={sections} pictures={pictures} />
    </section>
  )
}

const nobody = (): boolean => false

/** A whole row by name: the way for a keyboard, and the short one for everybody. */
function RowChoice({
  venue,
  onOpen,
  onRow,
}: {
  venue: Venue
  onOpen: () => void
  onRow: (seats: ReadonlyMap<string, readonly number[]>) => void
}) {
  const { t } = useApp()
  const reserved = venue.sections.filter(({ section }) => section.admission === 'reserved')
  const [sectionId, setSectionId] = useState(reserved[0]?.id)
  const section: MapSection | undefined = reserved.find(({ id }) => id === sectionId) ?? reserved[0]
  const rows = rowsOf(section?.seats ?? [])
  const [row, setRow] = useState('')
  const members = (rows.find((one) => one.row === row) ?? rows[0])?.seats
  if (!section) return null
  return (
    <div className="list-filter">
      <label>
        {t.seatPlan.section}{' '}
        <select
          aria-label={t.seatPlan.section}
          value={section.id}
          onFocus={onOpen}
          onChange={(event) => setSectionId(event.target.value)}
        >
          {reserved.map((one) => (
            <option key={one.id} value={one.id}>
              {one.section.name}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t.seatPlan.row}{' '}
        <select
          aria-label={t.seatPlan.row}
          value={row || rows[0]?.row}
          onFocus={onOpen}
          onChange={(event) => setRow(event.target.value)}
        >
          {rows.map((one) => (
            <option key={one.row} value={one.row}>
              {one.row}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        className="button quiet small"
        disabled={!members}
        onClick={() => onRow(new Map([[section.id, members ?? []]]))}
      >
        {t.seatPlan.wholeRow}
      </button>
    </div>
  )
}

type Pictures = ReturnType<typeof useSeatPictures>

function Blocking({
  venue,
  pictures,
  chosen,
  onClear,
}: {
  venue: Venue
  pictures: Pictures
  chosen: Chosen
  onClear: () => void
}) {
  const { t, lang, api } = useApp()
  const [reason, setReason] = useState('')
  const [busy, setBusy] = useState(false)
  const [outcome, setOutcome] = useState<{ tone: 'good' | 'warn' | 'bad'; text: string }>()
  const [toWaitlist, setToWaitlist] = useState(false)
  const count = [...chosen.values()].reduce((sum, seats) => sum + seats.size, 0)

  const idsBySection = (state: 'free' | 'blocked'): [string, string[]][] =>
    [...chosen].flatMap(([sectionId, seats]): [string, string[]][] => {
      const status = pictures.get(sectionId)?.status
      const known = venue.byId.get(sectionId)?.seats
      const ids = [...seats]
        .filter((seat) => stateOf(status, seat) === state)
        .flatMap((seat) => known?.[seat]?.id ?? [])
      return ids.length > 0 ? [[sectionId, ids]] : []
    })
  const free = idsBySection('free')
  const blocked = idsBySection('blocked')
  const size = (lists: readonly [string, string[]][]): number => lists.reduce((sum, [, ids]) => sum + ids.length, 0)

  async function act(work: () => Promise<void>): Promise<void> {
    setBusy(true)
    setOutcome(undefined)
    try {
      await work()
      setOutcome({ tone: 'good', text: t.seatPlan.done })
      onClear()
    } catch (error) {
      const taken = problemOf(error)?.['taken']
      const ids = new Set(Array.isArray(taken) ? taken.map(String) : [])
      const labels = venue.sections
        .flatMap(({ seats = [] }) => seats)
        .filter(({ id }) => ids.has(id))
        .map(({ label }) => label)
      if (codeOf(error) === 'inventory.seat-taken')
        setOutcome({ tone: 'warn', text: t.seatPlan.taken(labels.join(', ')) })
      else setOutcome({ tone: 'bad', text: errorText(error, lang, t.common.networkError) })
    }
    setBusy(false)
  }

  const block = async (): Promise<void> => {
    for (const [id, seatIds] of free)
      await api.call(blockSeats, {
        params: { id },
        body: { seatIds, reason: reason.trim() },
        idempotencyKey: crypto.randomUUID(),
      })
  }
  const unblock = async (): Promise<void> => {
    for (const [id, seatIds] of blocked)
      await api.call(unblockSeats, {
        params: { id },
        body: { seatIds, toWaitlist, ...(reason.trim() ? { reason: reason.trim() } : {}) },
        idempotencyKey: crypto.randomUUID(),
      })
  }

  return (
    <div className="panel stack">
      <p role="status" className="figures">
        <b>{count > 0 ? t.seatPlan.chosen(count) : t.seatPlan.nothing}</b>
      </p>
      {outcome ? <Notice tone={outcome.tone}>{outcome.text}</Notice> : null}
      <TextField
        label={t.seatPlan.reason}
        hint={t.seatPlan.reasonHint}
        value={reason}
        onChange={(event) => setReason(event.target.value)}
        maxLength={200}
      />
      {blocked.length > 0 ? (
        <label className="check">
          <input type="checkbox" checked={toWaitlist} onChange={({ target }) => setToWaitlist(target.checked)} />
          <span>{t.waitlist.unblockFirst}</span>
        </label>
      ) : null}
      <div className="actions">
        <button
          type="button"
          className="button"
          disabled={busy || free.length === 0 || reason.trim() === ''}
          onClick={() => void act(block)}
        >
          {t.seatPlan.block(size(free))}
        </button>
        <button
          type="button"
          className="button quiet"
          disabled={busy || blocked.length === 0}
          onClick={() => void act(unblock)}
        >
          {t.seatPlan.unblock(size(blocked))}
        </button>
        <button type="button" className="button plain" disabled={count === 0} onClick={onClear}>
          {t.seatPlan.clear}
        </button>
      </div>
    </div>
  )
}

function Counts({ sections, pictures }: { sections: readonly Section[]; pictures: Pictures }) {
  const { t, lang } = useApp()
  const amounts = sections.map(({ price }) => price.amount)
  const rows = sections.map((section) => ({ section, ...(pictures.get(section.id) ?? none) }))
  const sum = (of: (row: (typeof rows)[number]) => number): number => rows.reduce((total, row) => total + of(row), 0)
  const first = sections[0]
  const number = (value: number): string => value.toLocaleString(lang)
  return (
    <div className="panel">
      <TableScroll>
        <table className="table">
          <thead>
            <tr>
              {(['section', 'price', 'capacity', 'free', 'held', 'sold', 'blocked', 'money'] as const).map((name) => (
                <th key={name} scope="col">
                  {t.seatPlan[name]}
                </th>
              ))}
            </tr>
          </thead>
          <tbody className="figures">
            {first ? (
              <tr>
                <th scope="row">{t.seatPlan.total}</th>
                <td>–</td>
                <td>{number(sum(({ section }) => section.capacity))}</td>
                <td>{number(sum(({ free }) => free))}</td>
                <td>{number(sum(({ held }) => held))}</td>
                <td>{number(sum(({ sold }) => sold))}</td>
                <td>{number(sum(({ blocked }) => blocked))}</td>
                <td>
                  {formatMoney(
                    { ...first.price, amount: sum(({ section, sold }) => section.price.amount * sold) },
                    localeOf(lang),
                  )}
                </td>
              </tr>
            ) : null}
            {rows.map(({ section, free, held, sold, blocked }) => (
              <tr key={section.id}>
                <th scope="row">
                  <span className="tier-name">
                    <i className={`tier-dot tier-${tierOf(section.price.amount, amounts)}`} aria-hidden="true" />
                    {section.name}
                  </span>
                </th>
                <td>{formatMoney(section.price, localeOf(lang))}</td>
                <td>{number(section.capacity)}</td>
                <td>{number(free)}</td>
                <td>{number(held)}</td>
                <td>{number(sold)}</td>
                <td>{number(blocked)}</td>
                <td>{formatMoney(times(section.price, sold), localeOf(lang))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </div>
  )
}

const none = { free: 0, held: 0, sold: 0, blocked: 0 }
