import type { EventSummary } from '@fairgate/contracts/events'
import type { Language } from './letter.ts'

/** What a letter says of its event. */
export function eventRows(event: EventSummary, language: Language): [string, string][] {
  const labels = {
    ko: { event: '행사', starts: '일시', venue: '장소' },
    en: { event: 'Event', starts: 'Starts', venue: 'Venue' },
  }[language]
  return [
    [labels.event, event.name],
    [labels.starts, formatInstant(event.startsAt, event.timeZone, language)],
    [labels.venue, event.venue],
  ]
}

/** By which number somebody can ask about an order. */
export const orderRow = (orderId: string, language: Language): [string, string] => [
  { ko: '주문 번호', en: 'Order' }[language],
  orderId,
]

/** Most seats named in a mail; a group of fifty finds the rest on its tickets page. */
const seatsNamedMax = 12

export function seatsNamed(labels: readonly string[], language: Language): string {
  const named = labels.slice(0, seatsNamedMax).join(', ')
  const more = labels.length - seatsNamedMax
  if (more <= 0) return named
  return { ko: `${named} 외 ${more}석`, en: `${named} and ${more} more` }[language]
}

/** The time where the event is, with the zone by name: a reader may be elsewhere. */
export function formatInstant(instant: string, timeZone: string, language: Language): string {
  const parts = {
    year: 'numeric',
    month: 'long',
    day: 'numeric',
    weekday: 'long',
    hour: 'numeric',
    minute: '2-digit',
    timeZoneName: 'long',
  } as const
  return new Intl.DateTimeFormat(language, { ...parts, timeZone }).format(new Date(instant))
}
