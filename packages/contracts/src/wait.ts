import type { LineDocument } from './http/waiting-room.ts'

/** The expected wait in seconds, the quicker guess first. */
export type WaitRange = { lowSeconds: number; highSeconds: number }

/** What a line shows that its pace and its end can be told from. */
export type LineFigures = Pick<
  LineDocument,
  | 'opensAt'
  | 'serverTime'
  | 'frontier'
  | 'admittedPerMinute'
  | 'admission'
  | 'admitPerMinute'
  | 'shoppers'
  | 'shoppersMax'
  | 'stock'
>

type Poll = LineDocument['poll']

/** What a line asks of somebody with so many people ahead: the first entry that reaches as far, else its last. */
export const pollEntry = (poll: Poll, ahead: number): Poll[number] | undefined =>
  poll.find(({ aheadMax }) => aheadMax === null || ahead <= aheadMax) ?? poll.at(-1)

/** How often somebody with so many people ahead is asked to read; every five seconds where nothing is said. */
export const pollEveryMs = (poll: Poll, ahead: number): number => pollEntry(poll, ahead)?.everyMs ?? 5000

/** People served before it is said how many seats each takes. */
const servedMin = 20
/** How much slower than its rate a line may be. */
const rateDoubt = 1.1
/** How much quicker or slower a line may become whose pace the service's own health sets. */
const healthDoubt = 1.3
/** What health allows grows by a tenth a second where there was strain, and quicker where there was none. */
const riseMin = 0.1
const riseDoubt = 1.5
/** A shorter look at what health allows says nothing; a longer one knows what it allows on average. */
const openSecondsMin = 3
const openSecondsKnown = 60
/** People who have come out before it is said how quickly: in the last minute, and as a share of those inside. */
const outMin = 5
const outShareMin = 0.1
/** A rate is called in steps of up to a second's worth, and a document may be a second old. */
const earlySeconds = 2
/** From the call to the moment when a page has heard of it. */
const noticeSeconds = 2

type Seconds = { quick: number; slow: number }

/**
 * The expected wait as a range that holds in eight of ten cases as long as nobody changes or pauses the line. Whose turn
 * it is must have been called, at the line's pace, and must find room inside, as people come out: the slower of the two
 * decides. It follows from the document alone, so all who read it are told the same, also after a reload.
 * @param turns  how many more have to be called until it is this person's turn, that person included
 * @returns undefined when nothing can be said: too little has happened, or it takes seats that others give back
 */
export function expectedWait(turns: number, line: LineFigures): WaitRange | undefined {
  if (turns <= 0) return { lowSeconds: 0, highSeconds: 0 }
  if (line.frontier === 0 || turns > line.stock.free + line.stock.held - line.shoppers) return undefined
  const openSeconds = Math.max(1, (Date.parse(line.serverTime) - Date.parse(line.opensAt)) / 1000)
  const called = untilCalled(turns, line, openSeconds)
  const room = untilRoom(turns, line, openSeconds)
  if (!called || !room) return undefined
  return {
    lowSeconds: Math.max(0, Math.max(called.quick, room.quick) - earlySeconds),
    highSeconds: Math.max(called.slow, room.slow) + noticeSeconds,
  }
}

/** By the pace of the calls: the rate, or what the health of the service allows. */
function untilCalled(turns: number, line: LineFigures, openSeconds: number): Seconds | undefined {
  const limitedBy = line.admission?.limitedBy
  const most = line.admission?.everyone ? Infinity : (line.admitPerMinute ?? Infinity) / 60
  const pace = Math.min(most, (line.admission?.perMinute ?? Infinity) / 60)
  const lately = Math.min(most, openSeconds < 60 ? line.frontier / openSeconds : line.admittedPerMinute / 60)
  if (pace === 0 || limitedBy === 'stock') return undefined
  if (limitedBy === 'health' && openSeconds < openSecondsMin) return undefined
  if (limitedBy === 'health' && openSeconds < openSecondsKnown) {
    // Of a pace that grew by shares from nothing, what it is to all that it has called is its growth.
    const rise = riseDoubt * Math.max(riseMin, pace / line.frontier)
    return { quick: secondsTo(turns, Math.max(pace, lately), rise, most), slow: (turns / pace) * healthDoubt }
  }
  if (limitedBy === 'health' || pace === Infinity) {
    if (lately === 0) return undefined
    return { quick: turns / Math.min(most, lately * healthDoubt), slow: (turns / lately) * healthDoubt }
  }
  // A rate may be missed by a little all the time; a line that stood still a minute ago has not missed it.
  const kept = lately > pace / 2 ? Math.min(pace, lately) : pace
  return { quick: turns / pace, slow: (turns / kept) * rateDoubt }
}

/** By who comes out: each who goes in needs the room of one who has left. */
function untilRoom(turns: number, line: LineFigures, openSeconds: number): Seconds | undefined {
  const isFull = line.admission?.limitedBy === 'shoppers'
  const size = line.admission?.everyone ? Infinity : (line.shoppersMax ?? Infinity)
  const needed = isFull ? turns : turns - Math.max(0, size - line.shoppers)
  if (needed <= 0) return { quick: 0, slow: 0 }
  const out = line.frontier - line.shoppers
  const seconds = Math.min(60, openSeconds)
  const outLately = Math.min((line.admittedPerMinute * seconds) / 60, out)
  if (outLately < outMin || line.shoppers === 0 || out < line.shoppers * outShareMin) return undefined
  const pace = (outLately / seconds) * (isFull ? 1 : size / line.shoppers)
  // The chance of the count, and that those who are still inside may stay longer than those who came out.
  const doubt = 1 + 1 / Math.sqrt(outLately) + line.shoppers / out / 3
  return { quick: needed / (pace * doubt), slow: (needed / pace) * doubt }
}

/** Until so many are called at a pace, people a second, that grows by the share `rise` a second up to `top`. */
function secondsTo(turns: number, pace: number, rise: number, top: number): number {
  if (pace >= top) return turns / top
  const untilTop = (top - pace) / rise
  if (turns <= untilTop) return Math.log(1 + (turns * rise) / pace) / rise
  return Math.log(top / pace) / rise + (turns - untilTop) / top
}

/**
 * A range as people are told it, in minutes: nobody needs 23 minutes to the minute. Exact to ten, then fives, then
 * quarters of an hour; outwards, to stay true.
 * @returns undefined for less than a minute
 */
export function wholeMinutes({ lowSeconds, highSeconds }: WaitRange): { low: number; high: number } | undefined {
  if (highSeconds <= 60) return undefined
  return { low: minutes(lowSeconds, Math.floor), high: minutes(highSeconds, Math.ceil) }
}

function minutes(seconds: number, round: (value: number) => number): number {
  const exact = seconds / 60
  const step = exact < 10 ? 1 : exact < 60 ? 5 : 15
  return round(exact / step) * step
}

/**
 * Whether the stock will probably be gone before somebody's turn: when those who are inside and ahead take as many seats
 * each as those before them took on average (who let their turn lapse took none), or when more are ahead than seats remain.
 * @param ahead  people who are called before
 */
export function isUnlikely(
  ahead: number,
  { frontier, shoppers, stock }: Pick<LineFigures, 'frontier' | 'shoppers' | 'stock'>,
): boolean {
  const left = stock.free + stock.held
  const served = frontier - shoppers
  const seatsEach = served >= servedMin ? stock.sold / served : 0
  return ahead > left || (ahead + shoppers) * seatsEach > left
}
