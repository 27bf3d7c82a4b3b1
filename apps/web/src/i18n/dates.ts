import type { Language } from './language.ts'

const locales: Record<Language, string> = { ko: 'ko-KR', en: 'en-GB' }
export const localeOf = (language: Language): string => locales[language]

/** Minutes that a zone's clocks are ahead of UTC at an instant. */
export function zoneOffsetMinutes(timeZone: string, ms: number): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(ms)
  const get = (type: string): number => Number(parts.find((part) => part.type === type)?.value)
  const local = Date.UTC(get('year'), get('month') - 1, get('day'), get('hour'), get('minute'), get('second'))
  return Math.round((local - Math.floor(ms / 1000) * 1000) / 60_000)
}

/**
 * The instant of a wall-clock time in a zone. A time that a clock change skips is read as the same time after it, one
 * that occurs twice as the first.
 * @param local `2026-11-21T20:00`, as `<input type="datetime-local">` gives it
 * @returns RFC 3339 in UTC, or undefined when `local` is no date and time
 */
export function instantOf(local: string, timeZone: string): string | undefined {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(local)) return undefined
  const asUtc = Date.parse(`${local.slice(0, 16)}:00Z`)
  if (Number.isNaN(asUtc)) return undefined
  const dayMs = 86_400_000
  const before = asUtc - zoneOffsetMinutes(timeZone, asUtc - dayMs) * 60_000
  const after = asUtc - zoneOffsetMinutes(timeZone, asUtc + dayMs) * 60_000
  const isRight = (ms: number): boolean => ms + zoneOffsetMinutes(timeZone, ms) * 60_000 === asUtc
  const right = isRight(before) ? before : isRight(after) ? after : before
  return new Date(right).toISOString()
}

/** The reverse of `instantOf`: what a date-time input shows. */
export function localOf(instant: string, timeZone: string): string {
  const ms = Date.parse(instant)
  return new Date(ms + zoneOffsetMinutes(timeZone, ms) * 60_000).toISOString().slice(0, 16)
}

/** Day and time at the venue, with the zone's name when the viewer's clock shows another time. */
export function eventTime(
  instant: string,
  timeZone: string,
  language: Language,
  viewerZone = hereZone(),
): { day: string; time: string; zone?: string } {
  const ms = Date.parse(instant)
  const locale = localeOf(language)
  const day = new Intl.DateTimeFormat(locale, {
    timeZone,
    weekday: 'long',
    year: 'numeric',
    month: 'long',
    day: 'numeric',
  }).format(ms)
  const time = new Intl.DateTimeFormat(locale, { timeZone, hour: 'numeric', minute: '2-digit' }).format(ms)
  if (zoneOffsetMinutes(timeZone, ms) === zoneOffsetMinutes(viewerZone, ms)) return { day, time }
  const zone = new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: 'long' })
    .formatToParts(ms)
    .find((part) => part.type === 'timeZoneName')
  return { day, time, zone: zone?.value ?? timeZone }
}

/** One line: `Sat 21 Nov, 20:00`, with the zone when it is not the viewer's. */
export function shortTime(instant: string, timeZone: string, language: Language, viewerZone = hereZone()): string {
  const ms = Date.parse(instant)
  const differs = zoneOffsetMinutes(timeZone, ms) !== zoneOffsetMinutes(viewerZone, ms)
  return new Intl.DateTimeFormat(localeOf(language), {
    timeZone,
    weekday: 'short',
    month: 'short',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    ...(differs ? { timeZoneName: 'short' } : {}),
  }).format(ms)
}

export const hereZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone

/** What a countdown shows: `2 days 03:04:05`, `03:04:05`, `04:05`; up to the next whole second, never below zero. */
export function clockText(ms: number, days: (count: number) => string): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = Math.floor(seconds / 86_400)
  const hour = Math.floor((seconds % 86_400) / 3600)
  const rest = `${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}`
  return `${day > 0 ? `${days(day)} ` : ''}${day > 0 || hour > 0 ? `${two(hour)}:` : ''}${rest}`
}
