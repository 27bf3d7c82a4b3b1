import { etagOf } from '#platform/http'
import { keep } from '#platform/keep'
import type { Platform } from '#platform/platform'
import { documentFor } from './access.ts'
import * as store from './catalog-store.ts'

/** The document that everybody sees, ready to be sent. */
type PublicEvent = { bytes: string; etag: string }

export type EventCache = {
  /** The public document of a published event, at most `freshMs` old; undefined for drafts and unknown ids. */
  get(id: string): Promise<PublicEvent | undefined>
  /** Called when an event has changed in this process. */
  forget(id: string): void
}

/** Other processes' changes are seen after this long. */
const freshMs = 1000
const eventsMax = 1000

/**
 * A crowd that opens an event page costs one statement a second. Who may manage events never reads from here, so no
 * organiser meets an old page of theirs.
 */
export function createEventCache({ db, clock }: Pick<Platform, 'db' | 'clock'>): EventCache {
  const entries = new Map<string, { until: number; event: Promise<PublicEvent | undefined> }>()

  async function load(id: string): Promise<PublicEvent | undefined> {
    const document = documentFor(await store.storedEvent(db, id), undefined)
    if (!document) return undefined
    const bytes = JSON.stringify(document)
    return { bytes, etag: etagOf(bytes) }
  }

  return {
    get(id) {
      const known = entries.get(id)
      if (known && known.until > clock.now()) return known.event
      // The promise is kept, not its value: all who ask meanwhile wait for one statement, and a change that is
      // committed while it runs forgets it too.
      const entry = { until: clock.now() + freshMs, event: load(id) }
      entries.delete(id)
      keep(entries, eventsMax, id, entry)
      const drop = () => void (entries.get(id) === entry && entries.delete(id))
      entry.event.then((event) => event ?? drop(), drop)
      return entry.event
    },
    forget: (id) => void entries.delete(id),
  }
}
