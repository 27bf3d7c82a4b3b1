import type { EventSummary } from '@fairgate/contracts/events'
import type { DeliveryState, WebhookType } from '@fairgate/contracts/http/webhooks'
import { changed, maybeRow, row, rows, sql, type Db, type Tx } from '#platform/db'
import type { Telling } from './payloads.ts'

// sales

type Sale = { id: string; organiserId: string; event: EventSummary }

/** @returns those whose organiser has an endpoint */
export async function keepSales(tx: Tx, sales: readonly Sale[]): Promise<string[]> {
  await sql`
    insert into webhooks.sales (id, organiser_id, event)
    select * from unnest(${sales.map((s) => s.id)}::text[], ${sales.map((s) => s.organiserId)}::text[],
                         ${sales.map((s) => JSON.stringify(s.event))}::jsonb[])
    on conflict do nothing`.execute(tx)
  const found = await rows(
    tx,
    sql<{ id: string }>`
      select id from unnest(${sales.map((s) => s.id)}::text[], ${sales.map((s) => s.organiserId)}::text[]) as s (id, organiser_id)
      where exists (select 1 from webhooks.endpoints e where e.organiser_id = s.organiser_id)`,
  )
  return found.map(({ id }) => id)
}

/** What the bus is to bring for an organiser: the account itself and its sales. */
export async function interestsOf(tx: Tx, organiserId: string): Promise<string[]> {
  const sales = await rows(tx, sql<{ id: string }>`select id from webhooks.sales where organiser_id = ${organiserId}`)
  return [organiserId, ...sales.map(({ id }) => id)]
}

/** @returns the sales that are sold out for the first time */
export async function bookSoldOut(tx: Tx, saleIds: readonly string[]): Promise<Map<string, Sale>> {
  const booked = await rows(
    tx,
    sql<Sale>`
      update webhooks.sales set is_sold_out = true where id = any(${saleIds}::text[]) and not is_sold_out
      returning id, organiser_id as "organiserId", event`,
  )
  return new Map(booked.map((sale) => [sale.id, sale]))
}

// endpoints

export type Endpoint = {
  id: string
  organiserId: string
  url: string
  description: string
  types: WebhookType[]
  disabledAt: Date | null
  disabledWhy: 'by-hand' | 'failing' | 'gone' | null
  failingSince: Date | null
  previousUntil: Date | null
  waiting: number
  createdAt: Date
}

const endpointColumns = sql`
  e.id, e.organiser_id as "organiserId", e.url, e.description, e.types, e.disabled_at as "disabledAt", e.disabled_why as "disabledWhy",
  e.failing_since as "failingSince", e.previous_until as "previousUntil", e.created_at as "createdAt",
  (select count(*) from webhooks.deliveries d where d.endpoint_id = e.id and d.state = 'waiting') as waiting`

export const endpointsOf = (db: Db | Tx, organiserId: string) =>
  rows(
    db,
    sql<Endpoint>`select ${endpointColumns} from webhooks.endpoints e where e.organiser_id = ${organiserId} order by e.id`,
  )

export const endpointOf = (db: Db | Tx, organiserId: string, id: string) =>
  maybeRow(
    db,
    sql<Endpoint>`select ${endpointColumns} from webhooks.endpoints e where e.id = ${id} and e.organiser_id = ${organiserId}`,
  )

