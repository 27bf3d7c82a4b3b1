import { rows, sql, type Tx } from './db.ts'

/** Something that does not take place: since when, and what people are told. */
export type Cancelled = { id: string; at: Date; note: string }

/**
 * Cancels what a module knows, and remembers what it does not know yet: facts of different keys may come in any order.
 * @param table  the module's own, with its schema: `id text primary key, at timestamptz not null, note text not null`
 * @param cancel  those of these that are known; again, nothing
 */
export function createCancelling(table: string, cancel: (tx: Tx, list: readonly Cancelled[]) => Promise<void>) {
  const remembered = sql.table(table)
  return {
    /** These do not take place, whether they are known or not. */
    async heard(tx: Tx, list: readonly Cancelled[]): Promise<void> {
      await sql`
        insert into ${remembered} (id, at, note)
        select * from unnest(${list.map(({ id }) => id)}::text[], ${list.map(({ at }) => at)}::timestamptz[], ${list.map(({ note }) => note)}::text[])
        on conflict do nothing`.execute(tx)
      await cancel(tx, list)
    },

    /** These have just become known, perhaps later than they were cancelled. */
    async known(tx: Tx, ids: readonly string[]): Promise<void> {
      const list = await rows(tx, sql<Cancelled>`select id, at, note from ${remembered} where id = any(${ids}::text[])`)
      if (list.length > 0) await cancel(tx, list)
    },
  }
}
