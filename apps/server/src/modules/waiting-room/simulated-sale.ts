import type { LineDocument } from '@fairgate/contracts/http/waiting-room'
import { pollEveryMs } from '@fairgate/contracts/wait'
import { seededRandom } from '#platform/ids'
import { admissible, allowanceAt, perMinuteOf } from './admission.ts'
import { documentOf, rateWindow } from './document.ts'
import { claimWindowMs, phaseOf } from './line.ts'
import { healthPerMinute, nextThrottle, unthrottled } from './throttle.ts'
import type { Board } from './waiting-room-store.ts'

/** A sale in numbers only: admission, throttle and documents are the module's own, people and machine are chance. */
export type SimulatedSale = {
  /** All of them have come before the opening. */
  people: number
  capacity: number
  shoppersMax: number
  admitPerMinute: number
  /** On average; each person's is between a third and three times of it, most are near it. */
  insideSeconds: number
  /** Seats that a person wants, each as likely as the others. */
  seats: readonly number[]
  /** Shares: who holds seats and leaves them, and who does not come when called. */
  abandon?: number
  absent?: number
  /** Lines alike that open at the same time and share what the service bears. */
  lines?: number
  /** People a second of all lines that strain the service; it bears any number otherwise. */
  bears?: number
  /** What is changed or paused at a time. */
  hand?: (seconds: number) => { admitPerMinute?: number; isPaused?: boolean }
}

/** What one of the people read while waiting, and when the page heard of the call; undefined for whom it never came. */
export type Waited = { seen: { atMs: number; turns: number; line: LineDocument }[]; calledMs: number | undefined }

const opens = Date.parse('2026-01-01T10:00:00Z')
const holdSeconds = 300
const tickMs = 250
const secondsMax = 2 * 3600
const noteEveryMs = 2000
const nobody = { waiting: 0, near: 0 }

