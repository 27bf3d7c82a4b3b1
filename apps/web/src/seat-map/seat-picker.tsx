import { useMemo, useState } from 'react'
import type { EventDocument, Section } from '@fairgate/contracts/http/catalog'
import { seatNumber } from '@fairgate/contracts/ids'
import { formatMoney, times } from '@fairgate/contracts/money'
import type { SeatPicture } from '@fairgate/contracts/seat-picture'
import { useApp } from '../app.tsx'
import { Choices } from '../forms/fields.tsx'
import { localeOf } from '../i18n/dates.ts'
import { Labels } from '../ui/labels.tsx'
import { Failure, Notice, Skeleton, Stepper } from '../ui/parts.tsx'
import { Icon } from '../ui/icons.tsx'
import { CountPicker } from './count-picker.tsx'
import { useSeatPictures } from './live.ts'
import { SeatList } from './seat-list.tsx'
import { SeatMap } from './seat-map.tsx'
import { nearestRun, stateOf, tierOf } from './seats.ts'
import { useDescriptions, useVenue } from './use-venue.ts'

export type Wanted =
  | { seatIds: string[]; accessible?: boolean }
  | { count: number; together?: boolean; accessible?: boolean }

export type Lost = {
  sectionId: string
  wanted: readonly string[]
  taken: readonly string[]
  /** Groups that the server found free beside them. */
  nearby?: readonly (readonly string[])[]
}

type Props = {
  event: Pick<EventDocument, 'id' | 'planUrl'>
  saleId: string
  sections: readonly Section[]
  limit: number
  busy: boolean
  /** Seats that somebody else got first. */
  lost: Lost | undefined
  /** Tries one after another until one of them is kept. */
  onHold: (wishes: readonly { sectionId: string; wanted: Wanted }[]) => void
}

/** Seats of one section, because a hold is of one section. */
type Choice = { sectionId: string; seats: ReadonlySet<number> }

/** Sections in which the best seats are tried, at most. */
const triesMax = 6

