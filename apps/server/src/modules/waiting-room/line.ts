import type { ErrorCode } from '@fairgate/contracts/errors'
import type { AdmissionLimit } from '@fairgate/contracts/http/admission'
import type { LineDocument, LinePhase } from '@fairgate/contracts/http/waiting-room'
import type { DrawRecord } from '@fairgate/contracts/draw-record'

/** A line with all that decides what may happen in it. */
export type Line = DrawRecord & {
  id: string
  saleId: string
  eventId: string
  name: string
  sectionIds: string[]
  opensAt: Date
  closesAt: Date
  holdSeconds: number
  arrivals: number
  frontier: number
  isPaused: boolean
  shoppersMax: number
  admitPerMinute: number
  /** The limits of rate and shoppers are lifted. */
  admitsAll: boolean
  /** What the ticker found to be the limit, and the people a minute that health allows; null while it is no limit. */
  limitedBy: AdmissionLimit | null
  healthPerMinute: number | null
  free: number
  held: number
  sold: number
  /** Seats that can still become somebody's; null while the stock of any section has never been told. */
  sellable: number | null
}

/** Follows from time, stock and the operator's hand, so no job has to move it. */
export function phaseOf(
  line: Pick<Line, 'opensAt' | 'closesAt' | 'isPaused' | 'sellable'>,
  now: number,
  gatherMs: number,
): LinePhase {
  const opensAt = line.opensAt.getTime()
  if (now >= line.closesAt.getTime()) return 'closed'
  if (now < opensAt - gatherMs) return 'scheduled'
  if (now < opensAt) return 'gathering'
  if (line.sellable !== null && line.sellable <= 0) return 'sold-out'
  return line.isPaused ? 'paused' : 'open'
}

/** Whether places may still change their line: nobody is drawn or called yet, whatever this process thinks of the time. */
export const isGathering = (line: Line, now: number, gatherMs: number): boolean =>
  phaseOf(line, now, gatherMs) === 'gathering' && line.drawEntrants === null && line.frontier === 0

/** Whether a newcomer gets a number. */
export const joining: Readonly<Record<LinePhase, 'yes' | ErrorCode>> = {
  scheduled: 'waiting-room.not-open',
  gathering: 'yes',
  open: 'yes',
  paused: 'yes',
  'sold-out': 'waiting-room.sold-out',
  closed: 'waiting-room.closed',
}

/** Whether a waiting place may become a pass, when it has been called and when not. */
export const claiming: Readonly<Record<LinePhase, { called: 'yes' | ErrorCode; uncalled: ErrorCode }>> = {
  scheduled: { called: 'waiting-room.not-yet', uncalled: 'waiting-room.not-yet' },
  gathering: { called: 'waiting-room.not-yet', uncalled: 'waiting-room.not-yet' },
  open: { called: 'yes', uncalled: 'waiting-room.not-yet' },
  paused: { called: 'yes', uncalled: 'waiting-room.paused' },
  'sold-out': { called: 'waiting-room.sold-out', uncalled: 'waiting-room.sold-out' },
  closed: { called: 'waiting-room.closed', uncalled: 'waiting-room.closed' },
}

/** How long a called position may take to claim: never longer than the pass would live. */
export const claimWindowMs = (line: Pick<Line, 'holdSeconds'>, claimSeconds: number): number =>
  Math.min(claimSeconds, line.holdSeconds) * 1000

type Poll = LineDocument['poll']

/** What the lengths of a poll list follow from; `perMinute` are people called in a minute as things are now. */
type Crowd = Pick<Line, 'arrivals' | 'frontier'> & { perMinute: number }

/** People of all lines that this process serves: who waits, and of them those who may be called within about a minute. */
export type Everybody = { waiting: number; near: number }

/** An interval for so many people that they read at most so often a second together; in whole seconds, so that it changes rarely. */
const pausedMs = (leastMs: number, people: number, readsPerSecondMax: number): number =>
  Math.min(pollMsMax, Math.max(leastMs, Math.ceil(people / readsPerSecondMax) * 1000))

/** Nobody is asked to wait longer for news, however large the crowd is. */
const pollMsMax = 60_000
/** All lines together, of a core that serves four times as many beside its other work. */
const readsPerSecondMax = 5000
/** People who may be called within about a minute and keep no stream. */
const nearReadsPerSecondMax = 3000
/** In the seconds after the opening, when those who came for it join as well. */
const openingReadsPerSecondMax = 2500
/** A small crowd reads within this after the opening, so that a single server is not asked by all of it at once. */
const openingMsMin = 1500
const nearMin = 100
const midMin = 1000

const waitingIn = ({ arrivals, frontier }: Pick<Crowd, 'arrivals' | 'frontier'>): number =>
  Math.max(0, arrivals - frontier)

/** People of a line who may be called within about a minute: nobody is overtaken between two reads of the class behind. */
export const nearIn = (crowd: Crowd): number =>
  Math.min(waitingIn(crowd), Math.max(nearMin, Math.ceil((crowd.perMinute * 65) / 60)))

/** Time after the opening in which the crowd reads for the first time, each at a moment of its own. */
export const openingMsOf = (everybody: Everybody): number =>
  Math.max(openingMsMin, Math.min(pollMsMax, Math.ceil(everybody.waiting / openingReadsPerSecondMax) * 1000))

/**
 * How often to read the document again, at the latest, by the number of people ahead. Intervals grow with the crowd of
 * all lines, so that 100,000 waiting people read 5000 times a second. Whoever may be called within a minute keeps a
 * stream, or reads every 2 s: a class reaches so far that the frontier, at the rate that is kept, does not overtake it
 * between two reads of the class behind.
 */
export function pollOf(phase: LinePhase, isOrdered: boolean, crowd: Crowd, everybody: Everybody): Poll {
  const waiting = waitingIn(crowd)
  const all = { waiting: Math.max(waiting, everybody.waiting), near: Math.max(nearIn(crowd), everybody.near) }
  const farMs = pausedMs(10_000, all.waiting, readsPerSecondMax)
  if (phase !== 'open' && phase !== 'paused') return [{ aheadMax: null, everyMs: farMs }]
  // Between the opening and the draw nobody knows how far away they are.
  if (!isOrdered) return [{ aheadMax: null, everyMs: pausedMs(3000, all.waiting, readsPerSecondMax) }]
  const calledWithin = (ms: number) => Math.ceil((crowd.perMinute * ms) / 60_000)
  const midMax = Math.max(midMin, calledWithin(60_000 + farMs))
  const midMs = pausedMs(5000, Math.max(all.near, Math.min(all.waiting, midMax)), readsPerSecondMax)
  const nearMax = Math.max(nearMin, calledWithin(60_000 + midMs))
  const nearMs = pausedMs(2000, all.near, nearReadsPerSecondMax)
  return [
    { aheadMax: Math.min(nearMax, Math.max(10, calledWithin(5000))), everyMs: Math.min(1000, nearMs), stream: true },
    { aheadMax: nearMax, everyMs: nearMs, stream: true },
    { aheadMax: midMax, everyMs: midMs },
    { aheadMax: null, everyMs: farMs },
  ]
}
