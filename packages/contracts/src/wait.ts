import type { LineDocument } from './http/waiting-room.ts'

/** The frontier at a moment. */
export type Sample = { atMs: number; frontier: number }

/** The expected wait in seconds, the quicker guess first. */
export type WaitRange = { lowSeconds: number; highSeconds: number }

/** What a line shows that its pace and its end can be told from. */
export type LineFigures = Pick<
  LineDocument,
  'frontier' | 'admittedPerMinute' | 'admission' | 'admitPerMinute' | 'shoppers' | 'stock'
>

type Poll = LineDocument['poll']

/** What a line asks of somebody with so many people ahead: the first entry that reaches as far, else its last. */
export const pollEntry = (poll: Poll, ahead: number): Poll[number] | undefined =>
  poll.find(({ aheadMax }) => aheadMax === null || ahead <= aheadMax) ?? poll.at(-1)

/** How often somebody with so many people ahead is asked to read; every five seconds where nothing is said. */
export const pollEveryMs = (poll: Poll, ahead: number): number => pollEntry(poll, ahead)?.everyMs ?? 5000

const windowMs = 180_000
const samplesMax = 240
/** A shorter look says nothing about the pace. */
const observedMsMin = 3000
/** People served before it is said how many seats each takes. */
const servedMin = 20
/** How much quicker a pace may become that the service's own health sets: it doubles within seconds after a strain. */
const healthDoubt = 2.5
/** From the call to the moment when a page has heard of it. */
const noticeSeconds = 3

/** Adds a sample and forgets what is older than three minutes. */
export function observe(samples: readonly Sample[], sample: Sample): Sample[] {
  return [...samples.filter(({ atMs }) => atMs > sample.atMs - windowMs && atMs < sample.atMs), sample].slice(
    -samplesMax,
  )
}

/**
 * The expected wait as a range, from what happened: the pace over all that was seen, over its latest half and its latest
 * quarter, and the minute that the server measured, each with the chance of its count (one standard deviation of so many
 * calls) and three tenths of doubt. The slowest and the quickest of them are the two ends, the quicker one further away
 * while the service calls as many as it can bear, which may soon be more.
 * @param turns  how many more have to be called until it is this person's turn, that person included
 * @returns undefined when nothing can be said: too short a look, or nobody was called in it
 */
export function expectedWait(samples: readonly Sample[], turns: number, line: LineFigures): WaitRange | undefined {
  if (turns <= 0) return { lowSeconds: 0, highSeconds: 0 }
  const isAdjusting = line.admission?.limitedBy === 'health'
  const fastest = ((isAdjusting ? line.admitPerMinute : line.admission?.perMinute) || Infinity) / 60
  const paces = windowsOf(samples).flatMap((window) => paceOf(window))
  const measured = line.admittedPerMinute
  if (measured > 0) paces.push(...paceOf({ seconds: 60, called: measured }))
  if (paces.length === 0) return undefined
  const quick = Math.min(fastest, Math.max(...paces.map(({ most }) => most)) * (isAdjusting ? healthDoubt : 1))
  const slow = Math.min(fastest, ...paces.map(({ least }) => least))
  return { lowSeconds: turns / quick, highSeconds: turns / slow + noticeSeconds }
}

type Window = { seconds: number; called: number }

function windowsOf(samples: readonly Sample[]): Window[] {
  const last = samples.at(-1)
  const first = samples[0]
  if (!last || !first || last.atMs - first.atMs < observedMsMin) return []
  return [1, 0.5, 0.25].flatMap((share) => {
    const fromMs = last.atMs - (last.atMs - first.atMs) * share
    const from = samples.findLast(({ atMs }) => atMs <= fromMs) ?? first
    const seconds = (last.atMs - from.atMs) / 1000
    return seconds * 1000 < observedMsMin ? [] : [{ seconds, called: last.frontier - from.frontier }]
  })
}

/** People a second, between what the count allows at least and at most. */
function paceOf({ seconds, called }: Window): { least: number; most: number }[] {
  if (called <= 0) return []
  const chance = Math.sqrt(called)
  return [{ least: (Math.max(called / 3, called - chance) / seconds) * 0.7, most: ((called + chance) / seconds) * 1.3 }]
}

/**
 * Whether the stock will probably be gone before somebody's turn: when those who are inside and ahead take as many seats
 * each as those before them took on average (who let their turn lapse took none), or when more are ahead than seats remain.
 * @param ahead  people who are called before
 */
export function isUnlikely(ahead: number, { frontier, shoppers, stock }: LineFigures): boolean {
  const left = stock.free + stock.held
  const served = frontier - shoppers
  const seatsEach = served >= servedMin ? stock.sold / served : 0
  return ahead > left || (ahead + shoppers) * seatsEach > left
}
