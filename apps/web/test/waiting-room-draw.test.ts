import { expect, test } from 'vitest'
import {
  commitmentOf,
  createPermutation,
  drawKey,
  leafOf,
  levelsOf,
  pathOf,
  toHex,
  type Level,
} from '@fairgate/contracts/draw'
import type { DrawDocument, LineDocument } from '@fairgate/contracts/http/waiting-room'
import * as hashes from '@fairgate/contracts/sha256'
import { createKeep } from '../src/api/keep.ts'
import { createServerClock } from '../src/api/server-clock.ts'
import { createSession } from '../src/api/session.ts'
import { createRoomApi } from '../waiting-room/api.ts'
import { isListed, lookAtDraw } from '../waiting-room/proof.ts'
import { createRoom, type RoomState } from '../waiting-room/room.ts'
import { en } from '../waiting-room/en.ts'
import { ko } from '../waiting-room/ko.ts'
import { viewOf } from '../waiting-room/view.ts'

const seed = new Uint8Array(32).fill(9)
const entrants = 45
const placeOf = (number: number) => ({
  id: `plc_${number}`,
  lineId: 'lin_a',
  number,
  joinedAt: '2026-11-21T10:59:00.000Z',
})
const levels: Level[] = levelsOf(
  hashes,
  new Uint8Array(Array.from({ length: entrants }, (_, i) => [...leafOf(hashes, i + 1, `plc_${i + 1}`)]).flat()),
)
const root = levels.at(-1)!
const order = createPermutation(hashes, drawKey(hashes, seed, root), entrants)
const pathFor = (number: number) => pathOf(levels, number - 1).map(toHex)

const before: DrawDocument = { commitment: toHex(commitmentOf(hashes, seed)), algorithm: 'fairgate-draw-1' }
const drawn: DrawDocument = { ...before, entrants, entrantsRoot: toHex(root), seed: toHex(seed) }
const keptOf = (number: number, commitment = before.commitment!) => ({
  accountId: 'acc_a',
  place: placeOf(number),
  placeToken: 't',
  commitment,
})

test('the page computes its own position, and proves its place to be among the entrants', () => {
  for (const number of [1, 12, entrants]) {
    expect(lookAtDraw(drawn, keptOf(number))).toEqual({
      result: 'computed',
      position: order.positionOf(number),
      entrants,
      isEntrant: true,
    })
    expect(isListed(drawn, keptOf(number), pathFor(number))).toBe(true)
    expect(isListed(drawn, keptOf(number), pathFor((number % entrants) + 1))).toBe(false)
    expect(isListed(drawn, keptOf(number), ['nothing'])).toBe(false)
    expect(
      isListed(drawn, { ...keptOf(number), place: { ...placeOf(number), id: 'plc_other' } }, pathFor(number)),
    ).toBe(false)
  }
  expect(lookAtDraw(drawn, keptOf(46))).toMatchObject({ result: 'computed', position: 46, isEntrant: false })
  expect(lookAtDraw(before, keptOf(1))).toBeUndefined()
  expect(lookAtDraw({ commitment: null }, keptOf(1))).toBeUndefined()
})

test('a seed that was not committed to, and a commitment that this device never saw, are found', () => {
  const other = new Uint8Array(32).fill(8)
  expect(lookAtDraw({ ...drawn, seed: toHex(other) }, keptOf(1))).toMatchObject({ result: 'wrong' })
  const exchanged = { ...drawn, seed: toHex(other), commitment: toHex(commitmentOf(hashes, other)) }
  expect(lookAtDraw(exchanged, keptOf(1))).toMatchObject({ result: 'wrong' })
  expect(lookAtDraw({ ...drawn, seed: 'short' }, keptOf(1))).toMatchObject({ result: 'wrong' })
})

const line: LineDocument = {
  id: 'lin_a',
  saleId: 'sal_a',
  eventId: 'evt_a',
  name: 'All seats',
  sectionIds: ['sec_a'],
  phase: 'gathering',
  opensAt: '2026-11-21T11:00:00.000Z',
  closesAt: '2026-12-21T11:00:00.000Z',
  serverTime: '2026-11-21T10:59:00.000Z',
  arrivals: 60,
  draw: before,
  frontier: 0,
  admittedPerMinute: 60,
  shoppers: 0,
  stock: { free: 300, held: 0, sold: 0 },
  poll: [{ aheadMax: null, everyMs: 3000 }],
}

