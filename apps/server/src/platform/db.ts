import {
  AbortedTransactionError,
  CompiledQuery,
  Kysely,
  PostgresDialect,
  PostgresDriver,
  sql,
  type RawBuilder,
  type Transaction,
} from 'kysely'
import { Pool, types, type PoolConfig } from 'pg'
import { systemScheduler, type Clock } from './clock.ts'
import { preparingClient } from './prepared.ts'

export { sql }

/** Queries are written in SQL, in the `*-store.ts` of the module that owns the tables. */
type AnySchema = Record<string, never>

declare const inTransaction: unique symbol
export type Db = Kysely<AnySchema>
/** A running transaction. Only `transaction` makes one, so what needs one cannot be called with the pool by mistake. */
export type Tx = Transaction<AnySchema> & { readonly [inTransaction]: true }

export type Database = {
  db: Db
  pool: Pool
  close(): Promise<void>
}

// int8 as number: our counters and amounts stay far below 2^53. numeric stays text, we have none.
types.setTypeParser(types.builtins.INT8, Number)

export type DatabaseOptions = {
  url: string
  connectionsMax: number
  /** The bound of one statement; anything slower is a bug or an overload. */
  statementTimeoutMs?: number
  /** By which plans grow old; the system's unless a test moves it. */
  clock?: Clock
  /** Called for each statement, for tests that count them. */
  onQuery?: (text: string) => void
}

/** Measured: 8 to 16 connections carry all that two cores can do, 64 only add latency (p99 22 ms against 1.4 ms). */
export function openDatabase(options: DatabaseOptions): Database {
  const config: PoolConfig = {
    connectionString: options.url,
    max: options.connectionsMax,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
    application_name: 'fairgate',
    // What a transaction does not have to wait for goes out at once, and its answers come back together.
    pipeline: true,
    Client: preparingClient(options.clock ?? systemScheduler),
    options: [
      `-c statement_timeout=${options.statementTimeoutMs ?? 30_000}`,
      '-c lock_timeout=10000',
      '-c idle_in_transaction_session_timeout=60000',
      '-c timezone=UTC',
      // An index scan marks the dead rows that it meets, so that the next one passes over them. A bitmap scan visits all
      // of them every time: after 4,000 orders a look at the queue of messages took 1.7 ms, with index scans 0.3 ms.
      '-c enable_bitmapscan=off',
    ].join(' '),
  }
  const pool = new Pool(config)
  // A connection that dies while idle is replaced by the next query; without a listener it would end the process.
  pool.on('error', () => undefined)
  // The same for one that dies while a transaction holds it: its next statement fails, and that is where it is dealt with.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const { onQuery } = options
  const db = new Kysely<AnySchema>({
    dialect: new PostgresDialect({ pool }),
    ...(onQuery ? { log: (event) => onQuery(event.query.sql) } : {}),
  })
  return { db, pool, close: () => db.destroy() }
}

/** Ends transactions: a connection that cannot even be rolled back is not used again. */
const ending = new PostgresDriver({ pool: () => Promise.reject(new Error('it opens no connections')) })

/**
 * A transaction whose statements go out when they are asked for, without waiting for the answers of those before: Postgres
 * takes them in their order. Kysely's own waits for each, also where the code asks for several together.
 */
function pipelined<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  const executor = db.getExecutor()
  return executor.provideConnection(async (connection) => {
    let isOver = false
    const own = executor.withConnectionProvider({
      async provideConnection(consumer) {
        if (isOver) throw new Error('a statement came after the end of its transaction')
        return consumer(connection)
      },
    })
    // What is written in SQL asks a transaction for its executor and for nothing else, and hands it the statement in the
    // call itself: whatever was asked for is on its way before the commit.
    const tx = { getExecutor: () => own } as unknown as Tx
    // The first statement follows at once, and fails if this did.
    connection.executeQuery(CompiledQuery.raw('begin')).catch(() => undefined)
    try {
      const result = await work(tx).finally(() => (isOver = true))
      await ending.commitTransaction(connection)
      return result
    } catch (error) {
      // A commit of what has failed was a rollback.
      if (!(error instanceof AbortedTransactionError)) await ending.rollbackTransaction(connection as never)
      throw error
    }
  })
}

/** All rows of a query. */
export async function rows<T>(db: Db | Tx, query: RawBuilder<T>): Promise<T[]> {
  return (await query.execute(db)).rows
}

/** The first row, or undefined. */
export async function maybeRow<T>(db: Db | Tx, query: RawBuilder<T>): Promise<T | undefined> {
  return (await query.execute(db)).rows[0]
}

/** The only row; its absence is a bug. */
export async function row<T>(db: Db | Tx, query: RawBuilder<T>): Promise<T> {
  const found = await maybeRow(db, query)
  if (found === undefined)
    throw new Error(`a query that always has a row returned none: ${query.compile(db).sql.slice(0, 200)}`)
  return found
}

