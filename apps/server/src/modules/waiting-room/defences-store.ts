import { changed, maybeRow, rows, sql, type Db } from '#platform/db'

export type DefenceCount = { saleId: string; defence: string; count: number }

/** Adds to what was counted before. */
export async function addDefenceCounts(db: Db, counts: readonly DefenceCount[]): Promise<void> {
  await sql`
    insert into waiting_room.defence_counts as c (sale_id, defence, count)
    select * from unnest(${counts.map((c) => c.saleId)}::text[], ${counts.map((c) => c.defence)}::text[],
                         ${counts.map((c) => c.count)}::bigint[]) w (sale_id, defence, count)
    order by w.sale_id, w.defence
    on conflict (sale_id, defence) do update set count = c.count + excluded.count`.execute(db)
}

export type NewReview = { saleId: string; accountId: string; reasons: readonly string[]; at: Date }

/** Asks for a review of an account in a sale; a reason that is known stays as it was. @returns whether any was new */
export const insertReviews = async (db: Db, review: NewReview): Promise<boolean> =>
  (await changed(
    db,
    sql`
      insert into waiting_room.reviews (sale_id, account_id, reason, at)
      select ${review.saleId}, ${review.accountId}, w.reason, ${review.at} from unnest(${review.reasons}::text[]) w (reason)
      on conflict do nothing`,
  )) > 0

export type FoundDefences = {
  counts: { defence: string; count: number }[]
  reviewsTotal: number
  reviews: { accountId: string; reasons: string[]; at: Date }[]
}

/** Reviews of a sale that nobody has decided since they were asked for. */
const openReviews = (saleId: string) => sql`
  (select r.account_id as "accountId", array_agg(r.reason order by r.reason) as reasons, min(r.at) as at
   from waiting_room.reviews r left join waiting_room.review_decisions d using (sale_id, account_id)
   where r.sale_id = ${saleId}
   group by r.account_id, d.at having d.at is null or max(r.at) > d.at)`

/** Whether a sale is known and of this organiser (null: anybody's). */
export const isSaleOf = async (db: Db, saleId: string, organiserId: string | null): Promise<boolean> =>
  (await maybeRow(
    db,
    sql`
      select 1 from waiting_room.sales
      where id = ${saleId} and (${organiserId}::text is null or organiser_id = ${organiserId})`,
  )) !== undefined

/** The newest open reviews and all counts of a sale; undefined when it is unknown or another organiser's (null: anybody's). */
export async function readDefences(
  db: Db,
  saleId: string,
  organiserId: string | null,
  reviewsMax: number,
): Promise<FoundDefences | undefined> {
  if (!(await isSaleOf(db, saleId, organiserId))) return undefined
  const counts = await rows(
    db,
    sql<{ defence: string; count: number }>`
      select defence, count::int as count from waiting_room.defence_counts where sale_id = ${saleId} order by defence`,
  )
  const reviews = await rows(
    db,
    sql<{ accountId: string; reasons: string[]; at: Date; total: number }>`
      select *, count(*) over ()::int as total from ${openReviews(saleId)} o order by at desc, "accountId" limit ${reviewsMax}`,
  )
  return {
    counts,
    reviewsTotal: reviews[0]?.total ?? 0,
    reviews: reviews.map(({ accountId, reasons, at }) => ({ accountId, reasons, at })),
  }
}

export type Decided = { saleId: string; accountId: string; decision: string; decidedBy: string; at: Date }

/** Writes down what a person has decided; a later decision replaces it. @returns false when there was no review */
export const decideReview = async (db: Db, { saleId, accountId, decision, decidedBy, at }: Decided): Promise<boolean> =>
  (await changed(
    db,
    sql`
      insert into waiting_room.review_decisions (sale_id, account_id, decision, decided_by, at)
      select ${saleId}, ${accountId}, ${decision}, ${decidedBy}, ${at}
      where exists (select 1 from waiting_room.reviews where sale_id = ${saleId} and account_id = ${accountId})
      on conflict (sale_id, account_id) do update
        set decision = excluded.decision, decided_by = excluded.decided_by, at = excluded.at`,
  )) > 0