/** Choosing places: by map, by list, or the best ones together. */
export function SeatPicker({ event, saleId, sections, limit, busy, lost, onHold }: Props) {
  const { t, lang } = useApp()
  const [view, setView] = useState<'map' | 'list'>('map')
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set())
  const [accessible, setAccessible] = useState(false)
  const [onlyFree, setOnlyFree] = useState(true)
  const [together, setTogether] = useState(Math.min(2, limit))
  const [side, setSide] = useState(1)
  const [where, setWhere] = useState('')
  const [choice, setChoice] = useState<Choice>()
  const [areaId, setArea] = useState<string>()
  const [gone, setGone] = useState<Lost & { labels: string[] }>()
  const [note, setNote] = useState<'limit' | 'section'>()
  const { venue, isReady, error, retry, need } = useVenue(event, sections, view === 'list')
  const sectionIds = useMemo(() => sections.map(({ id }) => id), [sections])
  const pictures = useSeatPictures(saleId, sectionIds)
  const chosen = useMemo(() => new Map(choice ? [[choice.sectionId, choice.seats]] : []), [choice])
  const isMine = (sectionId: string, seat: number): boolean => choice?.sectionId === sectionId && choice.seats.has(seat)
  const { describeSeat, describeSection } = useDescriptions(venue, pictures, isMine)
  const amounts = useMemo(
    () => [...new Set(sections.map(({ price }) => price.amount))].toSorted((a, b) => b - a),
    [sections],
  )
  const isDimmed = useMemo(() => {
    const out = new Set(
      sections.filter(({ id, price }) => hidden.has(price.amount) || (where && id !== where)).map(({ id }) => id),
    )
    return (sectionId: string): boolean => out.has(sectionId)
  }, [sections, hidden, where])
  const filter = useMemo(() => ({ onlyFree, accessible, together: side }), [onlyFree, accessible, side])

  // Someone else may take a seat while it is only chosen here and not kept yet.
  const status = choice && pictures.get(choice.sectionId)?.status
  const labelOf = (sectionId: string, seat: number): string => venue.byId.get(sectionId)?.seats?.[seat]?.label ?? ''
  const idsOf = (sectionId: string, seats: Iterable<number>): string[] =>
    [...seats].flatMap((seat) => venue.byId.get(sectionId)?.seats?.[seat]?.id ?? [])
  const away = choice && status && !busy ? [...choice.seats].filter((seat) => stateOf(status, seat) !== 'free') : []
  if (choice && away.length > 0) {
    setGone({
      sectionId: choice.sectionId,
      wanted: idsOf(choice.sectionId, choice.seats),
      taken: idsOf(choice.sectionId, away),
      labels: away.map((seat) => labelOf(choice.sectionId, seat)),
    })
    const left = [...choice.seats].filter((seat) => !away.includes(seat))
    setChoice(left.length > 0 ? { sectionId: choice.sectionId, seats: new Set(left) } : undefined)
  }

  if (error) return <Failure error={error} retry={retry} />
  if (!isReady) return <Skeleton tall lines={1} />

  const area = sections.find(({ id }) => id === areaId)
  if (area) {
    return (
      <>
        <p>
          <button type="button" className="link-button" onClick={() => setArea(undefined)}>
            {t.shop.backToMap}
          </button>
        </p>
        <CountPicker
          section={area}
          free={pictures.get(area.id)?.free}
          limit={limit}
          busy={busy}
          onHold={(count) => onHold([{ sectionId: area.id, wanted: { count } }])}
        />
      </>
    )
  }

  function toggle(sectionId: string, seat: number): void {
    setGone(undefined)
    setNote(undefined)
    const isHere = choice?.sectionId === sectionId
    const next = new Set(isHere ? choice.seats : [])
    if (next.delete(seat)) return setChoice(next.size > 0 ? { sectionId, seats: next } : undefined)
    if (stateOf(pictures.get(sectionId)?.status, seat) !== 'free') return
    if (next.size >= limit) return setNote('limit')
    if (choice && !isHere) setNote('section')
    setChoice({ sectionId, seats: next.add(seat) })
  }

  function holdBest(): void {
    const wanted: Wanted = {
      count: together,
      ...(together > 1 ? { together: true } : {}),
      ...(accessible ? { accessible: true } : {}),
    }
    const candidates = sections
      .filter(({ id, admission }) => admission === 'reserved' && !isDimmed(id))
      .filter(({ id }) => (pictures.get(id)?.free ?? Infinity) >= together)
    onHold(candidates.slice(0, triesMax).map(({ id }) => ({ sectionId: id, wanted })))
  }

  const isNeeded = (seats: ReadonlySet<number>, sectionId: string): boolean =>
    accessible || [...seats].some((seat) => venue.byId.get(sectionId)?.seats?.[seat]?.accessible)
  const missed = gone ?? lost
  // What the refusal says already is not said again when the map shows it a moment later.
  const isNews = gone?.taken.some((id) => !lost?.taken.includes(id))
  const near = missed && nearbyOf(missed, venue.byId.get(missed.sectionId), pictures.get(missed.sectionId))
  const section = choice && sections.find(({ id }) => id === choice.sectionId)
  const labels = choice ? [...choice.seats].map((seat) => labelOf(choice.sectionId, seat)) : []
  const hasReserved = sections.some(({ admission }) => admission === 'reserved')
  const shared = {
    venue,
    pictures,
    chosen,
    isDimmed,
    describeSeat,
    describeSection,
    onSeat: toggle,
    onArea: setArea,
  }
  return (
    <div className="picker">
      {near && near.length > 0 ? (
        <Notice tone="good">
          <span className="nearby">
            <span>
              {t.shop.nearby('')}
              <Labels of={near.map((seat) => labelOf(missed.sectionId, seat))} />
            </span>
            <button
              type="button"
              className="button small"
              disabled={busy}
              onClick={() =>
                onHold([{ sectionId: missed.sectionId, wanted: { seatIds: idsOf(missed.sectionId, near) } }])
              }
            >
              {t.shop.takeNearby}
            </button>
          </span>
        </Notice>
      ) : null}
      {hasReserved ? (
        <div className="best">
          <div>
            <b>{t.shop.best}</b>
            <small>{t.shop.bestHint}</small>
          </div>
          {sections.length > 1 ? (
            <select aria-label={t.shop.section} value={where} onChange={(event) => setWhere(event.target.value)}>
              <option value="">{t.shop.anywhere}</option>
              {sections.map(({ id }) => (
                <option key={id} value={id}>
                  {describeSection(id)}
                </option>
              ))}
            </select>
          ) : null}
          <Stepper label={t.shop.bestCount} value={together} min={1} max={limit} onChange={setTogether} />
          <button type="button" className="button quiet" disabled={busy} onClick={holdBest}>
            {t.shop.findBest}
          </button>
        </div>
      ) : null}
      <div className="picker-bar">
        {amounts.length > 1 ? (
          <ul className="price-filter" aria-label={t.shop.prices}>
            {amounts.map((amount) => {
              const tier = tierOf(amount, amounts)
              const sample = sections.find(({ price }) => price.amount === amount)!
              return (
                <li key={amount}>
                  <label className={`chip tier-${tier}`}>
                    <input
                      type="checkbox"
                      checked={!hidden.has(amount)}
                      onChange={(event) => {
                        const next = new Set(hidden)
                        if (event.target.checked) next.delete(amount)
                        else next.add(amount)
                        setHidden(next)
                      }}
                    />
                    <i className={`tier-dot tier-${tier}`} aria-hidden="true" />
                    <span className="figures">{formatMoney(sample.price, localeOf(lang))}</span>
                  </label>
                </li>
              )
            })}
          </ul>
        ) : (
          <Legend tier={0} />
        )}
        <Choices
          legend={t.shop.view}
          name="seat-view"
          look="segments"
          value={view}
          onChange={setView}
          choices={[
            { value: 'map', label: t.shop.map },
            { value: 'list', label: t.shop.list },
          ]}
        />
      </div>
      {view === 'list' ? (
        <div className="list-filter">
          <label className="check">
            <input type="checkbox" checked={onlyFree} onChange={(event) => setOnlyFree(event.target.checked)} />
            {t.shop.onlyFree}
          </label>
          <label className="check">
            <input type="checkbox" checked={accessible} onChange={(event) => setAccessible(event.target.checked)} />
            {t.shop.onlyAccessible}
          </label>
          {limit > 1 ? (
            <label>
              {t.shop.side}{' '}
              <select value={side} onChange={(event) => setSide(Number(event.target.value))}>
                <option value={1}>{t.shop.sideAny}</option>
                {Array.from({ length: limit - 1 }, (_, index) => (
                  <option key={index} value={index + 2}>
                    {t.shop.sideMin(index + 2)}
                  </option>
                ))}
              </select>
            </label>
          ) : null}
        </div>
      ) : null}
      {gone && isNews ? <Notice tone="warn">{t.shop.taken(gone.labels.join(', '))}</Notice> : null}
      {note === 'limit' ? <Notice tone="warn">{t.shop.limitReached(limit)}</Notice> : null}
      {note === 'section' ? <Notice>{t.shop.otherSection}</Notice> : null}
      {view === 'map' ? <SeatMap {...shared} onNeed={need} /> : <SeatList {...shared} filter={filter} />}
      {amounts.length > 1 ? <Legend tier={0} /> : null}
      <div className={choice ? 'hold-bar' : 'hold-bar idle'}>
        <div aria-live="polite">
          <b className="figures">{labels.length > 0 ? <Labels of={labels} /> : t.shop.holdNone}</b>
          <small className="figures">
            {t.shop.chosen(labels.length, limit)}
            {section ? ` · ${formatMoney(times(section.price, labels.length), localeOf(lang))}` : ''}
          </small>
          {choice && isNeeded(choice.seats, choice.sectionId) ? <small>{t.shop.accessibleHint}</small> : null}
        </div>
        <button
          type="button"
          className="button"
          disabled={busy || !choice}
          onClick={() => {
            if (!choice) return
            setNote(undefined)
            const { sectionId, seats } = choice
            const wanted: Wanted = {
              seatIds: idsOf(sectionId, seats),
              ...(isNeeded(seats, sectionId) ? { accessible: true } : {}),
            }
            onHold([{ sectionId, wanted }])
          }}
        >
          {busy ? t.shop.holding : t.shop.hold(Math.max(1, labels.length))}
          <Icon name="arrow" />
        </button>
      </div>
    </div>
  )
}

