import { RawNode, type OperationNode } from 'kysely'
import { row, sql, type Db } from '#platform/db'

/** For controls, which show that a test fails when a guard is off: the same database with it cut out of every statement. */
export function withoutGuard(db: Db, guard: string | RegExp, instead = ''): Db {
  const cut = <N extends OperationNode>(node: N): N =>
    RawNode.is(node)
      ? {
          ...node,
          sqlFragments: node.sqlFragments.map((text) => text.replace(guard, instead)),
          parameters: node.parameters.map(cut),
        }
      : node
  return db.withPlugin({
    transformQuery: ({ node }) => cut(node),
    transformResult: async ({ result }) => result,
  })
}

export const withoutRowLocks = (db: Db): Db => withoutGuard(db, /for (no key )?update( of \w+)?( skip locked)?/g)

/** Everybody gets the lock of whoever leads. */
export const withoutLeader = (db: Db): Db =>
  withoutGuard(db, 'select pg_try_advisory_xact_lock(hashtextextended(', 'select (0 <> hashtextextended(')

/** For controls: updates of this column no longer change it. */
export async function freezeColumn(db: Db, table: string, column: string): Promise<void> {
  await sql
    .raw(`
    create function public.keep_column() returns trigger language plpgsql as $$ begin new.${column} := old.${column}; return new; end $$;
    create trigger keep_column before update on ${table} for each row execute function public.keep_column()`)
    .execute(db)
}

/** Returns when so many processes of this database wait for a lock. @throws when nobody does after many looks */
export async function untilWaiting(db: Db, count = 1): Promise<void> {
  for (let look = 0; look < 10_000; look++) {
    const { waiting } = await row(
      db,
      sql<{
        waiting: number
      }>`select count(distinct pid) as waiting from pg_locks l join pg_stat_activity a using (pid) where not l.granted and a.datname = current_database()`,
    )
    if (waiting >= count) return
  }
  throw new Error(`${count} do not wait for a lock`)
}