/** Holds the sale once. @returns the waits of so many of its people, evenly spread over the line */
export function simulate(sale: SimulatedSale, seed: number, watchers = 40): Waited[] {
  const random = seededRandom(seed)
  const unit = (): number => random(3).reduce((sum, byte) => sum * 256 + byte, 0) / 2 ** 24
  /** About normal: the sum of four uniform numbers. */
  const bell = (): number => (unit() + unit() + unit() + unit() - 2) * Math.sqrt(3)
  const linesAlike = sale.lines ?? 1
  const board: Board = {
    id: 'lin_a',
    saleId: 'sal_1',
    eventId: 'evt_1',
    name: 'All',
    sectionIds: ['sec_a'],
    opensAt: new Date(opens),
    closesAt: new Date(opens + 24 * 3_600_000),
    holdSeconds,
    drawCommitment: null,
    drawSeed: null,
    drawEntrants: null,
    drawEntrantsRoot: null,
    drawnAt: null,
    beaconUrl: null,
    beaconChain: null,
    beaconRound: null,
    beaconAt: null,
    beaconRandomness: null,
    shoppersMax: sale.shoppersMax,
    admitPerMinute: sale.admitPerMinute,
    admitsAll: false,
    isPaused: false,
    arrivals: sale.people,
    frontier: 0,
    limitedBy: null,
    healthPerMinute: null,
    free: sale.capacity,
    held: 0,
    sold: 0,
    sellable: sale.capacity,
    shoppers: 0,
    calledInWindow: 0,
  }
  let now = opens
  let called = 0
  let allowance = { allowance: 0, tickedAt: null as Date | null }
  let throttle = unthrottled
  let notedAt = -Infinity
  let weather = 0
  const calls: { at: number; count: number }[] = []
  const due = new Map<number, (() => void)[]>()

  function after(seconds: number, then: () => void): void {
    const tick = Math.max(1 + (now - opens) / tickMs, Math.ceil((now - opens + seconds * 1000) / tickMs))
    due.set(tick, [...(due.get(tick) ?? []), then])
  }

  function goIn(): void {
    called--
    board.shoppers++
    const stay = Math.min(holdSeconds, sale.insideSeconds * Math.min(3, Math.max(1 / 3, Math.exp(bell() / 2))))
    const wanted = sale.seats[Math.floor(unit() * sale.seats.length)]!
    const abandons = unit() < (sale.abandon ?? 0)
    after(stay * 0.4, () => {
      const taken = Math.min(wanted, board.free)
      board.free -= taken
      board.held += taken
      after(taken === 0 ? 0 : abandons ? holdSeconds : stay * 0.6, () => {
        board.shoppers--
        board.held -= taken
        if (abandons) board.free += taken
        else {
          board.sold += taken
          board.sellable = sale.capacity - board.sold
        }
      })
    })
  }

  const calledBetween = (from: number, to: number): number => {
    let sum = 0
    for (let i = calls.length - 1; i >= 0 && calls[i]!.at >= from; i--) if (calls[i]!.at < to) sum += calls[i]!.count
    return sum
  }

  function tick(): void {
    const perSecond = (calledBetween(now - 3000, now + 1) / 3) * linesAlike
    weather = 0.97 * weather + 0.04 * bell()
    const load = 0.3 + (sale.bears === undefined ? 0 : (0.7 * perSecond) / sale.bears)
    const pressure = Math.min(1, load * Math.exp(weather))
    const wanted = (linesAlike * board.admitPerMinute) / 60
    const health = { state: pressure < 1 ? 'well' : 'strained', cause: null, pressure } as const
    throttle = nextThrottle(throttle, health, now, {
      isOpening: board.frontier === 0,
      calledPerSecond: perSecond,
      wantedPerSecond: wanted,
      floorPerSecond: 20,
    })
    const allowed = healthPerMinute(board, throttle, wanted)
    const ready = allowanceAt({ ...allowance, perMinute: perMinuteOf(board, allowed)! }, now)
    const { count, limitedBy } = admissible(board, board.shoppers + called, ready, allowed)
    if (count > 0) {
      calls.push({ at: now, count })
      board.frontier += count
      called += count
      allowance = { allowance: ready - count, tickedAt: new Date(now) }
      for (let i = 0; i < count; i++) {
        if (unit() < (sale.absent ?? 0)) after(claimWindowMs(board, 60) / 1000, () => called--)
        else after(0.3 + unit(), goIn)
      }
    }
    const noted = { limitedBy, healthPerMinute: allowed === null ? null : Math.round(allowed) }
    if (now - notedAt < noteEveryMs) return
    if (noted.limitedBy === board.limitedBy && noted.healthPerMinute === board.healthPerMinute) return
    Object.assign(board, noted)
    notedAt = now
  }

  type Person = Waited & { position: number; readsAt: number }
  const people = Array.from({ length: watchers }, (_, i): Person => {
    const position = Math.ceil(((i + 0.5) * sale.people) / watchers)
    return { position, readsAt: opens + 1500 * unit(), seen: [], calledMs: undefined }
  })
  let waiting = people

  for (; now < opens + secondsMax * 1000 && waiting.length > 0; now += tickMs) {
    for (const then of due.get((now - opens) / tickMs) ?? []) then()
    Object.assign(board, sale.hand?.((now - opens) / 1000))
    const phase = phaseOf(board, now, 0)
    if (phase === 'sold-out') break
    tick()
    for (const person of waiting) if (person.position <= board.frontier) person.calledMs = now + 300 + 1000 * unit()
    waiting = waiting.filter(({ calledMs }) => calledMs === undefined)
    const readers = waiting.filter(({ readsAt }) => readsAt <= now)
    if (readers.length === 0) continue
    const { from, to } = rateWindow(now)
    board.calledInWindow = calledBetween(from, to)
    const line = documentOf(board, now, nobody, { gatherMs: 0, claimSeconds: 60, hasChallenges: false })
    for (const reader of readers) {
      const turns = reader.position - board.frontier
      if (phase === 'open') reader.seen.push({ atMs: now, turns, line })
      reader.readsAt = now + pollEveryMs(line.poll, turns) * (0.6 + 0.4 * unit())
    }
  }
  return people
}
