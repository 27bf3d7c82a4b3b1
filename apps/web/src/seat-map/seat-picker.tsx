import { useEffect, useMemo, useState } from 'react'
import type { Section } from '@fairgate/contracts/http/catalog'
import { formatMoney } from '@fairgate/contracts/money'
import { useApp } from '../app.tsx'
import { useAvailability, useSeats } from '../api/queries.ts'
import { Choices } from '../forms/fields.tsx'
import { localeOf } from '../i18n/dates.ts'
import { Failure, Notice, Skeleton, Stepper } from '../ui/parts.tsx'
import { Icon } from '../ui/icons.tsx'
import { SeatList } from './seat-list.tsx'
import { SeatMap } from './seat-map.tsx'
import { stateOf, unpackStatus } from './seats.ts'

type Props = {
  section: Section
  limit: number
  /** The colour of the section's price, see `tierOf`. */
  tier: number
  busy: boolean
  /** Goes up when seats turned out to be taken, so that the choice starts anew. */
  refusals: number
  onHold: (wanted: { seatIds: string[] } | { count: number; together?: boolean }) => void
}

const words = { free: 'seatFree', held: 'seatHeld', sold: 'seatSold', blocked: 'seatBlocked' } as const

/** Choosing numbered seats: by map, by list, or the best ones together. */
export function SeatPicker({ section, limit, tier, busy, refusals, onHold }: Props) {
  const { t, lang } = useApp()
  const geometry = useSeats(section.id, section.geometryUrl)
  const availability = useAvailability(section.id, 2000)
  const [view, setView] = useState<'map' | 'list'>('map')
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set())
  const [lost, setLost] = useState<string[]>([])
  const [isOverLimit, setOverLimit] = useState(false)
  const [together, setTogether] = useState(Math.min(2, limit))
  const seats = geometry.data?.seats
  const refetch = availability.refetch
  const status = useMemo(
    () => (availability.data && seats ? unpackStatus(availability.data.status, seats.length) : undefined),
    [availability.data, seats],
  )

  useEffect(() => {
    if (refusals > 0) void refetch()
  }, [refusals, refetch])

  // Someone else may take a seat while it is only chosen here and not kept yet.
  const gone = status ? [...chosen].filter((seat) => stateOf(status, seat) !== 'free') : []
  if (gone.length > 0) {
    setLost(gone.map((seat) => seats?.[seat]?.label ?? ''))
    setChosen(new Set([...chosen].filter((seat) => !gone.includes(seat))))
  }

  if (geometry.isPending) return <Skeleton tall lines={1} />
  if (geometry.isError || !seats) return <Failure error={geometry.error} retry={() => void geometry.refetch()} />

  const price = formatMoney(section.price, localeOf(lang))
  const describe = (index: number): string => {
    const seat = seats[index]
    const state = chosen.has(index) ? 'seatMine' : words[stateOf(status, index)]
    return [seat?.label, t.shop[state], price, seat?.accessible ? t.shop.accessible : ''].filter(Boolean).join(', ')
  }

  function toggle(index: number): void {
    setLost([])
    setOverLimit(false)
    const next = new Set(chosen)
    if (next.delete(index)) return setChosen(next)
    if (stateOf(status, index) !== 'free') return
    if (next.size >= limit) return setOverLimit(true)
    setChosen(next.add(index))
  }

  const labels = [...chosen].map((seat) => seats[seat]?.label ?? '')
  const shared = { seats, status, selected: chosen, tier, describe, onToggle: toggle }
  return (
    <div className="picker">
      <div className="best">
        <div>
          <b>{t.shop.best}</b>
          <small>{t.shop.bestHint}</small>
        </div>
        <Stepper label={t.shop.bestCount} value={together} min={1} max={limit} onChange={setTogether} />
        <button
          type="button"
          className="button quiet"
          disabled={busy}
          onClick={() => onHold(together > 1 ? { count: together, together: true } : { count: 1 })}
        >
          {t.shop.findBest}
        </button>
      </div>
      <div className="picker-bar">
        <Legend tier={tier} />
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
      {lost.length > 0 ? <Notice tone="warn">{t.shop.taken(lost.join(', '))}</Notice> : null}
      {isOverLimit ? <Notice tone="warn">{t.shop.limitReached(limit)}</Notice> : null}
      {view === 'map' ? <SeatMap {...shared} /> : <SeatList {...shared} />}
      <div className={chosen.size > 0 ? 'hold-bar' : 'hold-bar idle'}>
        <div aria-live="polite">
          <b className="figures">{labels.length > 0 ? labels.join(', ') : t.shop.holdNone}</b>
          <small className="figures">
            {t.shop.chosen(chosen.size, limit)}
            {chosen.size > 0
              ? ` · ${formatMoney({ ...section.price, amount: section.price.amount * chosen.size }, localeOf(lang))}`
              : ''}
          </small>
        </div>
        <button
          type="button"
          className="button"
          disabled={busy || chosen.size === 0}
          onClick={() => onHold({ seatIds: [...chosen].flatMap((seat) => seats[seat]?.id ?? []) })}
        >
          {busy ? t.shop.holding : t.shop.hold(Math.max(1, chosen.size))}
          <Icon name="arrow" />
        </button>
      </div>
    </div>
  )
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