/** Only one change of an organiser's list at a time, so that its length and the interests of the bus stay true. */
export async function lockOrganiser(tx: Tx, organiserId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`webhooks.${organiserId}`}, 0))`.execute(tx)
}

export async function insertEndpoint(
  tx: Tx,
  endpoint: Pick<Endpoint, 'id' | 'organiserId' | 'url' | 'description' | 'types'> & { secret: string },
  at: Date,
): Promise<void> {
  const { id, organiserId, url, description, types, secret } = endpoint
  await sql`
    insert into webhooks.endpoints (id, organiser_id, url, description, types, secret, created_at)
    values (${id}, ${organiserId}, ${url}, ${description}, ${types}, ${secret}, ${at})`.execute(tx)
}

export async function changeEndpoint(
  tx: Tx,
  id: string,
  change: Partial<Pick<Endpoint, 'url' | 'description' | 'types'>>,
): Promise<void> {
  await sql`
    update webhooks.endpoints set url = coalesce(${change.url ?? null}, url),
      description = coalesce(${change.description ?? null}, description), types = coalesce(${change.types ?? null}::text[], types)
    where id = ${id}`.execute(tx)
}

export const enable = (tx: Tx, id: string) =>
  changed(
    tx,
    sql`update webhooks.endpoints set disabled_at = null, disabled_why = null, failing_since = null where id = ${id} and disabled_at is not null`,
  )

/** Switches endpoints off, and ends what waits for them. @returns those that were on */
export const disable = (tx: Tx, ids: readonly string[], why: NonNullable<Endpoint['disabledWhy']>, at: Date) =>
  rows(
    tx,
    sql<Pick<Endpoint, 'id' | 'organiserId' | 'url' | 'failingSince'>>`
      with off as (
        update webhooks.endpoints set disabled_at = ${at}, disabled_why = ${why}
        where id = any(${ids}::text[]) and disabled_at is null
        returning id, organiser_id as "organiserId", url, failing_since as "failingSince"),
      ended as (
        update webhooks.deliveries set state = 'failed' where state = 'waiting' and endpoint_id in (select id from off))
      select * from off`,
  )

export const removeEndpoint = (tx: Tx, id: string) => changed(tx, sql`delete from webhooks.endpoints where id = ${id}`)

export async function rotate(tx: Tx, id: string, secret: string, previousUntil: Date): Promise<void> {
  await sql`
    update webhooks.endpoints set previous_secret = secret, previous_until = ${previousUntil}, secret = ${secret}
    where id = ${id}`.execute(tx)
}

// messages

/** Keeps a message for each of these that some endpoint wants; a fact that was told before is not told again. */
export async function queue(tx: Tx, tellings: readonly Telling[], at: Date): Promise<void> {
  await sql`
    with wanted as (
      select t.*, e.id as endpoint_id
      from unnest(${tellings.map((t) => t.id)}::text[], ${tellings.map((t) => t.organiserId)}::text[],
                  ${tellings.map((t) => t.type)}::text[], ${tellings.map((t) => t.body)}::text[]) as t (id, organiser_id, type, body)
      join webhooks.endpoints e on e.organiser_id = t.organiser_id and t.type = any(e.types) and e.disabled_at is null),
    kept as (
      insert into webhooks.messages (id, type, body, created_at)
      select distinct id, type, body, ${at}::timestamptz from wanted on conflict do nothing returning id)
    insert into webhooks.deliveries (endpoint_id, message_id, due_at)
    select endpoint_id, id, ${at} from wanted join kept using (id)`.execute(tx)
}

/** A message for one endpoint, whatever it wants. */
export async function queueFor(
  tx: Tx,
  endpointId: string,
  message: { id: string; type: string; body: string },
  at: Date,
): Promise<void> {
  await sql`
    with kept as (
      insert into webhooks.messages (id, type, body, created_at) values (${message.id}, ${message.type}, ${message.body}, ${at}))
    insert into webhooks.deliveries (endpoint_id, message_id, due_at) values (${endpointId}, ${message.id}, ${at})`.execute(
    tx,
  )
}

export type Leased = {
  endpointId: string
  messageId: string
  type: string
  body: string
  attempts: number
  /** Attempts since it was queued or last asked for by hand, this one included. */
  round: number
  url: string
  secret: string
  previousSecret: string | null
}

/**
 * Takes due messages, some of each endpoint, and keeps others away from them until the lease ends. `attempts` tells
 * this lease from later ones.
 * @param isFailing  of endpoints that took the last one, or of the others: these shall not keep those waiting
 */
export const lease = (
  tx: Tx,
  options: { isFailing: boolean; endpointsMax: number; eachMax: number; now: Date; until: Date },
) =>
  rows(
    tx,
    sql<Leased>`
      with taken as (
        select due.endpoint_id, due.message_id, e.url, e.secret, case when e.previous_until > ${options.now} then e.previous_secret end as previous
        from (
          select id, url, secret, previous_secret, previous_until from webhooks.endpoints e
          where (e.failing_since is not null) = ${options.isFailing}
            and exists (select 1 from webhooks.deliveries d where d.endpoint_id = e.id and d.state = 'waiting' and d.due_at <= ${options.now})
          order by id limit ${options.endpointsMax}) e
        cross join lateral (
          select endpoint_id, message_id from webhooks.deliveries d
          where d.endpoint_id = e.id and d.state = 'waiting' and d.due_at <= ${options.now}
          order by d.due_at limit ${options.eachMax} for update skip locked) due)
      update webhooks.deliveries d set attempts = attempts + 1, due_at = ${options.until}
      from taken t join webhooks.messages m on m.id = t.message_id
      where d.endpoint_id = t.endpoint_id and d.message_id = t.message_id
      returning d.endpoint_id as "endpointId", d.message_id as "messageId", m.type, m.body, d.attempts,
        d.attempts - d.attempts_before as round, t.url, t.secret, t.previous as "previousSecret"`,
  )

export type Booking = {
  endpointId: string
  messageId: string
  attempts: number
  state: DeliveryState
  dueAt: Date
  at: Date
  status: number | null
  ms: number
  reason: string | null
}

/** Writes down what became of leased messages, unless the lease has gone to somebody else meanwhile. */
export async function book(tx: Tx, bookings: readonly Booking[]): Promise<void> {
  await sql`
    with b as (
      select * from unnest(${bookings.map((b) => b.endpointId)}::text[], ${bookings.map((b) => b.messageId)}::text[],
        ${bookings.map((b) => b.attempts)}::integer[], ${bookings.map((b) => b.state)}::text[], ${bookings.map((b) => b.dueAt)}::timestamptz[],
        ${bookings.map((b) => b.at)}::timestamptz[], ${bookings.map((b) => b.status)}::integer[], ${bookings.map((b) => b.ms)}::integer[],
        ${bookings.map((b) => b.reason)}::text[]) as b (endpoint_id, message_id, attempts, state, due_at, at, status, ms, reason)),
    done as (
      update webhooks.deliveries d set state = b.state, due_at = b.due_at from b
      where d.endpoint_id = b.endpoint_id and d.message_id = b.message_id and d.attempts = b.attempts and d.state = 'waiting'
      returning b.*)
    insert into webhooks.attempts (endpoint_id, message_id, attempt, at, status, ms, reason)
    select endpoint_id, message_id, attempts, at, status, ms, reason from done`.execute(tx)
}

/** An endpoint that took something works; one that did not has been failing since then, or since before. */
export async function bookHealth(
  tx: Tx,
  health: readonly { endpointId: string; failed: boolean }[],
  at: Date,
): Promise<void> {
  await sql`
    update webhooks.endpoints e set failing_since = case when h.failed then coalesce(e.failing_since, ${at}) end
    from unnest(${health.map((h) => h.endpointId)}::text[], ${health.map((h) => h.failed)}::boolean[]) as h (id, failed)
    where e.id = h.id and (e.failing_since is not null) <> h.failed`.execute(tx)
}

export const failingSince = (tx: Tx, before: Date) =>
  rows(
    tx,
    sql<{ id: string }>`select id from webhooks.endpoints where disabled_at is null and failing_since <= ${before}`,
  )

// log

export type Delivery = {
  messageId: string
  type: string
  state: DeliveryState
  createdAt: Date
  dueAt: Date
  attempts: { at: string; status: number | null; ms: number; reason: string | null }[]
}

/** Newest first: ids sort by the time of birth. */
export const deliveriesOf = (
  db: Db,
  options: { endpointId: string; state: DeliveryState | undefined; before: string | undefined; limit: number },
) =>
  rows(
    db,
    sql<Delivery>`
      select d.message_id as "messageId", m.type, d.state, m.created_at as "createdAt", d.due_at as "dueAt",
        coalesce((select jsonb_agg(jsonb_build_object('at', a.at, 'status', a.status, 'ms', a.ms, 'reason', a.reason))
                  from (select * from webhooks.attempts a where a.endpoint_id = d.endpoint_id and a.message_id = d.message_id
                        order by a.attempt desc limit 20) a), '[]') as attempts
      from webhooks.deliveries d join webhooks.messages m on m.id = d.message_id
      where d.endpoint_id = ${options.endpointId} and (${options.state ?? null}::text is null or d.state = ${options.state ?? null})
        and (${options.before ?? null}::text is null or d.message_id < ${options.before ?? null})
      order by d.message_id desc limit ${options.limit}`,
  )

export const resend = (tx: Tx, endpointId: string, messageId: string, at: Date) =>
  changed(
    tx,
    sql`
      update webhooks.deliveries set state = 'waiting', attempts_before = attempts, due_at = ${at}
      where endpoint_id = ${endpointId} and message_id = ${messageId}`,
  )

/** Forgets messages from before `before` with their log, a bounded portion. @returns whether more may be left */
export const sweep = async (tx: Tx, before: Date, limit: number): Promise<boolean> =>
  (await changed(
    tx,
    sql`delete from webhooks.messages where id in (select id from webhooks.messages where created_at < ${before} order by created_at limit ${limit})`,
  )) === limit

export const counts = (db: Db, attemptsMax: number) =>
  row(
    db,
    sql<{ waiting: number; disabled: number; overTried: number }>`
      select count(*) filter (where state = 'waiting') as waiting,
             count(*) filter (where attempts - attempts_before > ${attemptsMax}) as "overTried",
             (select count(*) from webhooks.endpoints where disabled_why in ('failing', 'gone')) as disabled
      from webhooks.deliveries`,
  )
