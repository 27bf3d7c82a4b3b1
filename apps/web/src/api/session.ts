import type { Account } from '@fairgate/contracts/http/identity'

export type SignedIn = { account: Account; accessToken?: string | undefined; expiresInSeconds?: number | undefined }

/** `unknown` until the refresh cookie has been tried. */
export type SessionState = { kind: 'unknown' } | { kind: 'signed-out' } | { kind: 'signed-in'; account: Account }

export type Session = ReturnType<typeof createSession>

type Deps = {
  fetch: typeof fetch
  now: () => number
  /** Remembers that there is no session, so that a crowd of visitors does not ask for one on every page. */
  hint: { get(): string | null; set(value: string): void }
  /** Runs `work` while no other tab of this browser does. A rotating cookie must not be used twice. */
  alone: <T>(work: () => Promise<T>) => Promise<T>
  /** About so long, for no two browsers the same: a server in need is not asked by all of them at once. */
  pause: (ms: number) => Promise<void>
}

/** A token is renewed this long before its end, so that it does not end on its way. */
const renewBeforeMs = 30_000
/** Whoever was signed in here is asked for again after these times, before a server that gives no answer means "sign in". */
const askAgainAfterMs = [1000, 2000, 4000]

/**
 * Who is signed in. The access token lives in this page's memory only; the refresh token is a cookie that scripts
 * cannot read.
 */
export function createSession({ fetch, now, hint, alone, pause }: Deps) {
  let state: SessionState = { kind: 'unknown' }
  let token: string | undefined
  let tokenEndsMs = 0
  let flight: Promise<boolean> | undefined
  let firstAsked: Promise<boolean> | undefined
  let beginning: Promise<void> | undefined
  const listeners = new Set<() => void>()

  function become(next: SessionState): void {
    state = next
    for (const listener of listeners) listener()
  }

  function accept({ account, accessToken, expiresInSeconds }: SignedIn): void {
    if (accessToken) {
      token = accessToken
      tokenEndsMs = now() + (expiresInSeconds ?? 300) * 1000
    }
    hint.set('yes')
    become({ kind: 'signed-in', account })
  }

  function clear(): void {
    token = undefined
    hint.set('no')
    become({ kind: 'signed-out' })
  }

  async function exchange(): Promise<boolean> {
    try {
      const response = await alone(() =>
        fetch('/api/sessions/refresh', { method: 'POST', headers: { accept: 'application/json' } }),
      )
      if (response.ok) {
        accept((await response.json()) as SignedIn)
        return true
      }
      if (response.status === 401) clear()
    } catch {
      // Offline: who was signed in still is, and the next call tries again.
    }
    return false
  }

  /** Exchanges the cookie for a fresh token; callers at the same time share one exchange. */
  function refresh(): Promise<boolean> {
    flight ??= exchange().finally(() => (flight = undefined))
    return flight
  }

  async function begin(): Promise<void> {
    if (hint.get() !== 'no') {
      firstAsked = refresh()
      await firstAsked
      for (const ms of hint.get() === 'yes' ? askAgainAfterMs : []) {
        if (state.kind !== 'unknown') return
        await pause(ms)
        await refresh()
      }
    }
    if (state.kind === 'unknown') become({ kind: 'signed-out' })
  }

  /** Finds out who is signed in, once. */
  async function start(): Promise<SessionState> {
    if (state.kind === 'unknown') await (beginning ??= begin())
    return state
  }

  /** A token that is good for the next call, or undefined when nobody is signed in. */
  async function freshToken(): Promise<string | undefined> {
    if (state.kind === 'unknown') {
      void start()
      // What everybody may see does not wait until it is known who asks.
      await firstAsked
    }
    if (state.kind !== 'signed-in') return undefined
    if (token === undefined || now() > tokenEndsMs - renewBeforeMs) await refresh()
    return token
  }

  return {
    start,
    refresh,
    freshToken,
    accept,
    clear,
    state: () => state,
    subscribe(listener: () => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
