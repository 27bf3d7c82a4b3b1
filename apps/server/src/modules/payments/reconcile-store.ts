import type { Reconciliation } from '@fairgate/contracts/http/payments'
import { maybeRow, row, rows, sql, type Db } from '#platform/db'

export type DifferenceKind = Reconciliation['differences'][number]['kind']
/** `theirs` and `ours`: what each side has kept of the money, in minor units. */
export type Difference = {
  provider: string
  paymentKey: string
  orderId: string
  kind: DifferenceKind
  currency: string
  theirs: number
  ours: number
  theirState: string
  ourState: string
}

/** A payment as our books have it. One that is under way is asked about anyway. */
export type Booked = {
  paymentKey: string
  orderId: string
  currency: string
  state: string
  isUnderWay: boolean
  capturedAmount: number
  refundedAmount: number
}

/** What a payment moved in a part of the provider's books. */
export type Sum = { paymentKey: string; captured: number; returned: number }

/** Payments whose rows do not fit what the provider listed for a time, and those that we booked then and it did not list. */
export const suspects = async (
  db: Db,
  provider: string,
  sums: readonly Sum[],
  { from, to }: { from: number; to: number },
): Promise<string[]> =>
  (
    await rows(
      db,
      sql<{ key: string }>`
        with m as materialized (
          select * from unnest(${sums.map((s) => s.paymentKey)}::text[], ${sums.map((s) => s.captured)}::bigint[],
                               ${sums.map((s) => s.returned)}::bigint[]) as m (payment_key, captured, returned))
        select m.payment_key as key from m
        left join payments.payments p on p.provider = ${provider} and p.payment_key = m.payment_key
        where p.id is null or (m.captured > 0 and p.captured_amount <> m.captured) or p.refunded_amount < m.returned
        union
        select p.payment_key from payments.payments p
        where p.provider = ${provider} and p.captured_at between ${new Date(from)} and ${new Date(to)}
          and not exists (select 1 from m where m.payment_key = p.payment_key and m.captured > 0)
        union
        select p.payment_key from payments.refunds r join payments.payments p on p.id = r.payment_id
        where p.provider = ${provider} and r.done_at between ${new Date(from)} and ${new Date(to)} and r.amount > 0
          and not exists (select 1 from m where m.payment_key = p.payment_key and m.returned > 0)
        order by key`,
    )
  ).map(({ key }) => key)

export const bookedByKey = (db: Db, provider: string, keys: readonly string[]) =>
  rows(
    db,
    sql<Booked>`
      select payment_key as "paymentKey", order_id as "orderId", currency, state, captured_amount as "capturedAmount",
             refunded_amount as "refundedAmount",
             state in ('requested', 'capturing', 'awaiting', 'refunding') as "isUnderWay"
      from payments.payments where provider = ${provider} and payment_key = any(${keys}::text[])`,
  )

/** Writes differences down. @returns the payment keys of those that were not open before */
export const writeDifferences = async (db: Db, found: readonly Difference[], at: Date): Promise<Set<string>> => {
  const written = await rows(
    db,
    sql<{ key: string; isNew: boolean }>`
      insert into payments.differences as d (provider, payment_key, order_id, kind, currency, theirs, ours, their_state,
                                             our_state, found_at, looked_at)
      select n.provider, n."paymentKey", n."orderId", n.kind, n.currency, n.theirs, n.ours, n."theirState", n."ourState",
             ${at}, ${at}
      from jsonb_to_recordset(${JSON.stringify(found)}::jsonb) as n (
        provider text, "paymentKey" text, "orderId" text, kind text, currency text, theirs bigint, ours bigint,
        "theirState" text, "ourState" text)
      on conflict (provider, payment_key) do update
      set kind = excluded.kind, theirs = excluded.theirs, ours = excluded.ours, their_state = excluded.their_state,
          our_state = excluded.our_state, looked_at = excluded.looked_at, resolved_at = null,
          found_at = case when d.resolved_at is null then d.found_at else excluded.found_at end
      returning payment_key as key, found_at = looked_at as "isNew"`,
  )
  return new Set(written.filter(({ isNew }) => isNew).map(({ key }) => key))
}

export const resolve = (db: Db, provider: string, keys: readonly string[], at: Date) =>
  sql`
    update payments.differences set resolved_at = ${at}, looked_at = ${at}
    where provider = ${provider} and payment_key = any(${keys}::text[]) and resolved_at is null`.execute(db)

/** Open differences, those first that were not looked at for the longest time. */
export const openKeys = async (
  db: Db,
  provider: string,
  { before, limit }: { before: Date; limit: number },
): Promise<string[]> =>
  (
    await rows(
      db,
      sql<{ key: string }>`
        select payment_key as key from payments.differences
        where resolved_at is null and provider = ${provider} and looked_at <= ${before} order by looked_at limit ${limit}`,
    )
  ).map(({ key }) => key)

/**
 * Takes the work on a provider's books for this process.
 * @returns up to when they were compared, epoch milliseconds; undefined while another process works on them
 */
export const lease = async (
  db: Db,
  provider: string,
  { now, until, settled }: { now: Date; until: Date; settled: Date },
): Promise<number | undefined> =>
  (
    await maybeRow(
      db,
      sql<{ until: Date }>`
        insert into payments.reconciled as r (provider, until, lease_until)
        select ${provider}, coalesce((select min(created_at) from payments.payments where provider = ${provider}), ${settled}),
               ${until}
        on conflict (provider) do update set lease_until = excluded.lease_until
        where r.lease_until is null or r.lease_until <= ${now}
        returning until`,
    )
  )?.until.getTime()

export const release = (db: Db, provider: string, until: Date) =>
  sql`update payments.reconciled set until = ${until}, lease_until = null where provider = ${provider}`.execute(db)

export const summary = (db: Db) =>
  row(
    db,
    sql<{ differences: number; until: Date | null }>`
      select (select count(*) from payments.differences where resolved_at is null) as differences,
             (select min(until) from payments.reconciled) as until`,
  )

export async function look(db: Db, limit: number): Promise<Reconciliation> {
  const providers = await rows(
    db,
    sql<{ provider: string; until: Date }>`select provider, until from payments.reconciled order by provider`,
  )
  const differences = await rows(
    db,
    sql<Difference & { foundAt: Date; resolvedAt: Date | null }>`
      select provider, payment_key as "paymentKey", order_id as "orderId", kind, currency, theirs, ours,
             their_state as "theirState", our_state as "ourState", found_at as "foundAt", resolved_at as "resolvedAt"
      from payments.differences order by resolved_at is not null, found_at desc, payment_key limit ${limit}`,
  )
  return {
    providers: providers.map(({ provider, until }) => ({ provider, until: until.toISOString() })),
    differences: differences.map(({ foundAt, resolvedAt, ...difference }) => ({
      ...difference,
      foundAt: foundAt.toISOString(),
      resolvedAt: resolvedAt?.toISOString() ?? null,
    })),
  }
}
