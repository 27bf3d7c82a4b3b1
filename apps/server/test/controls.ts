import { sql, type Db } from '#platform/db'

/** For controls, which show that a test fails when a guard is off: the same database without row locks. */
export const withoutRowLocks = (db: Db): Db =>
  db.withPlugin({
    transformQuery: ({ node }) =>
      node.kind === 'RawNode'
        ? {
            ...node,
            sqlFragments: node.sqlFragments.map((text) => text.replace(/for update( of \w+)?( skip locked)?/g, '')),
          }
        : node,
    transformResult: async ({ result }) => result,
  })

/** For controls: updates of this column no longer change it. */
export async function freezeColumn(db: Db, table: string, column: string): Promise<void> {
  await sql
    .raw(`
    create function public.keep_column() returns trigger language plpgsql as $$ begin new.${column} := old.${column}; return new; end $$;
    create trigger keep_column before update on ${table} for each row execute function public.keep_column()`)
    .execute(db)
}
