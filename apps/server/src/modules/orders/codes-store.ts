import { changed, row, rows, sql, type Db, type Tx } from '#platform/db'

export type Allotment = { id: string; sectionId: string; code: string; until: number }

/** A rule of an organiser. Times are epoch milliseconds, amounts minor units of the event's currency. */
export type Promotion = {
  id: string
  eventId: string
  name: string
  percent: number | null
  amount: number | null
  allotments: readonly Allotment[]
  usesMax: number | null
  usesPerAccountMax: number | null
  sectionIds: readonly string[] | null
  validFrom: number | null
  validUntil: number | null
  createdAt: number
  endedAt: number | null
}

type PromotionRow = Omit<Promotion, 'validFrom' | 'validUntil' | 'createdAt' | 'endedAt'> & {
  validFrom: Date | null
  validUntil: Date | null
  createdAt: Date
  endedAt: Date | null
}

const columns = sql`
  p.id, p.event_id as "eventId", p.name, p.percent, p.amount, p.allotments, p.uses_max as "usesMax",
  p.uses_per_account_max as "usesPerAccountMax", p.section_ids as "sectionIds", p.valid_from as "validFrom",
  p.valid_until as "validUntil", p.created_at as "createdAt", p.ended_at as "endedAt"`

const toPromotion = <R extends PromotionRow>(found: R) => ({
  ...found,
  validFrom: found.validFrom?.getTime() ?? null,
  validUntil: found.validUntil?.getTime() ?? null,
  createdAt: found.createdAt.getTime(),
  endedAt: found.endedAt?.getTime() ?? null,
})

const instant = (ms: number | null) => (ms === null ? null : new Date(ms))

/** @returns the codes that the event has already; then nothing was added */
export async function insertPromotion(tx: Tx, promotion: Promotion, codes: readonly string[]): Promise<string[]> {
  const { allotments } = promotion
  await sql`
    insert into orders.promotions (id, event_id, name, percent, amount, allotments, allotment_ids, uses_max, uses_per_account_max,
      section_ids, valid_from, valid_until, created_at)
    values (${promotion.id}, ${promotion.eventId}, ${promotion.name}, ${promotion.percent}, ${promotion.amount},
      ${JSON.stringify(allotments)}::jsonb, ${allotments.map(({ id }) => id)}::text[], ${promotion.usesMax},
      ${promotion.usesPerAccountMax}, ${promotion.sectionIds}::text[], ${instant(promotion.validFrom)},
      ${instant(promotion.validUntil)}, ${instant(promotion.createdAt)})`.execute(tx)
  const added = await rows(
    tx,
    sql<{ code: string }>`
      insert into orders.codes (event_id, code, promotion_id)
      select ${promotion.eventId}, code, ${promotion.id} from unnest(${codes}::text[]) as c (code)
      on conflict do nothing returning code`,
  )
  const known = new Set(added.map(({ code }) => code))
  return codes.filter((code) => !known.has(code))
}

export type PromotionFigures = Promotion & { code: string | null; codes: number; uses: number }

/** Promotions of an event, or one of them, with their codes and uses; newest first. */
export async function promotions(db: Db, which: { eventId: string } | { id: string }): Promise<PromotionFigures[]> {
  const found = await rows(
    db,
    sql<PromotionRow & { code: string | null; codes: number; uses: number }>`
      select ${columns}, c.codes, case when c.codes = 1 then c.code end as code,
             (select count(*) from orders.code_uses u where u.promotion_id = p.id) as uses
      from orders.promotions p
      join lateral (select count(*) as codes, min(code) as code from orders.codes where promotion_id = p.id) c on true
      where ${'id' in which ? sql`p.id = ${which.id}` : sql`p.event_id = ${which.eventId}`}
      order by p.id desc limit 500`,
  )
  return found.map(toPromotion)
}

export const endPromotion = (db: Db, id: string, now: number) =>
  changed(db, sql`update orders.promotions set ended_at = ${instant(now)} where id = ${id} and ended_at is null`)

export const codesOf = (db: Db, promotionId: string) =>
  rows(
    db,
    sql<{ code: string; uses: number }>`
      select c.code, count(u.order_id) as uses
      from orders.codes c left join orders.code_uses u on u.event_id = c.event_id and u.code = c.code
      where c.promotion_id = ${promotionId} group by c.code order by c.code`,
  )

/** What these codes of events are, by `codeKey`. */
export async function findCodes(
  db: Db | Tx,
  wanted: readonly { eventId: string; code: string }[],
): Promise<Map<string, Promotion>> {
  const found = await rows(
    db,
    sql<PromotionRow & { code: string }>`
      select ${columns}, c.code
      from orders.codes c join orders.promotions p on p.id = c.promotion_id
      where (c.event_id, c.code) in (select * from unnest(${wanted.map((w) => w.eventId)}::text[], ${wanted.map((w) => w.code)}::text[]))`,
  )
  return new Map(found.map(({ code, ...promotion }) => [codeKey(promotion.eventId, code), toPromotion(promotion)]))
}

export const codeKey = (eventId: string, code: string) => `${eventId} ${code}`

