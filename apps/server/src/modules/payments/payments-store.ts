import { row, rows, sql, type Db, type Tx } from '#platform/db'
import type { Change } from './change.ts'
import type { Payment, Refund, State } from './payment.ts'
import type { Status } from './provider.ts'

type Times = 'stateAt' | 'nextAt' | 'leaseUntil' | 'askedAt' | 'unknownSince' | 'capturedAt'
type PaymentRow = Omit<Payment, Times> & { stateAt: Date } & { [K in Exclude<Times, 'stateAt'>]: Date | null }

const columns = sql.raw(`
  p.id, p.order_id as "orderId", p.account_id as "accountId", p.event_id as "eventId", p.provider, p.payment_key as "paymentKey",
  p.amount, p.currency, p.state, p.state_at as "stateAt", p.step, p.next_at as "nextAt", p.lease, p.lease_until as "leaseUntil",
  p.asked_at as "askedAt", p.attempts, p.unknown_since as "unknownSince", p.trouble, p.key_seq as "keySeq",
  p.is_doubtful as "isDoubtful", p.hint, p.provider_status as "providerStatus", p.refusal, p.captured_at as "capturedAt",
  p.deposit, p.captured_amount as "capturedAmount", p.refunded_amount as "refundedAmount",
  (select jsonb_build_object('id', r.id, 'paymentId', r.payment_id, 'requestId', r.request_id, 'origin', r.origin, 'amount', r.amount,
                             'balance', r.balance, 'target', r.target, 'keySeq', r.key_seq, 'reason', r.reason)
   from payments.refunds r where r.payment_id = p.id and r.done_at is null order by r.number limit 1) as refund,
  (select count(*) from payments.refunds r where r.payment_id = p.id and r.done_at is null) as "refundsOpen",
  (select coalesce(sum(r.amount), 0)::bigint from payments.refunds r where r.payment_id = p.id and r.done_at is null) as "refundsOpenAmount"`)

const ms = (date: Date | null) => date?.getTime() ?? null
const date = (at: number | null) => (at === null ? null : new Date(at).toISOString())

const toPayment = (found: PaymentRow): Payment => ({
  ...found,
  stateAt: found.stateAt.getTime(),
  nextAt: ms(found.nextAt),
  leaseUntil: ms(found.leaseUntil),
  askedAt: ms(found.askedAt),
  unknownSince: ms(found.unknownSince),
  capturedAt: ms(found.capturedAt),
})

// requests

export type NewPayment = Pick<
  Payment,
  'id' | 'orderId' | 'accountId' | 'eventId' | 'provider' | 'paymentKey' | 'amount' | 'currency'
>

/** @returns the ids of those inserted; the others met a payment with the same key, or another live one of their order */
export const insertRequested = async (tx: Tx, payments: readonly NewPayment[], at: Date): Promise<Set<string>> => {
  const inserted = await rows(
    tx,
    sql<{ id: string }>`
      insert into payments.payments (id, order_id, account_id, event_id, provider, payment_key, amount, currency, state, state_at, created_at)
      select n.*, 'requested', ${at}, ${at}
      from unnest(${payments.map((p) => p.id)}::text[], ${payments.map((p) => p.orderId)}::text[], ${payments.map((p) => p.accountId)}::text[],
                  ${payments.map((p) => p.eventId)}::text[], ${payments.map((p) => p.provider)}::text[],
                  ${payments.map((p) => p.paymentKey)}::text[], ${payments.map((p) => p.amount)}::bigint[],
                  ${payments.map((p) => p.currency)}::text[])
        as n (id, order_id, account_id, event_id, provider, payment_key, amount, currency)
      order by n.order_id, n.payment_key
      on conflict do nothing
      returning id`,
  )
  return new Set(inserted.map(({ id }) => id))
}

/** Which orders these keys belong to, where they are known. */
export const ordersOfKeys = (db: Db | Tx, keys: readonly Pick<Payment, 'provider' | 'paymentKey'>[]) =>
  rows(
    db,
    sql<{ provider: string; paymentKey: string; orderId: string }>`
      select p.provider, p.payment_key as "paymentKey", p.order_id as "orderId"
      from unnest(${keys.map((k) => k.provider)}::text[], ${keys.map((k) => k.paymentKey)}::text[]) as k (provider, payment_key)
      join payments.payments p using (provider, payment_key)`,
  )