/** One person's page from join to draw; the test says what the server publishes, and moves time by hand. */
async function openRoom(number = 12) {
  let document = line
  let state: RoomState | undefined
  let proof: () => string[] | undefined = () => pathFor(number)
  let timers: { ms: number; run: () => void }[] = []
  const claims: string[] = []
  const flush = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  // The network answers as the server does; all of the page is the page.
  const answer = (status: number, body: object) => new Response(JSON.stringify(body), { status })
  const network = async (input: string | URL | Request) => {
    const path = input instanceof Request ? input.url : input.toString()
    if (path.endsWith('/sessions/refresh'))
      return answer(200, { account: { id: 'acc_a', verified: true }, accessToken: 'a' })
    if (path.endsWith('/places')) return answer(201, { place: placeOf(number), placeToken: 't' })
    if (path.endsWith('/proofs')) return proof() ? answer(200, { path: proof() }) : answer(503, {})
    if (path.endsWith('/passes')) {
      claims.push('claim')
      return answer(425, { code: 'waiting-room.not-yet', position: order.positionOf(number) + 1 })
    }
    return path === '/api/lines/lin_a' ? answer(200, document) : answer(404, {})
  }
  const now = () => Date.parse(document.serverTime)
  const hint = { get: () => null, set: () => undefined }
  const session = createSession({ fetch: network, now, hint, alone: (work) => work(), pause: async () => undefined })
  const keep = createKeep(undefined)
  const serverClock = createServerClock(now)
  const room = createRoom({
    lineId: 'lin_a',
    api: createRoomApi(network, session, serverClock, () => new EventTarget() as EventSource),
    session,
    keep,
    serverClock,
    random: () => 0.5,
    solve: async () => undefined,
    loadProof: () => import('../waiting-room/proof.ts'),
    after(ms, run) {
      const timer = { ms, run }
      timers.push(timer)
      return () => (timers = timers.filter((other) => other !== timer))
    },
    changed: (next) => (state = next),
  })
  await room.start()
  await flush()
  return {
    keep,
    claims,
    state: () => state!,
    view: (texts = en) => viewOf(state!, texts),
    proofIs: (next: typeof proof) => (proof = next),
    async publish(change: Partial<LineDocument>) {
      document = { ...document, ...change }
      room.wake()
      await flush()
    },
    /** Runs what is due within a minute but the regular look at the line. */
    async minute() {
      const due = timers.filter(({ ms }) => ms === 30_000)
      for (const timer of due) timer.run()
      await flush()
    },
  }
}

test('the page says in one sentence what it checked, once it has checked all of it', async () => {
  const room = await openRoom()
  expect(room.view()).toMatchObject({ key: 'gathering', note: en.gatheringDraw })
  expect(room.keep.place.get('lin_a', 'acc_a')).toMatchObject({ commitment: before.commitment })
  await room.publish({ phase: 'open' })
  expect(room.view()).toMatchObject({ note: en.drawing })
  expect(room.view().ahead).toBeUndefined()
  expect(room.claims).toEqual([])
  await room.publish({ draw: drawn })
  const position = order.positionOf(12)
  expect(room.view().ahead).toBe(position - 1)
  expect(room.view().note).toBeUndefined()
  await room.minute()
  expect(room.view()).toMatchObject({
    note: `We checked: the order was fixed before the opening, and your number 12 of 45 became position ${position}.`,
    actions: [{ href: '/api/lines/lin_a/proof.html' }, { href: '/events/evt_a/code' }],
  })
  expect(room.view(ko).note).toContain(`45명 중 12번이 ${position}번째`)
  await room.publish({ draw: { ...drawn, beacon: { url: 'u', chain: 'c', round: 1, missing: true } } })
  expect(room.view().note).toContain(en.drawWeaker)
})

test('the page warns when a proof leads elsewhere, when the seed is another, and when the server names another position', async () => {
  const listed = await openRoom()
  listed.proofIs(() => pathFor(13))
  await listed.publish({ phase: 'open', draw: drawn })
  await listed.minute()
  const [way] = listed.view().actions
  expect({ warning: listed.view().warning, way }).toMatchObject({
    warning: en.drawWrong,
    way: { href: '/api/lines/lin_a/proof.html' },
  })

  const other = new Uint8Array(32).fill(8)
  const exchanged = await openRoom()
  await exchanged.publish({
    phase: 'open',
    draw: { ...drawn, seed: toHex(other), commitment: toHex(commitmentOf(hashes, other)) },
  })
  expect(exchanged.view().warning).toBe(en.drawWrong)

  const told = await openRoom()
  await told.publish({ phase: 'open', draw: drawn, frontier: order.positionOf(12) })
  expect(told.claims).toEqual(['claim'])
  expect(told.view().warning).toBe(en.drawWrong)
})

test('a proof that cannot be had proves nothing, and costs nobody a place', async () => {
  const room = await openRoom()
  room.proofIs(() => undefined)
  await room.publish({ phase: 'open', draw: drawn })
  await room.minute()
  expect(room.state().draw?.result).toBe('computed')
  expect(room.view().warning).toBeUndefined()
  expect(room.view().ahead).toBe(order.positionOf(12) - 1)
})

test('a commitment that changes before the draw is not forgotten', async () => {
  const room = await openRoom()
  await room.publish({ draw: { ...before, commitment: 'f'.repeat(64) } })
  await room.publish({ phase: 'open', draw: drawn })
  expect(room.state().draw?.result).toBe('computed')
  const lied = await openRoom()
  const other = new Uint8Array(32).fill(8)
  const turned = { ...drawn, commitment: toHex(commitmentOf(hashes, other)), seed: toHex(other) }
  await lied.publish({ draw: { ...before, commitment: turned.commitment! } })
  await lied.publish({ phase: 'open', draw: turned })
  expect(lied.view().warning).toBe(en.drawWrong)
})
