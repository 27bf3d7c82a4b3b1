import { expect, test } from 'vitest'
import type { LineDocument } from '@fairgate/contracts/http/waiting-room'
import { createKeep } from '../src/api/keep.ts'
import { createServerClock } from '../src/api/server-clock.ts'
import { createSession } from '../src/api/session.ts'
import { createRoomApi } from '../waiting-room/api.ts'
import { createRoom, type RoomState } from '../waiting-room/room.ts'

/** A browser tab with a manual clock against a server of a few lines, which speaks HTTP answers. */
function world(
  answer: (
    method: string,
    path: string,
    calls: string[],
    body: string,
  ) => { status: number; body?: unknown } | 'offline',
  solve: (signature: string) => string | undefined = () => undefined,
) {
  const calls: string[] = []
  const stored = new Map<string, string>()
  const storage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  }
  let nowMs = Date.parse('2026-11-21T11:10:00.000Z')
  const doFetch: typeof fetch = async (input, init) => {
    const [method, path] = [init?.method ?? 'GET', input instanceof Request ? input.url : input.toString()]
    calls.push(`${method} ${path}`)
    if (path.startsWith('/api/events/')) return Response.json({ name: 'Event', sales: [] })
    const reply = answer(method, path, calls, typeof init?.body === 'string' ? init.body : '')
    if (reply === 'offline') throw new TypeError('offline')
    return new Response(reply.body === undefined ? null : JSON.stringify(reply.body), { status: reply.status })
  }
  const streams: FakeStream[] = []
  const openStream = (url: string) => {
    const stream = new FakeStream(url)
    streams.push(stream)
    return stream as unknown as EventSource
  }
  function tab() {
    const states: RoomState[] = []
    const timers: { at: number; run: () => void }[] = []
    const session = createSession({
      fetch: doFetch,
      now: () => nowMs,
      hint: { get: () => null, set: () => undefined },
      alone: (work) => work(),
      pause: async () => undefined,
    })
    const serverClock = createServerClock(() => nowMs)
    const room = createRoom({
      lineId: 'lin_a',
      api: createRoomApi(doFetch, session, serverClock, openStream),
      session,
      keep: createKeep(storage),
      serverClock,
      random: () => 0.5,
      solve: async (challenge) => solve(challenge.signature),
      loadProof: () => import('../waiting-room/proof.ts'),
      after(ms, run) {
        const timer = { at: nowMs + ms, run }
        timers.push(timer)
        return () => void timers.splice(timers.indexOf(timer), 1)
      },
      changed: (state) => states.push(state),
    })
    /** Lets the next planned look at the line happen, and everything that follows from it. */
    async function next(): Promise<number> {
      const timer = timers.shift()!
      const waitedMs = timer.at - nowMs
      nowMs = timer.at
      timer.run()
      await settle()
      return waitedMs
    }
    return { room, states, last: () => states.at(-1)!, next, pending: () => timers.length }
  }
  return { calls, tab, stored, streams }
}

/** What the browser has for an event stream, with a server that says what the test wants. */
class FakeStream extends EventTarget {
  onerror: (() => void) | null = null
  isOpen = true
  readonly url: string
  constructor(url: string) {
    super()
    this.url = url
  }
  close(): void {
    this.isOpen = false
  }
  async tell(document: LineDocument): Promise<void> {
    this.dispatchEvent(new MessageEvent('line', { data: JSON.stringify(document) }))
    await settle()
  }
  async end(): Promise<void> {
    this.onerror?.()
    await settle()
  }
}