// preparations

export type PreparationRow = { provider: string; paymentKey: string; orderId: string }

/** How many payments of this provider an order has had: the next one is prepared under another key. */
export const paymentsOf = async (db: Db, orderId: string, provider: string): Promise<number> =>
  (
    await row(
      db,
      sql<{ count: number }>`
        select count(*) from payments.payments where order_id = ${orderId} and provider = ${provider}`,
    )
  ).count

/** Remembers what was prepared for an order; said again, it may be handed over for longer. */
export const insertPreparation = (db: Db, { provider, paymentKey, orderId }: PreparationRow, endsAt: Date) =>
  sql`
    insert into payments.preparations (provider, payment_key, order_id, ends_at)
    values (${provider}, ${paymentKey}, ${orderId}, ${endsAt})
    on conflict (provider, payment_key) do update set ends_at = greatest(preparations.ends_at, excluded.ends_at)`.execute(
    db,
  )

export const orderOfPreparation = async (db: Db, provider: string, paymentKey: string): Promise<string | undefined> =>
  (
    await rows(
      db,
      sql<{ orderId: string }>`
        select order_id as "orderId" from payments.preparations where provider = ${provider} and payment_key = ${paymentKey}`,
    )
  )[0]?.orderId

/**
 * Takes preparations whose time is over, for this process alone until then. `isHandedOver`: a payment of ours looks after
 * it.
 */
export const takeEndedPreparations = (db: Db, { now, until, limit }: { now: Date; until: Date; limit: number }) =>
  rows(
    db,
    sql<PreparationRow & { isHandedOver: boolean }>`
      with ended as (
        select provider, payment_key from payments.preparations
        where ends_at <= ${now} order by ends_at limit ${limit} for update skip locked)
      update payments.preparations p set ends_at = ${until}
      from ended e where p.provider = e.provider and p.payment_key = e.payment_key
      returning p.provider, p.payment_key as "paymentKey", p.order_id as "orderId",
                exists (select 1 from payments.payments q where q.provider = p.provider and q.payment_key = p.payment_key) as "isHandedOver"`,
  )

export const forgetPreparations = (db: Db, gone: readonly PreparationRow[]) =>
  sql`
    delete from payments.preparations p
    using unnest(${gone.map((each) => each.provider)}::text[], ${gone.map((each) => each.paymentKey)}::text[]) as g (provider, payment_key)
    where p.provider = g.provider and p.payment_key = g.payment_key`.execute(db)

// steps

/**
 * Takes payments whose next question is due, oldest first, for this asker alone until the lease ends. Others skip them.
 */
export const lease = async (
  db: Db,
  { limit, now, until }: { limit: number; now: Date; until: Date },
): Promise<Payment[]> =>
  (
    await rows(
      db,
      sql<PaymentRow>`
        with due as (
          select id from payments.payments
          where next_at <= ${now} and (lease_until is null or lease_until <= ${now})
          order by next_at limit ${limit} for update skip locked)
        update payments.payments p
        set lease = p.lease + 1, lease_until = ${until}, asked_at = ${now}, hint = null
        from due where p.id = due.id
        returning ${columns}`,
    )
  ).map(toPayment)

/** Locks payments in the order of their ids and reads them; unknown ids are left out. */
export async function lock(tx: Tx, ids: readonly string[]): Promise<Payment[]> {
  // Reading again after the lock sees what was committed while waiting for it, refunds included.
  await sql`select 1 from payments.payments where id = any(${ids}::text[]) order by id for update`.execute(tx)
  const found = await rows(
    tx,
    sql<PaymentRow>`select ${columns} from payments.payments p where p.id = any(${ids}::text[])`,
  )
  return found.map(toPayment)
}

