import { createKeep } from './keep.ts'
import { createServerClock } from './server-clock.ts'
import { createSession } from './session.ts'

/** The parts that the app and the waiting room share, on the real browser: the one place that knows its globals. */
export function browserParts() {
  const storage = storageOrNone()
  const now = (): number => Date.now()
  const session = createSession({
    fetch: (...args) => fetch(...args),
    now,
    hint: setting(storage, 'fairgate.signed-in'),
    alone: (work) => ('locks' in navigator ? navigator.locks.request('fairgate-refresh', work) : work()),
    pause: (ms) => new Promise((done) => setTimeout(done, ms * (0.5 + Math.random()))),
  })
  return {
    now,
    session,
    keep: createKeep(storage),
    serverClock: createServerClock(now),
    language: setting(storage, 'fairgate.language'),
  }
}

function storageOrNone(): Storage | undefined {
  try {
    return localStorage
  } catch {
    return undefined
  }
}

function setting(storage: Storage | undefined, key: string) {
  return {
    get(): string | null {
      try {
        return storage?.getItem(key) ?? null
      } catch {
        return null
      }
    },
    set(value: string): void {
      try {
        storage?.setItem(key, value)
      } catch {
        // Private windows may refuse; the choice then lasts as long as the page.
      }
    },
  }
}
