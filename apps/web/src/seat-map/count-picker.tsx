import { useState } from 'react'
import type { Section } from '@fairgate/contracts/http/catalog'
import { formatMoney, times } from '@fairgate/contracts/money'
import { useApp } from '../app.tsx'
import { localeOf } from '../i18n/dates.ts'
import { Icon } from '../ui/icons.tsx'
import { Stepper } from '../ui/parts.tsx'

/** Places of a section that are all alike: only how many. */
export function CountPicker({
  section,
  free,
  limit,
  busy,
  note,
  onHold,
}: {
  section: Section
  /** How many are left, when it is known. */
  free: number | undefined
  limit: number
  busy: boolean
  /** Where its places are not all alike: which they are. */
  note?: string | undefined
  onHold: (count: number) => void
}) {
  const { t, lang } = useApp()
  const [wished, setWished] = useState(1)
  // With nothing left the count stands as it was: the button says that there is nothing to press for.
  const max = free ? Math.min(limit, free) : limit
  const count = Math.min(wished, max)
  return (
    <div className="panel count-picker">
      <h2>{t.shop.areaTitle(section.name)}</h2>
      <p className="muted">
        {free === undefined ? '' : `${free === 0 ? t.shop.none : t.shop.left(free)} · `}
        {note ?? t.shop.anyPlace}
      </p>
      <Stepper label={t.shop.howMany} value={count} min={1} max={max} onChange={setWished} />
      <p className="total">
        <span>{t.common.total}</span>
        <b className="figures">{formatMoney(times(section.price, count), localeOf(lang))}</b>
      </p>
      <button type="button" className="button wide" disabled={busy || free === 0} onClick={() => onHold(count)}>
        {busy ? t.shop.holding : t.shop.hold(count)}
        <Icon name="arrow" />
      </button>
    </div>
  )
}