/** Writes what became of payments that the transaction has locked. */
export async function write(tx: Tx, changes: readonly Change[], at: Date): Promise<void> {
  if (changes.length === 0) return
  const payments = changes.map(({ payment: p }) => ({
    id: p.id,
    state: p.state,
    state_at: date(p.stateAt),
    step: p.step,
    next_at: date(p.nextAt),
    lease_until: date(p.leaseUntil),
    attempts: p.attempts,
    unknown_since: date(p.unknownSince),
    trouble: p.trouble,
    key_seq: p.keySeq,
    is_doubtful: p.isDoubtful,
    hint: p.hint,
    provider_status: p.providerStatus,
    refusal: p.refusal,
    deposit: p.deposit,
    captured_at: date(p.capturedAt),
    captured_amount: p.capturedAmount,
    refunded_amount: p.refundedAmount,
  }))
  await sql`
    update payments.payments p
    set state = n.state, state_at = n.state_at, step = n.step, next_at = n.next_at, lease_until = n.lease_until, attempts = n.attempts,
        unknown_since = n.unknown_since, trouble = n.trouble, key_seq = n.key_seq, is_doubtful = n.is_doubtful, hint = n.hint,
        provider_status = n.provider_status, refusal = n.refusal, deposit = n.deposit, captured_at = n.captured_at, captured_amount = n.captured_amount,
        refunded_amount = n.refunded_amount
    from jsonb_to_recordset(${JSON.stringify(payments)}::jsonb) as n (
      id text, state text, state_at timestamptz, step text, next_at timestamptz, lease_until timestamptz, attempts integer,
      unknown_since timestamptz, trouble text, key_seq integer, is_doubtful boolean, hint text, provider_status text, refusal jsonb, deposit jsonb,
      captured_at timestamptz, captured_amount bigint, refunded_amount bigint)
    where p.id = n.id`.execute(tx)
  await writeRefunds(
    tx,
    changes.flatMap(({ refunds }) => refunds),
    at,
  )
  const lines = changes.flatMap(({ payment, history }) => history.map((line) => ({ ...line, paymentId: payment.id })))
  if (lines.length === 0) return
  await sql`
    insert into payments.history (payment_id, at, event, from_state, to_state, detail)
    select n.payment_id, ${at}, n.event, n.from_state, n.to_state, n.detail
    from unnest(${lines.map((l) => l.paymentId)}::text[], ${lines.map((l) => l.event)}::text[], ${lines.map((l) => l.from)}::text[],
                ${lines.map((l) => l.to)}::text[], ${lines.map((l) => l.detail)}::text[])
      with ordinality as n (payment_id, event, from_state, to_state, detail, position)
    order by n.position`.execute(tx)
}

async function writeRefunds(tx: Tx, refunds: readonly (Refund & { isDone: boolean })[], at: Date): Promise<void> {
  if (refunds.length === 0) return
  await sql`
    insert into payments.refunds (id, payment_id, request_id, origin, amount, balance, target, key_seq, reason, created_at, done_at)
    select n.id, n."paymentId", n."requestId", n.origin, n.amount, n.balance, n.target, n."keySeq", n.reason, ${at},
           case when n."isDone" then ${at}::timestamptz end
    from jsonb_to_recordset(${JSON.stringify(refunds)}::jsonb) as n (
      id text, "paymentId" text, "requestId" text, origin text, amount bigint, balance bigint, target bigint, "keySeq" integer,
      reason text, "isDone" boolean)
    on conflict (id) do update
    set amount = excluded.amount, balance = excluded.balance, key_seq = excluded.key_seq, done_at = excluded.done_at`.execute(
    tx,
  )
}

/** Which of these messages have asked for a refund already. */
export const refundRequestsSeen = async (tx: Tx, requestIds: readonly string[]): Promise<Set<string>> => {
  const seen = await rows(
    tx,
    sql<{ id: string }>`select request_id as id from payments.refunds where request_id = any(${requestIds}::text[])`,
  )
  return new Set(seen.map(({ id }) => id))
}

/** Has payments asked for at once that nobody asks about. */
export const askForKeys = (db: Db, provider: string, keys: readonly string[], now: Date) =>
  sql`
    update payments.payments set step = coalesce(step, 'query'), next_at = least(coalesce(next_at, 'infinity'), ${now})
    where provider = ${provider} and payment_key = any(${keys}::text[])`.execute(db)

// webhooks

