import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rows, sql, transaction, type Db, type Tx } from './db.ts'

export type Migration = { module: string; name: string; text: string; checksum: string }

/** The longest that one file may run, or wait for another process that is migrating. */
const migrationMsMax = 15 * 60_000

/** The `*.sql` files of a folder in the order of their numbers. */
export function readMigrations(module: string, folder: URL): Migration[] {
  const path = fileURLToPath(folder)
  return readdirSync(path)
    .filter((name) => name.endsWith('.sql'))
    .toSorted()
    .map((name) => {
      const text = readFileSync(join(path, name), 'utf8')
      return { module, name, text, checksum: createHash('sha256').update(text).digest('hex') }
    })
}

/**
 * Brings the database to the state of the files, each in a transaction of its own, under one lock, so that several
 * processes may start at once. A file that was changed after it ran is refused: write a new one.
 * @returns the names of the migrations that ran now
 * @throws an error that names the file; those before it have run
 */
export async function migrate(db: Db, migrations: readonly Migration[]): Promise<string[]> {
  await alone(db, async (tx) => {
    await sql`create schema if not exists platform`.execute(tx)
    await sql`
      create table if not exists platform.migrations (
        module text not null,
        name text not null,
        checksum text not null,
        ran_at timestamptz not null default now(),
        primary key (module, name)
      )`.execute(tx)
  })
  const ran: string[] = []
  for (const migration of migrations) {
    const isNew = await alone(db, (tx) => run(tx, migration)).catch((error: unknown) => {
      throw new Error(`migration ${migration.module}/${migration.name}: ${(error as Error).message}`, { cause: error })
    })
    if (isNew) ran.push(`${migration.module}/${migration.name}`)
  }
  return ran
}

/** Runs `work` while no other process migrates; `if not exists` alone does not keep two from colliding. */
function alone<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  return transaction(db, async (tx) => {
    // Building an index may take longer than a statement of a request may.
    await sql`set local statement_timeout = ${sql.lit(`${migrationMsMax}ms`)}`.execute(tx)
    await sql`set local lock_timeout = ${sql.lit(`${migrationMsMax}ms`)}`.execute(tx)
    await sql`select pg_advisory_xact_lock(hashtextextended('platform.migrate', 0))`.execute(tx)
    // Waiting for a busy table makes everybody who comes later wait too: give up early.
    await sql`set local lock_timeout = '10s'`.execute(tx)
    return work(tx)
  })
}

async function run(tx: Tx, migration: Migration): Promise<boolean> {
  const [known] = await rows(
    tx,
    sql<{
      checksum: string
    }>`select checksum from platform.migrations where module = ${migration.module} and name = ${migration.name}`,
  )
  if (known) {
    if (known.checksum === migration.checksum) return false
    throw new Error('was changed after it ran; write a new file instead')
  }
  await sql.raw(migration.text).execute(tx)
  await sql`
    insert into platform.migrations (module, name, checksum) values (${migration.module}, ${migration.name}, ${migration.checksum})`.execute(
    tx,
  )
  return true
}
