import { fact, type Fact } from '#platform/bus'
import type { EndedPass } from './waiting-room-store.ts'

/** What the inventory must know: it takes a pass at its word until the pass runs out. */
export const passesEnded = (passes: readonly EndedPass[]): Fact[] =>
  passes.map((pass) => fact('waiting-room.pass-ended.v1', { ...pass, expiresAt: pass.expiresAt.toISOString() }))