export type HintItem = {
  provider: string
  transmissionId: string
  paymentKey: string | null
  orderId: string | null
  claim: Status | null
  secret?: string | null
}
export type Hinted = { position: number; id: string; state: State; hint: string | null; secret: string | null }

/** The payments that hints are about; `position` is the hint's, from 1. Each hint is looked up by its own index scan. */
const hinted = (hints: readonly HintItem[]) => sql`
  with h as (
    select * from unnest(${hints.map((h) => h.provider)}::text[], ${hints.map((h) => h.paymentKey)}::text[], ${hints.map((h) => h.orderId)}::text[])
      with ordinality as h (provider, payment_key, order_id, position)),
  wanted as (
    select h.position, p.id from h, lateral (
      select id from payments.payments p where p.provider = h.provider and p.payment_key = h.payment_key offset 0) p
    union
    select h.position, p.id from h, lateral (
      select id from payments.payments p where p.order_id = h.order_id and p.provider = h.provider offset 0) p
    where h.payment_key is null)
  select w.position, p.id, p.state, p.hint, p.deposit ->> 'secret' as secret from payments.payments p join wanted w on w.id = p.id
  order by p.id, w.position`

export const readHinted = (db: Db, hints: readonly HintItem[]) => rows(db, sql<Hinted>`${hinted(hints)}`)

export const lockHinted = (tx: Tx, hints: readonly HintItem[]) =>
  rows(tx, sql<Hinted>`${hinted(hints)} for update of p`)

export type HintFound = { provider: string; transmissionId: string; paymentId: string; claim: Status | null }

/** Remembers transmissions. @returns those that are new */
export const insertTransmissions = (tx: Tx, found: readonly HintFound[], at: Date) =>
  rows(
    tx,
    sql<{ transmissionId: string; paymentId: string; claim: Status | null }>`
      insert into payments.webhooks (provider, transmission_id, payment_id, claim, received_at)
      select n.*, ${at} from unnest(${found.map((f) => f.provider)}::text[], ${found.map((f) => f.transmissionId)}::text[],
                                    ${found.map((f) => f.paymentId)}::text[], ${found.map((f) => f.claim)}::text[])
        as n (provider, transmission_id, payment_id, claim)
      on conflict do nothing
      returning transmission_id as "transmissionId", payment_id as "paymentId", claim`,
  )

/** Has payments asked for as soon as the pace allows; what is being asked or due anyway is only marked. */
export const hint = (
  tx: Tx,
  hints: readonly { paymentId: string; claim: string }[],
  { now, pauseMs }: { now: Date; pauseMs: number },
) =>
  sql`
    update payments.payments p
    set hint = n.claim, step = coalesce(p.step, 'query'),
        next_at = least(coalesce(p.next_at, 'infinity'), greatest(${now}, p.asked_at + make_interval(secs => ${pauseMs / 1000})))
    from unnest(${hints.map((h) => h.paymentId)}::text[], ${hints.map((h) => h.claim)}::text[]) as n (id, claim)
    where p.id = n.id`.execute(tx)

/** @returns how many were forgotten */
export const forgetWebhooks = async (tx: Tx, before: Date, limit: number): Promise<number> =>
  (
    await rows(
      tx,
      sql`delete from payments.webhooks where ctid in (select ctid from payments.webhooks where received_at < ${before} limit ${limit}) returning 1`,
    )
  ).length

// looks

/** Payments by deposit of an account, of one order of it or of all, newest first. */
export const depositsOf = async (
  db: Db,
  { accountId, orderId }: { accountId: string; orderId?: string },
  limit: number,
): Promise<Payment[]> =>
  (
    await rows(
      db,
      sql<PaymentRow>`
        select ${columns} from payments.payments p
        where p.account_id = ${accountId} and p.deposit is not null
          and (${orderId ?? null}::text is null or p.order_id = ${orderId ?? null})
        order by p.created_at desc limit ${limit}`,
    )
  ).map(toPayment)

export type Unknowns = { count: number; oldestAt: Date | null; examples: string[] | null }

export const unknowns = (db: Db | Tx) =>
  row(
    db,
    sql<Unknowns>`
      select count(*), min(unknown_since) as "oldestAt",
             (array_agg(id order by unknown_since))[1:5] as examples
      from payments.payments where unknown_since is not null`,
  )

