import type { LineDocument } from '@fairgate/contracts/http/waiting-room'
import { expectedWait, isUnlikely, observe, type Sample } from '@fairgate/contracts/wait'

type Estimate = { atMs: number; lowMs: number; highMs: number } | { atMs: number; isUnlikely: true }

/** What one person was told about the wait, and when the turn came. */
export type Wait = { told: Estimate[]; sinceMs: number; calledMs: number | undefined; endedMs: number }

/** How true the waits were that people were told when half of their wait was over. */
export type WaitEstimate = {
  /** Called after three seconds at least, and told a range in the middle of the wait. */
  people: number
  /** Of them, whose turn came within the range. */
  insideRange: number
  /** From the middle of the range to what happened. */
  medianErrorSeconds: number
  /** The range, as a share of the wait that was left: 1 is from half of it to one and a half. */
  medianRangeWidth: number
  /** Told in the middle that it was unlikely, and for how many of them nothing was left. */
  unlikely: { people: number; right: number }
  /** For whom nothing was left, and who had been told so when half of the wait was over. */
  soldOut: { people: number; warned: number }
}

const waitMsMin = 3000

/** Follows what a person sees of a line, as the waiting page does; the wait is added to `waits` when it has ended. */
export function followWait(now: () => number, waits: Wait[]) {
  let samples: Sample[] = []
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
      if (line.phase !== 'open' || !Number.isFinite(turns) || wait.endedMs > 0) return
      const atMs = now()
      wait.sinceMs ||= atMs
      if (turns <= 0) return end(atMs)
      samples = observe(samples, { atMs, frontier: line.frontier })
      const range = expectedWait(samples, turns, line)
      if (isUnlikely(turns - 1, line)) wait.told.push({ atMs, isUnlikely: true })
      else if (range) wait.told.push({ atMs, lowMs: range.lowSeconds * 1000, highMs: range.highSeconds * 1000 })
    },
  }
}

/** What was last told when half of the wait was over. */
function toldInTheMiddle({ told, sinceMs, endedMs }: Wait): Estimate | undefined {
  const middle = (sinceMs + endedMs) / 2
  return told.findLast(({ atMs }) => atMs <= middle)
}

export function waitEstimateOf(waits: readonly Wait[]): WaitEstimate {
  const long = waits.filter(({ sinceMs, endedMs }) => sinceMs > 0 && endedMs - sinceMs >= waitMsMin)
  const middles = long.map((wait) => ({ wait, told: toldInTheMiddle(wait) }))
  const errors: number[] = []
  const widths: number[] = []
  let inside = 0
  for (const { wait, told } of middles) {
    if (wait.calledMs === undefined || !told || 'isUnlikely' in told) continue
    const leftMs = wait.calledMs - told.atMs
    if (leftMs >= told.lowMs && leftMs <= told.highMs) inside++
    errors.push(Math.abs(leftMs - (told.lowMs + told.highMs) / 2) / 1000)
    widths.push((told.highMs - told.lowMs) / leftMs)
  }
  const isWarned = (told: Estimate | undefined) => told !== undefined && 'isUnlikely' in told
  const warned = middles.filter(({ told }) => isWarned(told))
  const uncalled = middles.filter(({ wait }) => wait.calledMs === undefined)
  return {
    people: errors.length,
    insideRange: errors.length === 0 ? 0 : rounded(inside / errors.length, 3),
    medianErrorSeconds: rounded(medianOf(errors), 1),
    medianRangeWidth: rounded(medianOf(widths), 2),
    unlikely: { people: warned.length, right: warned.filter(({ wait }) => wait.calledMs === undefined).length },
    soldOut: { people: uncalled.length, warned: uncalled.filter(({ told }) => isWarned(told)).length },
  }
}

const rounded = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits

const medianOf = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