/** Lets all answers that are on their way arrive. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const account = { id: 'acc_a', email: 'a@example.com', name: 'A', locale: 'en', verified: true, roles: ['buyer'] }
const signedIn = { status: 200, body: { account, accessToken: 'token', expiresInSeconds: 600 } }
const joined = {
  place: { id: 'plc_a', lineId: 'lin_a', number: 3, joinedAt: '2026-11-21T11:00:00.000Z' },
  placeToken: 'receipt',
}
const line = (change: Partial<LineDocument> = {}): LineDocument => ({
  id: 'lin_a',
  saleId: 'sal_a',
  eventId: 'evt_a',
  name: 'Line',
  sectionIds: ['sec_a'],
  phase: 'open',
  opensAt: '2026-11-21T11:00:00.000Z',
  closesAt: '2026-12-21T11:00:00.000Z',
  serverTime: '2026-11-21T11:10:00.000Z',
  arrivals: 3,
  draw: { commitment: null },
  frontier: 0,
  admittedPerMinute: 0,
  shoppers: 0,
  stock: { free: 10, held: 0, sold: 0 },
  poll: [{ aheadMax: null, everyMs: 2000 }],
  ...change,
})

test('joins once, keeps the receipt, and a refresh finds the same place without joining again', async () => {
  const { calls, tab } = world((method, path) =>
    path.endsWith('/refresh')
      ? signedIn
      : path.endsWith('/places')
        ? { status: 201, body: joined }
        : { status: 200, body: line() },
  )
  const first = tab()
  await first.room.start()
  expect(first.last().place?.placeToken).toBe('receipt')
  const refreshed = tab()
  await refreshed.room.start()
  expect(refreshed.last().place?.place.number).toBe(3)
  expect(calls.filter((call) => call.startsWith('POST /api/lines/lin_a/places'))).toHaveLength(1)
})

test('keeps the event stream when its turn is near, reads again when it ends, and closes it with the pass', async () => {
  const near = (frontier: number) =>
    line({
      frontier,
      poll: [
        { aheadMax: 1, everyMs: 2000, stream: true },
        { aheadMax: null, everyMs: 10_000 },
      ],
    })
  let frontier = 0
  const { calls, tab, streams } = world((_method, path) => {
    if (path.endsWith('/refresh')) return signedIn
    if (path.endsWith('/places')) return { status: 201, body: joined }
    if (path.endsWith('/passes'))
      return { status: 201, body: { passToken: 'pass', expiresAt: '2026-11-21T11:30:00.000Z', sectionIds: ['sec_a'] } }
    return { status: 200, body: near(frontier) }
  })
  const { room, last, next } = tab()
  await room.start()
  expect(streams).toHaveLength(0)
  frontier = 1
  await next()
  expect(streams).toMatchObject([{ url: '/api/lines/lin_a/events', isOpen: true }])
  const reads = () => calls.filter((call) => call === 'GET /api/lines/lin_a').length
  const before = reads()
  await streams[0]!.tell(near(2))
  expect(last().document?.frontier).toBe(2)
  expect(reads()).toBe(before)
  await streams[0]!.end()
  expect(reads()).toBe(before + 1)
  // For a minute it reads, then it asks for a stream again.
  for (let waitedMs = 0; waitedMs < 60_000;) waitedMs += await next()
  expect(streams).toHaveLength(2)
  await streams[1]!.tell(near(3))
  expect(last()).toMatchObject({ pass: { passToken: 'pass' }, justCalled: true })
  expect(streams[1]!.isOpen).toBe(false)
})

test('claims when the frontier reaches the place, and keeps the pass', async () => {
  let frontier = 0
  const { tab, stored } = world((_method, path) => {
    if (path.endsWith('/refresh')) return signedIn
    if (path.endsWith('/places')) return { status: 201, body: joined }
    if (path.endsWith('/passes'))
      return { status: 201, body: { passToken: 'pass', expiresAt: '2026-11-21T11:30:00.000Z', sectionIds: ['sec_a'] } }
    return { status: 200, body: line({ frontier }) }
  })
  const { room, last, next } = tab()
  await room.start()
  await next()
  expect(last().pass).toBeUndefined()
  frontier = 3
  await next()
  expect(last()).toMatchObject({ pass: { passToken: 'pass' }, justCalled: true })
  expect(stored.get('fairgate.pass.lin_a')).toContain('pass')
})

test('offline keeps the last known state, looks ever more rarely, and carries on by itself', async () => {
  let isDown = false
  const { tab } = world((_method, path) => {
    if (isDown) return 'offline'
    return path.endsWith('/refresh')
      ? signedIn
      : path.endsWith('/places')
        ? { status: 201, body: joined }
        : { status: 200, body: line() }
  })
  const { room, last, next } = tab()
  await room.start()
  isDown = true
  await next()
  expect(last()).toMatchObject({ online: false, place: { placeToken: 'receipt' }, document: { phase: 'open' } })
  const pauses = [await next(), await next(), await next()]
  expect(pauses).toEqual([1600, 3200, 6400])
  isDown = false
  await next()
  expect(last().online).toBe(true)
})

test('a lapsed place is not joined again unasked; joining again takes a new place', async () => {
  let number = 3
  const { calls, tab } = world((_method, path) => {
    if (path.endsWith('/refresh')) return signedIn
    if (path.endsWith('/places'))
      return { status: 201, body: { ...joined, place: { ...joined.place, number: number++ } } }
    if (path.endsWith('/passes')) return { status: 409, body: { code: 'waiting-room.lapsed', status: 409 } }
    return { status: 200, body: line({ frontier: 3 }) }
  })
  const { room, last, next } = tab()
  await room.start()
  await next()
  expect(last()).toMatchObject({ ended: { kind: 'lapsed' } })
  expect(last().place).toBeUndefined()
  await next()
  expect(calls.filter((call) => call.endsWith('/places'))).toHaveLength(1)
  await room.joinAgain()
  expect(last().place?.place.number).toBe(4)
  expect(last().ended).toBeUndefined()
})

test('an expired token is renewed once, and a session that has ended leads to signing in', async () => {
  let refreshes = 0
  const { tab } = world((_method, path) => {
    if (path.endsWith('/refresh'))
      return refreshes++ === 0 ? signedIn : { status: 401, body: { code: 'identity.session-ended', status: 401 } }
    if (path.endsWith('/places')) return { status: 401, body: { code: 'identity.token-expired', status: 401 } }
    return { status: 200, body: line() }
  })
  const { room, last } = tab()
  await room.start()
  expect(refreshes).toBe(2)
  expect(last().who).toBe('signed-out')
})

test('there is never more than one look planned', async () => {
  const { tab } = world((_method, path) =>
    path.endsWith('/refresh')
      ? signedIn
      : path.endsWith('/places')
        ? { status: 201, body: joined }
        : { status: 200, body: line() },
  )
  const { room, pending, next } = tab()
  await room.start()
  room.wake()
  room.wake()
  await settle()
  expect(pending()).toBe(1)
  await next()
  expect(pending()).toBe(1)
})

test('a line that asks for a proof gets one before joining, by itself', async () => {
  const { tab, calls } = world(
    (_method, path, _calls, body) =>
      path.endsWith('/refresh')
        ? signedIn
        : path.startsWith('/api/challenges')
          ? { status: 200, body: { signature: 'sig' } }
          : path.endsWith('/places')
            ? body === '{"challenge":"solution of sig"}'
              ? { status: 201, body: joined }
              : { status: 403, body: { code: 'waiting-room.challenge-required', status: 403 } }
            : { status: 200, body: line({ challenge: true }) },
    (signature) => `solution of ${signature}`,
  )
  const { room, states, last } = tab()
  await room.start()
  expect(last().place?.place.number).toBe(3)
  expect(states.some(({ busy }) => busy === 'proving')).toBe(true)
  expect(last().busy).toBeUndefined()
  expect(calls.filter((call) => call.includes('challenge') || call.includes('places'))).toEqual([
    'GET /api/challenges?purpose=join&line=lin_a',
    'POST /api/lines/lin_a/places',
  ])
})

test('a proof that came too late is followed by another one, and where none can be found the page says so', async () => {
  const solutions = ['late', undefined, 'good']
  const { tab } = world(
    (_method, path, _calls, body) =>
      path.endsWith('/refresh')
        ? signedIn
        : path.startsWith('/api/challenges')
          ? { status: 200, body: { signature: 'sig' } }
          : path.endsWith('/places')
            ? body.includes('good')
              ? { status: 201, body: joined }
              : { status: 403, body: { code: 'waiting-room.challenge-expired', status: 403 } }
            : { status: 200, body: line({ challenge: true }) },
    () => solutions.shift(),
  )
  const { room, next, last } = tab()
  await room.start()
  expect(last()).toMatchObject({ online: true })
  expect(last().place).toBeUndefined()
  await next()
  expect(last().cannotProve).toBe(true)
  await next()
  expect(last().place?.place.number).toBe(3)
  expect(last().cannotProve).toBeUndefined()
})

test('a place moves here from another line in one step, and only when asked', async () => {
  let isHere = false
  const { tab, calls, stored } = world((method, path, _calls, body) => {
    if (path.endsWith('/refresh')) return signedIn
    if (path.startsWith('/api/lines?')) return { status: 200, body: { items: [] } }
    if (!path.endsWith('/places'))
      return { status: 200, body: line({ phase: 'gathering', opensAt: '2026-11-21T12:00:00.000Z' }) }
    if (body === '{"moveFrom":"lin_b"}') isHere = true
    return isHere
      ? { status: 201, body: joined }
      : { status: 409, body: { code: 'waiting-room.in-another-line', status: 409, lineId: 'lin_b' } }
  })
  stored.set('fairgate.place.lin_b', JSON.stringify({ ...joined, accountId: 'acc_a' }))
  const { room, last, next } = tab()
  await room.start()
  expect(last()).toMatchObject({ ended: { kind: 'other-line', lineId: 'lin_b' } })
  await next()
  expect(last().place).toBeUndefined()
  await room.moveHere()
  expect(last()).toMatchObject({ place: { placeToken: 'receipt' } })
  expect(last().ended).toBeUndefined()
  expect(stored.has('fairgate.place.lin_b')).toBe(false)
  expect(calls.filter((call) => call.endsWith('/places'))).toHaveLength(2)
})
