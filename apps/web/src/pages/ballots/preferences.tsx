import { useEffect, useRef, useState } from 'react'
import { useApp } from '../../app.tsx'
import { Icon } from '../../ui/icons.tsx'

export type PreferenceLine = { id: string; name: string; note: string }

/** Lines in the order of one's wishes. Everything is a button, so it works with keys, touch and screen readers alike. */
export function Preferences({
  lines,
  value,
  onChange,
}: {
  lines: readonly PreferenceLine[]
  value: readonly string[]
  onChange: (value: string[]) => void
}) {
  const { t } = useApp()
  const list = useRef<HTMLDivElement>(null)
  const [said, setSaid] = useState('')
  /** Where the focus goes when the list has been drawn anew: a moved button would lose it. */
  const focusNext = useRef<string[]>([])
  useEffect(() => {
    for (const key of focusNext.current) {
      const button = list.current?.querySelector<HTMLButtonElement>(`[data-key="${key}"]:not(:disabled)`)
      if (!button) continue
      button.focus()
      break
    }
    focusNext.current = []
  }, [value])

  const byId = new Map(lines.map((line) => [line.id, line]))
  const others = lines.filter(({ id }) => !value.includes(id))
  const name = (id: string): string => byId.get(id)?.name ?? id

  function move(id: string, by: -1 | 1): void {
    const from = value.indexOf(id)
    const next = value.filter((other) => other !== id)
    next.splice(from + by, 0, id)
    focusNext.current = by < 0 ? [`${id}-up`, `${id}-down`] : [`${id}-down`, `${id}-up`]
    setSaid(t.ballot.nowAt(name(id), from + by + 1))
    onChange(next)
  }

  function remove(id: string): void {
    focusNext.current = [`${id}-add`]
    onChange(value.filter((other) => other !== id))
  }

  function add(id: string): void {
    focusNext.current = [`${id}-up`, `${id}-remove`]
    setSaid(t.ballot.nowAt(name(id), value.length + 1))
    onChange([...value, id])
  }

  return (
    <div ref={list} className="preferences">
      <h3>{t.ballot.wishes}</h3>
      {value.length === 0 ? <p className="muted">{t.ballot.wishesEmpty}</p> : null}
      <ol className="wishes">
        {value.map((id, index) => (
          <li key={id}>
            <span className="wish-rank figures" aria-hidden="true">
              {index + 1}
            </span>
            <span className="wish-name">
              <b>{name(id)}</b>
              <small className="muted figures">{byId.get(id)?.note}</small>
            </span>
            <span className="wish-buttons">
              <button
                type="button"
                className="button quiet small"
                data-key={`${id}-up`}
                disabled={index === 0}
                aria-label={t.ballot.up(name(id))}
                onClick={() => move(id, -1)}
              >
                <Icon name="up" />
              </button>
              <button
                type="button"
                className="button quiet small"
                data-key={`${id}-down`}
                disabled={index === value.length - 1}
                aria-label={t.ballot.down(name(id))}
                onClick={() => move(id, 1)}
              >
                <Icon name="down" />
              </button>
              <button
                type="button"
                className="button quiet small"
                data-key={`${id}-remove`}
                aria-label={t.ballot.remove(name(id))}
                onClick={() => remove(id)}
              >
                <Icon name="cross" />
              </button>
            </span>
          </li>
        ))}
      </ol>
      {others.length > 0 ? (
        <>
          <h3>{t.ballot.others}</h3>
          <ul className="wish-others">
            {others.map(({ id, name: label, note }) => (
              <li key={id}>
                <button type="button" className="wish-add" data-key={`${id}-add`} onClick={() => add(id)}>
                  <Icon name="plus" />
                  <span>
                    {label} <small className="muted figures">{note}</small>
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </>
      ) : null}
      <p className="hidden-visually" role="status">
        {said}
      </p>
    </div>
  )
}
