import { createHash } from 'node:crypto'
import { maybeRow, changed, sql, type Db } from './db.ts'
import { Problem } from './problem.ts'
import type { Clock } from './clock.ts'

export type StoredAnswer = { status: number; body: unknown }

/** Who is still at it after this time has lost the key, also where nobody can see that its process is gone. */
const runningMsMax = 30_000
/** How long an answer is remembered. */
export const idempotencyKeptMs = 24 * 3600_000

/**
 * The memory of requests with an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): the same key and body
 * give the stored answer, another body is refused with 422, a request still running with 409. The scope is the account
 * and the route, so nobody meets a stranger's answer. A crash between start and finish frees the key at once: the
 * connection that took it ends with its process. A lost connection looks the same, and may: every operation behind a key
 * is idempotent by its own keys. A pooler between here and Postgres keeps the connection, so there the time limit counts.
 */
export function createIdempotency(db: Db, clock: Clock) {
  async function run(
    scope: string,
    key: string,
    body: unknown,
    work: () => Promise<StoredAnswer>,
  ): Promise<StoredAnswer> {
    const fingerprint = createHash('sha256')
      .update(JSON.stringify(body ?? null))
      .digest('base64url')
    const now = new Date(clock.now())
    const lockedUntil = new Date(clock.now() + runningMsMax)
    const mine = await changed(
      db,
      sql`
        insert into platform.idempotency (scope, key, fingerprint, locked_until, held_by, created_at)
        values (${scope}, ${key}, ${fingerprint}, ${lockedUntil}, pg_backend_pid(), ${now})
        on conflict (scope, key) do update set locked_until = excluded.locked_until, held_by = excluded.held_by
          where platform.idempotency.status is null and platform.idempotency.locked_until <= ${now}
            and platform.idempotency.fingerprint = excluded.fingerprint`,
    )
    if (mine === 0) {
      const found = await maybeRow(
        db,
        sql<{ fingerprint: string; status: number | null; body: unknown; gone: number | null }>`
          select fingerprint, status, body,
                 case when not exists (select 1 from pg_stat_activity s where s.pid = i.held_by) then i.held_by end as gone
          from platform.idempotency i where scope = ${scope} and key = ${key}`,
      )
      if (found && found.fingerprint !== fingerprint) throw new Problem('http.idempotency-key-reused')
      if (found?.status != null) return { status: found.status, body: found.body ?? undefined }
      if (!found || found.gone === null || !(await takeOver(scope, key, found.gone, lockedUntil)))
        throw new Problem('http.idempotency-in-progress', { retryAfterMs: 1000 })
    }
    try {
      const answer = await work()
      await sql`
        update platform.idempotency set status = ${answer.status}, body = ${JSON.stringify(answer.body ?? null)}::jsonb, locked_until = null
        where scope = ${scope} and key = ${key} and status is null`.execute(db)
      return answer
    } catch (error) {
      // A refusal changed nothing and may be asked again with the same key; a failure may too, every operation behind a
      // key is idempotent by its own keys.
      // Only what is still ours: after the time limit somebody else may have taken over and even answered.
      await sql`
        delete from platform.idempotency
        where scope = ${scope} and key = ${key} and status is null and locked_until = ${lockedUntil}`
        .execute(db)
        // The time limit frees the key as well, and the first failure says more.
        .catch(() => undefined)
      throw error
    }
  }

  /** @param gone  of whom the connection has ended. @returns whether nobody else was faster */
  async function takeOver(scope: string, key: string, gone: number, lockedUntil: Date): Promise<boolean> {
    const taken = await changed(
      db,
      sql`
        update platform.idempotency set locked_until = ${lockedUntil}, held_by = pg_backend_pid()
        where scope = ${scope} and key = ${key} and status is null and held_by = ${gone}`,
    )
    return taken === 1
  }

  /** Forgets answers older than a day. @returns whether more may be left */
  async function sweep(): Promise<boolean> {
    const limit = 5000
    const count = await changed(
      db,
      sql`
        delete from platform.idempotency where ctid in (
          select ctid from platform.idempotency where created_at < ${new Date(clock.now() - idempotencyKeptMs)} limit ${limit})`,
    )
    return count === limit
  }

  return { run, sweep }
}

export type Idempotency = ReturnType<typeof createIdempotency>
