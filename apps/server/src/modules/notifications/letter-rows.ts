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