/** How many rows a statement changed. */
export async function changed(db: Db | Tx, query: RawBuilder<unknown>): Promise<number> {
  return Number((await query.execute(db)).numAffectedRows ?? 0n)
}

const retryable = new Set(['40001', '40P01', '55P03', '0A000'])

/** Runs a statement again, up to three times in all, that Postgres gave up: serialization failure, deadlock, lock timeout, outdated plan. */
export async function persistently<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run()
    } catch (error) {
      if (attempt >= 3 || !retryable.has(postgresCode(error) ?? '')) throw error
    }
  }
}

/**
 * Runs `work` in one transaction (read committed). Serialization failures, deadlocks and lock timeouts are tried again
 * up to three times, so `work` must not have effects outside the transaction: use `afterCommit` for those.
 */
export async function transaction<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  const { hooks, result } = await persistently(async () => {
    const hooks: (() => void)[] = []
    const last: Promise<unknown>[] = []
    try {
      const result = await pipelined(db, (tx) => {
        endings.set(tx, { hooks, last })
        return work(tx)
      })
      await Promise.all(last)
      return { hooks, result }
    } catch (error) {
      if (!isAftermath(error)) throw error
      const ends = await Promise.allSettled(last)
      const cause = ends.find((end) => end.status === 'rejected' && !isAftermath(end.reason))
      throw cause?.status === 'rejected' ? cause.reason : error
    }
  })
  hooks.forEach(callHook)
  return result
}

type Ending = { hooks: (() => void)[]; last: Promise<unknown>[] }
/** What a running transaction has noted for its end. */
const endings = new WeakMap<object, Ending>()

function endingOf(tx: Tx, caller: string): Ending {
  const ending = endings.get(tx)
  if (!ending) throw new Error(`${caller} needs a transaction made by transaction()`)
  return ending
}

/** Whether this only says that a statement before has failed. */
const isAftermath = (error: unknown): boolean =>
  error instanceof AbortedTransactionError || postgresCode(error) === '25P02'

/**
 * Statements of a transaction whose answers nobody waits for: others and the commit follow them at once. It commits only
 * if they succeed, and fails with the error of the first that does not.
 */
export function lastly(tx: Tx, ...statements: Promise<unknown>[]): void {
  const { last } = endingOf(tx, 'lastly')
  for (const statement of statements) {
    statement.catch(() => undefined)
    last.push(statement)
  }
}

/** What has been committed has succeeded, whatever becomes of those who are told. */
function callHook(hook: () => void): void {
  try {
    hook()
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error))
  }
}

/** Calls `hook` when the transaction has been committed, and never when it was rolled back. A hook must not throw. */
export function afterCommit(tx: Tx, hook: () => void): void {
  endingOf(tx, 'afterCommit').hooks.push(hook)
}

/**
 * Runs `work` unless another process is just running work of the same name. The lock ends with the transaction, so the
 * next process takes over at once when this one dies. With `timeoutMs` it also takes over from one that hangs: Postgres
 * itself ends a transaction that is idle, waits or works for longer (in all, from version 17 on; each time before).
 */
export async function exclusive<T>(
  db: Db,
  name: string,
  work: (tx: Tx) => Promise<T>,
  options: { timeoutMs?: number } = {},
): Promise<T | undefined> {
  return transaction(db, async (tx) => {
    const { locked } = await row(
      tx,
      sql<{ locked: boolean }>`
        select pg_try_advisory_xact_lock(hashtextextended(${name}, 0)) as locked${options.timeoutMs === undefined ? sql`` : ended(options.timeoutMs)}`,
    )
    return locked ? work(tx) : undefined
  })
}

/** Ends of this transaction's waits, set by the statement that is sent anyway. */
const ended = (ms: number) => sql`,
  set_config('statement_timeout', ${String(ms)}, true), set_config('lock_timeout', ${String(ms)}, true),
  set_config('idle_in_transaction_session_timeout', ${String(ms)}, true),
  case when current_setting('server_version_num')::int >= 170000 then set_config('transaction_timeout', ${String(ms)}, true) end`

/** The five-character code of a Postgres error (class 23 are constraints), or undefined for anything else. */
export function postgresCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}

const lostConnection =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect)/

/**
 * Whether the database could not be asked or could not finish (gone, starting, stopping, out of connections or time):
 * nothing is wrong with the question, and it may be asked again.
 */
export function isUnavailable(error: unknown): boolean {
  const postgres = postgresCode(error)
  if (postgres && postgres !== 'EPIPE') return /^(08|53|57)/.test(postgres)
  const { code, syscall, message } = (error ?? {}) as { code?: unknown; syscall?: unknown; message?: unknown }
  // What the socket says, and what pg says of connections that it loses itself, without a code.
  return syscall === 'connect' || code === 'ECONNRESET' || code === 'EPIPE' || lostConnection.test(String(message))
}

/** The name of the constraint that a statement violated. */
export function violatedConstraint(error: unknown): string | undefined {
  return postgresCode(error)?.startsWith('23') ? (error as { constraint?: string }).constraint : undefined
}
