import type { LineDocument } from '@fairgate/contracts/http/waiting-room'
import { expectedWait, isUnlikely, wholeMinutes, type WaitRange } from '@fairgate/contracts/wait'

/** What a page says about the wait from a moment on, until it says something else. */
type Told = { atMs: number; says: WaitRange | 'unlikely' | 'unknown' }

/** What one person was told about the wait, and when the turn came. */
export type Wait = { told: Told[]; sinceMs: number; calledMs: number | undefined; endedMs: number }

/** How true the waits were that stood on people's pages, at nine moments spread evenly over the wait of each. */
export type WaitEstimate = {
  /** Called after three seconds at least, and told a range at one of the moments. */
  people: number
  /** Of the moments of all who were called after three seconds and were not told that it was unlikely: those with a range. */
  known: number
  /** Of the moments with a range: those from which the turn came within it, to the second. */
  insideRange: number
  /** The same for what the page makes of the range, in whole minutes outwards. */
  insideMinutes: number
  /** From the middle of the range to what happened. */
  medianErrorSeconds: number
  /** The range, as a share of the wait that was left: 1 is from half of it to one and a half. */
  medianRangeWidth: number
  /** Told in the middle of the wait that it was unlikely, and for how many of them nothing was left. */
  unlikely: { people: number; right: number }
  /** For whom nothing was left, and who had been told so when half of the wait was over. */
  soldOut: { people: number; warned: number }
}

const waitMsMin = 3000
/** Of a wait. What is said in its last moments is easy, and what is said in its first ones decides who stays: all count alike. */
const moments = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]

/** Follows what a person sees of a line, as the waiting page does; the wait is added to `waits` when it has ended. */
export function followWait(now: () => number, waits: Wait[]) {
  const wait: Wait = { told: [], sinceMs: 0, calledMs: undefined, endedMs: 0 }

  function end(calledMs: number | undefined): void {
    if (wait.endedMs > 0 || wait.sinceMs === 0) return
    Object.assign(wait, { calledMs, endedMs: now() })
    waits.push(wait)
  }

  return {
    /** @param turns  how many have to be called until it is this person's turn; not above zero when it has come */
    saw(line: LineDocument, turns: number): void {
      if (line.phase === 'sold-out' || line.phase === 'closed') return end(undefined)
      if (!Number.isFinite(turns) || wait.endedMs > 0) return
      const atMs = now()
      if (line.phase !== 'open') {
        if (wait.sinceMs > 0) wait.told.push({ atMs, says: 'unknown' })
        return
      }
      wait.sinceMs ||= atMs
      if (turns <= 0) return end(atMs)
      const says = isUnlikely(turns - 1, line) ? 'unlikely' : (expectedWait(turns, line) ?? 'unknown')
      wait.told.push({ atMs, says })
    },
  }
}

/** What stood on the page when such a share of the wait was over. */
function toldAt({ told, sinceMs, endedMs }: Wait, share: number): Told | undefined {
  const moment = sinceMs + (endedMs - sinceMs) * share
  return told.findLast(({ atMs }) => atMs <= moment)
}

export function waitEstimateOf(waits: readonly Wait[]): WaitEstimate {
  const long = waits.filter(({ sinceMs, endedMs }) => sinceMs > 0 && endedMs - sinceMs >= waitMsMin)
  const errors: number[] = []
  const widths: number[] = []
  let people = 0
  let asked = 0
  let inside = 0
  let insideMinutes = 0
  for (const wait of long) {
    const { calledMs } = wait
    if (calledMs === undefined) continue
    const told = moments.flatMap((share) => toldAt(wait, share) ?? []).filter(({ says }) => says !== 'unlikely')
    const ranges = told.flatMap(({ atMs, says }) => (typeof says === 'string' ? [] : { atMs, range: says }))
    asked += told.length
    if (ranges.length > 0) people++
    for (const { atMs, range } of ranges) {
      const left = (calledMs - atMs) / 1000
      if (left >= range.lowSeconds && left <= range.highSeconds) inside++
      const { low, high } = wholeMinutes(range) ?? { low: 0, high: 1 }
      if (left >= low * 60 && left <= high * 60) insideMinutes++
      errors.push(Math.abs(left - (range.lowSeconds + range.highSeconds) / 2))
      widths.push((range.highSeconds - range.lowSeconds) / left)
    }
  }
  const isWarned = (wait: Wait): boolean => toldAt(wait, 0.5)?.says === 'unlikely'
  const warned = long.filter(isWarned)
  const uncalled = long.filter(({ calledMs }) => calledMs === undefined)
  const share = (count: number, all: number): number => (all === 0 ? 0 : rounded(count / all, 3))
  return {
    people,
    known: share(errors.length, asked),
    insideRange: share(inside, errors.length),
    insideMinutes: share(insideMinutes, errors.length),
    medianErrorSeconds: rounded(medianOf(errors), 1),
    medianRangeWidth: rounded(medianOf(widths), 2),
    unlikely: { people: warned.length, right: warned.filter(({ calledMs }) => calledMs === undefined).length },
    soldOut: { people: uncalled.length, warned: uncalled.filter(isWarned).length },
  }
}

const rounded = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits

const medianOf = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
