/** Counts times in steps, so that millions of them take no memory. */
export type Histogram = { stepMs: number; counts: number[] }

const stepsMax = 3000

export const newHistogram = (stepMs = 10): Histogram => ({ stepMs, counts: [] })

export function count({ stepMs, counts }: Histogram, ms: number): void {
  const step = Math.max(0, Math.min(stepsMax, Math.floor(ms / stepMs)))
  counts[step] = (counts[step] ?? 0) + 1
}

export function merge(histograms: readonly Histogram[]): Histogram {
  const merged = newHistogram(histograms[0]?.stepMs)
  for (const { counts } of histograms)
    counts.forEach((n, step) => (merged.counts[step] = (merged.counts[step] ?? 0) + (n ?? 0)))
  return merged
}

export const total = ({ counts }: Histogram): number => counts.reduce((sum, n) => sum + (n ?? 0), 0)

/** The upper end of the step in which this share lies; 0 when nothing was counted. */
export function percentile(histogram: Histogram, share: number): number {
  const wanted = total(histogram) * share
  let seen = 0
  for (const [step, n] of histogram.counts.entries()) {
    seen += n ?? 0
    if (seen >= wanted && seen > 0) return (step + 1) * histogram.stepMs
  }
  return 0
}