export type UnderWay = {
  id: string
  orderId: string
  state: State
  stateAt: Date
  providerStatus: string | null
  trouble: string | null
  attempts: number
}

export const underWay = (db: Db, before: Date, limit: number) =>
  rows(
    db,
    sql<UnderWay>`
      select id, order_id as "orderId", state, state_at as "stateAt", provider_status as "providerStatus", trouble, attempts
      from payments.payments p
      where state_at <= ${before}
        and (state in ('requested', 'capturing', 'refunding')
             or exists (select 1 from payments.refunds r where r.payment_id = p.id and r.done_at is null))
      order by state_at limit ${limit}`,
  )

export type HistoryEntry = {
  paymentId: string
  at: Date
  event: string
  fromState: State
  toState: State
  detail: string | null
}

export const historyOfOrder = (db: Db, orderId: string) =>
  rows(
    db,
    sql<HistoryEntry>`
      select h.payment_id as "paymentId", h.at, h.event, h.from_state as "fromState", h.to_state as "toState", h.detail
      from payments.history h join payments.payments p on p.id = h.payment_id
      where p.order_id = ${orderId} order by h.number limit 1000`,
  )

export const knownIds = async (db: Db, ids: readonly string[]): Promise<string[]> =>
  (await rows(db, sql<{ id: string }>`select id from payments.payments where id = any(${ids}::text[])`)).map(
    ({ id }) => id,
  )

// audit

const ofEvent = (eventId: string | undefined) => (eventId === undefined ? sql`true` : sql`p.event_id = ${eventId}`)

export const auditFigures = (db: Db, eventId?: string) =>
  row(
    db,
    sql<{ payments: number; pending: number; unknown: number; captured: number; refunded: number }>`
      select count(*) as payments,
             count(*) filter (where p.state in ('requested', 'capturing', 'refunding') or p.step = 'cancel' or o.payment_id is not null) as pending,
             count(*) filter (where p.unknown_since is not null) as unknown,
             coalesce(sum(p.captured_amount), 0)::bigint as captured, coalesce(sum(p.refunded_amount), 0)::bigint as refunded
      from payments.payments p
      left join (select distinct payment_id from payments.refunds where done_at is null) o on o.payment_id = p.id
      where ${ofEvent(eventId)}`,
  )

export const netCapturedByOrder = (db: Db, eventId?: string) =>
  rows(
    db,
    sql<{ orderId: string; net: number }>`
      select p.order_id as "orderId", sum(p.captured_amount - p.refunded_amount)::bigint as net
      from payments.payments p
      where p.captured_amount <> p.refunded_amount and ${ofEvent(eventId)}
      group by p.order_id`,
  )

/** Payments whose refunded amount is not the sum of their finished refunds. */
export const refundsOutOfStep = (db: Db, eventId?: string) =>
  rows(
    db,
    sql<{ id: string }>`
      select p.id from payments.payments p
      left join (select payment_id, sum(amount)::bigint as amount from payments.refunds where done_at is not null group by payment_id) r
        on r.payment_id = p.id
      where p.refunded_amount <> coalesce(r.amount, 0) and ${ofEvent(eventId)}`,
  )

/** Refused and declined payments that keep money although nobody gives it back. */
export const moneyWithoutClaim = (db: Db, eventId?: string) =>
  rows(
    db,
    sql<{ id: string }>`
      select p.id from payments.payments p
      where p.state not in ('captured', 'refunding') and p.captured_amount > p.refunded_amount
        and not exists (select 1 from payments.refunds r where r.payment_id = p.id and r.done_at is null)
        and ${ofEvent(eventId)}`,
  )

/** Open refunds that nobody is going to ask for, and payments that are being refunded without one. */
export const forgottenRefunds = (db: Db, eventId?: string) =>
  rows(
    db,
    sql<{ id: string }>`
      select p.id from payments.payments p
      left join (select distinct payment_id from payments.refunds where done_at is null) o on o.payment_id = p.id
      where ((o.payment_id is not null and p.next_at is null) or (o.payment_id is null and p.state = 'refunding')) and ${ofEvent(eventId)}`,
  )
