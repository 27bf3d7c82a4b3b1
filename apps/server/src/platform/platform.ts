import type { AccessTokens } from './access-token.ts'
import type { Outbox } from './bus.ts'
import type { Scheduler } from './clock.ts'
import type { Db } from './db.ts'
import type { Ephemeral } from './ephemeral.ts'
import type { Ids, Random } from './ids.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { Racepoints } from './racepoint.ts'
import type { Signals } from './signals.ts'
import type { Tokens } from './tokens.ts'

/** The parts that modules are built from. A module names the few it needs: `Pick<Platform, 'db' | 'clock'>`. */
export type Platform = {
  db: Db
  clock: Scheduler
  ids: Ids
  random: Random
  tokens: Tokens
  accessTokens: AccessTokens
  outbox: Outbox
  signals: Signals
  ephemeral: Ephemeral
  log: Log
  metrics: Metrics
  racepoints: Racepoints
}
