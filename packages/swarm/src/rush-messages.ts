import type { Histogram } from './histogram.ts'

/** What the rehearsal of a rush tells a process of its crowd. */
export type ToCrowd =
  | { kind: 'begin'; url: string; lineId: string; crowdFile: string; seed: number; part: number; parts: number }
  /** People up to this index of the whole crowd join, and wait from then on. */
  | { kind: 'join'; to: number }
  /** So many of those who wait keep an event stream open from now on. */
  | { kind: 'streams'; count: number }
  /** Say what was met since the last time. */
  | { kind: 'tell' }

/** What a process of the crowd tells. */
export type FromCrowd =
  | { kind: 'ready' }
  | { kind: 'joined'; places: string[]; refused: number }
  | { kind: 'streaming'; count: number }
  | { kind: 'called'; index: number; placeToken: string }
  | { kind: 'told'; met: Met }

/** What one process met since it was asked last. */
export type Met = {
  polls: number
  errors: number
  waiting: number
  streams: number
  /** From being due to the answer. */
  pollMs: Histogram
  joinMs: Histogram
  /** How long what a person sees of the frontier had been overtaken: people within a minute of their turn. */
  nearMs: Histogram
  /** The same for all others, beyond the interval promised to them. */
  farBeyondPromiseMs: Histogram
  farMs: Histogram
  /** From the first sight of `sold-out` to each person's. */
  soldOutMs: Histogram
}
