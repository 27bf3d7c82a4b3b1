import { useMemo, useState } from 'react'
import { useApp } from '../app.tsx'
import type { SeatMapProps } from './seat-map.tsx'
import { rowsOf, stateOf } from './seats.ts'

/** The same seats as the map, by row: for the keyboard, a screen reader, or whoever prefers words. */
export function SeatList({ seats, status, selected, tier, describe, onToggle }: SeatMapProps) {
  const { t } = useApp()
  const [onlyFree, setOnlyFree] = useState(true)
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  const rows = useMemo(() => rowsOf(seats), [seats])
  const counted = rows.map(({ row, seats: members }) => ({
    row,
    members,
    free: members.filter((seat) => stateOf(status, seat) === 'free').length,
  }))
  const shown = counted.filter(
    ({ free, members }) => !onlyFree || free > 0 || members.some((seat) => selected.has(seat)),
  )

  function toggleRow(row: string, isOpen: boolean): void {
    const next = new Set(open)
    if (isOpen) next.add(row)
    else next.delete(row)
    setOpen(next)
  }

  return (
    <div className={`seat-list tier-${tier}`}>
      <label className="check">
        <input type="checkbox" checked={onlyFree} onChange={(event) => setOnlyFree(event.target.checked)} />
        {t.shop.onlyFree}
      </label>
      <ul>
        {shown.map(({ row, members, free }, index) => {
          const isOpen = open.has(row) || (open.size === 0 && index === 0)
          return (
            <li key={row}>
              <details open={isOpen} onToggle={(event) => toggleRow(row, event.currentTarget.open)}>
                <summary>
                  <b>{t.shop.row(row)}</b>
                  <span className="muted figures">{t.shop.rowFree(free, members.length)}</span>
                </summary>
                {isOpen ? (
                  <div className="seat-buttons" role="group" aria-label={t.shop.row(row)}>
                    {members.map((seat) => (
                      <button
                        key={seat}
                        type="button"
                        className={`seat-button ${stateOf(status, seat)}`}
                        aria-pressed={selected.has(seat)}
                        aria-label={describe(seat)}
                        disabled={stateOf(status, seat) !== 'free' && !selected.has(seat)}
                        onClick={() => onToggle(seat)}
                      >
                        {seats[seat]?.number}
                      </button>
                    ))}
                  </div>
                ) : null}
              </details>
            </li>
          )
        })}
      </ul>
    </div>
  )
}
