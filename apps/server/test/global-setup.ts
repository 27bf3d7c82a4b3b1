import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres } from '../src/platform/embedded-postgres.ts'
import { migrate, readMigrations } from '../src/platform/migrate.ts'
import { openDatabase, row, sql, type Db } from '../src/platform/db.ts'
import { silentLog } from '../src/platform/log.ts'
import { buildWebIfChanged } from '../src/web.ts'

declare module 'vitest' {
  interface ProvidedContext {
    databaseUrl: string
  }
}

export const templateName = 'fairgate_template'
/** How the names begin of the databases that the processes of one run make: its own process has started them. */
export const clonesOf = (runPid: number): string => `fairgate_test_${runPid}_`

/** Starts one real Postgres for the whole run and migrates a template that each test process clones in milliseconds. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['TEST_DATABASE_URL']
  const folder = given ? undefined : mkdtempSync(join(tmpdir(), 'fairgate-test-'))
  const embedded = folder
    ? await startEmbeddedPostgres({
        dataDir: join(folder, 'data'),
        log: () => undefined,
        // Nothing here must survive a power cut.
        settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' },
      })
    : undefined
  const url = given ?? embedded!.url
  // The web app is built beside it, so that the servers of several tests do not all build it.
  await Promise.all([createTemplate(url), buildWebIfChanged(silentLog)])
  project.provide('databaseUrl', url)
  return async () => {
    if (given) await dropClones(given)
    await embedded?.stop()
    if (folder) rmSync(folder, { recursive: true, force: true })
  }
}

async function createTemplate(url: string): Promise<void> {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  await admin.query(`drop database if exists ${templateName} with (force)`)
  await admin.query(`create database ${templateName}`)
  await admin.end()
  const { db, close } = openDatabase({ url: withDatabase(url, templateName), connectionsMax: 1 })
  const modules = new URL('../src/modules/', import.meta.url)
  await migrate(db, readMigrations('platform', new URL('../src/platform/migrations/', import.meta.url)))
  for (const name of readdirSync(modules).toSorted()) {
    if (!readdirSync(new URL(`${name}/`, modules)).includes('migrations')) continue
    await migrate(db, readMigrations(name, new URL(`${name}/migrations/`, modules)))
  }
  await noteSchemaChanges(db)
  await close()
}

/** Each test process leaves the last of its databases behind. Those of this run are dropped, and no others. */
async function dropClones(url: string): Promise<void> {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  const left = await admin.query<{ datname: string }>(
    'select datname from pg_database where starts_with(datname, $1)',
    [clonesOf(process.pid)],
  )
  for (const { datname } of left.rows) await admin.query(`drop database if exists ${datname} with (force)`)
  await admin.end()
}

/**
 * Lets a test's database tell whether the test has changed its schema (a control that drops a constraint does): if not,
 * the next test of the process gets it emptied, which takes 5 ms where a new clone takes 60 ms of both cores. An event
 * trigger needs a superuser; without one every test has its own clone.
 */
async function noteSchemaChanges(db: Db): Promise<void> {
  const { superuser } = await row(
    db,
    sql<{ superuser: boolean }>`select rolsuper as superuser from pg_roles where rolname = current_user`,
  )
  if (!superuser) return
  await sql
    .raw(
      `create schema test_support;
       create table test_support.schema_changes (tag text);
       create function test_support.note_schema_change() returns event_trigger language plpgsql as
         $$ begin insert into test_support.schema_changes values (tg_tag); end $$;
       create event trigger note_schema_change on ddl_command_end execute function test_support.note_schema_change();
       create event trigger note_schema_drop on sql_drop execute function test_support.note_schema_change();`,
    )
    .execute(db)
  await sql`delete from test_support.schema_changes`.execute(db)
}

/** The same server, another database. */
export function withDatabase(url: string, name: string): string {
  return url.replace(/^(postgres(?:ql)?:\/\/[^/]*\/)[^?]*/, `$1${name}`)
}
