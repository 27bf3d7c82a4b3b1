/** The frontier at a moment of the server's clock. */
export type Sample = { atMs: number; frontier: number }

/** Minutes, the quicker guess first. */
export type WaitRange = { lowMinutes: number; highMinutes: number }

const windowMs = 180_000
const samplesMax = 240
/** A shorter observation says nothing about the pace. */
const observedMsMin = 8_000

/** Adds a sample and forgets what is older than three minutes. */
export function observe(samples: readonly Sample[], sample: Sample): Sample[] {
  return [...samples.filter(({ atMs }) => atMs > sample.atMs - windowMs && atMs < sample.atMs), sample].slice(
    -samplesMax,
  )
}

/**
 * The expected wait as a range, from how the frontier moved: one pace over all that was seen, one over its latest half,
 * and a fifth of doubt on both sides. Before enough was seen, the rate that the document reports stands in.
 * @returns undefined when nothing can be said: too short a look, or nobody was called in it
 */
export function expectedWait(
  samples: readonly Sample[],
  ahead: number,
  admittedPerMinute: number,
): WaitRange | undefined {
  if (ahead <= 0) return { lowMinutes: 0, highMinutes: 0 }
  const last = samples.at(-1)
  const first = samples[0]
  const observedMs = last && first ? last.atMs - first.atMs : 0
  let rates: number[] = []
  if (last && first && observedMs >= observedMsMin) {
    const middle = samples.find(({ atMs }) => atMs >= first.atMs + observedMs / 2) ?? first
    rates = [perMinute(first, last), perMinute(middle, last)].filter((rate) => rate > 0)
  } else if (admittedPerMinute > 0) {
    rates = [admittedPerMinute]
  }
  if (rates.length === 0) return undefined
  const low = ahead / (Math.max(...rates) * 1.2)
  const high = ahead / (Math.min(...rates) * 0.8)
  return { lowMinutes: round(low), highMinutes: Math.max(round(high), round(low) + (high > 1 ? 1 : 0)) }
}

function perMinute(from: Sample, to: Sample): number {
  return to.atMs > from.atMs ? ((to.frontier - from.frontier) * 60_000) / (to.atMs - from.atMs) : 0
}

/** Nobody needs 23 minutes to the minute: exact to ten, then fives, then quarters of an hour. */
function round(minutes: number): number {
  const step = minutes < 10 ? 1 : minutes < 60 ? 5 : 15
  return Math.round(minutes / step) * step
}