/** Free seats beside those that were lost, as many as were wanted; also when the news of the loss is still on its way. */
function nearbyOf(
  { sectionId, wanted, taken, nearby = [] }: Lost,
  section: { seats: readonly { id: string; x: number; y: number }[] | undefined; pitch: number } | undefined,
  picture: SeatPicture | undefined,
): number[] {
  const seats = section?.seats as Parameters<typeof nearestRun>[0] | undefined
  if (!seats || !section || !picture) return []
  const indexes = (ids: readonly string[]): number[] =>
    ids.flatMap((id) => {
      const number = seatNumber(sectionId, id)
      return number === undefined || number > seats.length ? [] : [number - 1]
    })
  const status = picture.status.slice()
  for (const seat of indexes(taken)) status[seat >> 2] = status[seat >> 2]! | (1 << ((seat & 3) * 2))
  const told = nearby.map(indexes).find((group) => group.every((seat) => stateOf(status, seat) === 'free'))
  if (told || wanted.length === 0) return told ?? []
  return nearestRun(seats, status, section, indexes(wanted))
}

function Legend({ tier }: { tier: number }) {
  const { t } = useApp()
  return (
    <ul className={`legend tier-${tier}`} aria-label={t.shop.legend}>
      <li className="free">{t.shop.seatFree}</li>
      <li className="mine">{t.shop.seatMine}</li>
      <li className="held">{t.shop.seatHeld}</li>
      <li className="sold">{t.shop.seatSold}</li>
    </ul>
  )
}
