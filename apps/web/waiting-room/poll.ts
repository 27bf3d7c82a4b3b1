import type { LineDocument } from '@fairgate/contracts/http/waiting-room'
import { pollEveryMs } from '@fairgate/contracts/wait'

/** Shortest and longest pause between two reads, whatever a document says. */
export const pauseMsMin = 500
export const pauseMsMax = 60_000

/** How long to wait before reading the document again. */
export const pauseMs = (poll: LineDocument['poll'], ahead: number): number =>
  Math.min(pauseMsMax, Math.max(pauseMsMin, pollEveryMs(poll, ahead)))

/** Shortens a pause by up to two fifths, so that a crowd that came at once does not stay in step. */
export const spread = (ms: number, random: () => number): number => Math.round(ms * (0.6 + 0.4 * random()))

/** The pause after `failures` reads in a row that failed: doubling, never longer than the longest, at least what the server asked for. */
export function pauseAfterFailure(failures: number, retryAfterMs: number | undefined, random: () => number): number {
  const doubled = Math.min(pauseMsMax, 1000 * 2 ** Math.min(failures, 6))
  return Math.max(retryAfterMs ?? 0, spread(doubled, random))
}