/** Which of these allotments are opened by codes. */
export async function openedByCodes(db: Db | Tx, allotmentIds: readonly string[]): Promise<Set<string>> {
  const found = await rows(
    db,
    sql<{ id: string }>`
      select distinct a.id from orders.promotions p, unnest(p.allotment_ids) as a (id)
      where p.allotment_ids && ${allotmentIds}::text[] and p.allotment_ids <> '{}'`,
  )
  return new Set(found.map(({ id }) => id))
}

/** Whoever would count uses of the same limited codes, or of the same accounts, waits. Promotions first, each in order. */
export async function lockLimits(
  tx: Tx,
  promotionIds: readonly string[],
  codes: readonly { eventId: string; code: string }[],
): Promise<void> {
  if (promotionIds.length > 0)
    await sql`select 1 from orders.promotions where id = any(${promotionIds}::text[]) order by id for update`.execute(
      tx,
    )
  if (codes.length > 0)
    await sql`
      select 1 from orders.codes
      where (event_id, code) in (select * from unnest(${codes.map((c) => c.eventId)}::text[], ${codes.map((c) => c.code)}::text[]))
      order by event_id, code for update`.execute(tx)
}

/** The lowest numbers of uses that nobody has, at most `count`. */
export async function freeUses(tx: Tx, eventId: string, code: string, max: number, count: number): Promise<number[]> {
  const found = await rows(
    tx,
    sql<{ use: number }>`
      select n as use from generate_series(1, ${max}::integer) n
      where not exists (select 1 from orders.code_uses u where u.event_id = ${eventId} and u.code = ${code} and u.use = n)
      order by n limit ${count}`,
  )
  return found.map(({ use }) => use)
}

/** The same of an account and a promotion. */
export async function freeAccountUses(
  tx: Tx,
  promotionId: string,
  accountId: string,
  max: number,
  count: number,
): Promise<number[]> {
  const found = await rows(
    tx,
    sql<{ use: number }>`
      select n as use from generate_series(1, ${max}::integer) n
      where not exists (select 1 from orders.code_uses u
                        where u.promotion_id = ${promotionId} and u.account_id = ${accountId} and u.account_use = n)
      order by n limit ${count}`,
  )
  return found.map(({ use }) => use)
}

/** Whether an account may use a code once more, without promising it. */
export const mayUse = (db: Db, promotion: Promotion, code: string, accountId: string) =>
  row(
    db,
    sql<{ isLeft: boolean; isLeftToAccount: boolean }>`
      select ${promotion.usesMax}::integer is null or (select count(*) from orders.code_uses
               where event_id = ${promotion.eventId} and code = ${code}) < ${promotion.usesMax} as "isLeft",
             ${promotion.usesPerAccountMax}::integer is null or (select count(*) from orders.code_uses
               where promotion_id = ${promotion.id} and account_id = ${accountId}) < ${promotion.usesPerAccountMax} as "isLeftToAccount"`,
  )

export type Use = {
  orderId: string
  eventId: string
  code: string
  promotionId: string
  accountId: string
  use: number | null
  accountUse: number | null
}

export async function insertUses(tx: Tx, uses: readonly Use[], now: number): Promise<void> {
  if (uses.length === 0) return
  await sql`
    insert into orders.code_uses (order_id, event_id, code, promotion_id, account_id, use, account_use, used_at)
    select *, ${instant(now)} from unnest(${uses.map((u) => u.orderId)}::text[], ${uses.map((u) => u.eventId)}::text[],
      ${uses.map((u) => u.code)}::text[], ${uses.map((u) => u.promotionId)}::text[], ${uses.map((u) => u.accountId)}::text[],
      ${uses.map((u) => u.use)}::integer[], ${uses.map((u) => u.accountUse)}::integer[])`.execute(tx)
}

export async function deleteUses(tx: Tx, orderIds: readonly string[]): Promise<void> {
  if (orderIds.length === 0) return
  await sql`delete from orders.code_uses where order_id = any(${orderIds}::text[])`.execute(tx)
}

/** For the audit: uses beyond a limit, and live orders with a code whose use is missing. */
export const useFaults = (db: Db, eventId: string | undefined) =>
  row(
    db,
    sql<{ over: number; missing: number }>`
      select
        (select count(*) from (
           select 1 from orders.code_uses u join orders.promotions p on p.id = u.promotion_id
           where ${eventId ?? null}::text is null or u.event_id = ${eventId ?? null}
           group by u.event_id, u.code, p.uses_max having count(*) > p.uses_max) o) +
        (select count(*) from (
           select 1 from orders.code_uses u join orders.promotions p on p.id = u.promotion_id
           where ${eventId ?? null}::text is null or u.event_id = ${eventId ?? null}
           group by u.promotion_id, u.account_id, p.uses_per_account_max having count(*) > p.uses_per_account_max) a) as over,
        (select count(*) from orders.orders o
         where o.promo_code is not null and (${eventId ?? null}::text is null or o.event_id = ${eventId ?? null})
           and (o.state not in ('expired', 'cancelled', 'refunded', 'refunding'))
             <> exists (select 1 from orders.code_uses u where u.order_id = o.id)
           and o.state <> 'refunding') as missing`,
  )
