import { events, type EventData, type EventType, type Message } from '@fairgate/contracts/events'
import {
  afterCommit,
  changed,
  exclusive,
  isUnavailable,
  lastly,
  maybeRow,
  postgresCode,
  row,
  rows,
  sql,
  transaction,
  type Db,
  type Tx,
} from './db.ts'
import type { Clock } from './clock.ts'
import type { Ids } from './ids.ts'
import type { Log } from './log.ts'
import type { Loop } from './loop.ts'
import type { Metrics } from './metrics.ts'
import type { Signals } from './signals.ts'

/** A fact to be published. */
export type Fact = { [T in EventType]: { type: T; data: EventData<T> } }[EventType]

/** Shorthand that keeps a literal's type: `fact('orders.order-placed.v1', {…})`. */
export const fact = <T extends EventType>(type: T, data: EventData<T>): Fact => ({ type, data }) as Fact

/** Accounts in one message: 500 are about 16 kB. */
const accountsPerMessage = 500

/** A fact about many accounts, in as many messages as it takes. */
export const factsAbout = (accountIds: readonly string[], tell: (accountIds: string[]) => Fact): Fact[] =>
  Array.from({ length: Math.ceil(accountIds.length / accountsPerMessage) }, (_, i) =>
    tell(accountIds.slice(i * accountsPerMessage, (i + 1) * accountsPerMessage)),
  )

export type Outbox = {
  /** Publishes facts in the transaction that makes them true: they are delivered if and only if it commits. */
  publish(tx: Tx, facts: readonly Fact[]): Promise<void>
}

/** Handles messages of some types, several in one transaction; a thrown error undoes all of them and they are tried one by one. */
export type Subscription = {
  types: readonly EventType[]
  /** Whether one call may bring several messages of the same key, in their order. */
  isOrdered: boolean
  handle(tx: Tx, messages: readonly Message[]): Promise<void>
}

/** Messages of one type. A call never brings two of the same key. */
export const on = <T extends EventType>(
  type: T,
  handle: (tx: Tx, messages: readonly Message<T>[]) => Promise<void>,
): Subscription => ({ types: [type], isOrdered: false, handle: handle as unknown as Subscription['handle'] })

/** Messages of several types, in the order of each key: for a handler that works through them one after the other. */
export const onEach = <T extends EventType>(
  types: readonly T[],
  handle: (tx: Tx, messages: readonly Message<T>[]) => Promise<void>,
): Subscription => ({ types, isOrdered: true, handle: handle as unknown as Subscription['handle'] })

/** For subscribers that want some types only about certain values: by type the path of the member that tells, `event.organiserId`. */
export type Narrowed = Partial<Record<EventType, string>>

/** From now on facts about these values reach the subscriber, of the types that it has narrowed. */
export async function addInterests(tx: Tx, subscriber: string, values: readonly string[]): Promise<void> {
  await sql`
    insert into platform.interests (subscriber, value) select ${subscriber}::text, unnest(${values}::text[]) on conflict do nothing`.execute(
    tx,
  )
}

/** No more facts about these values. What is under way still arrives. */
export async function dropInterests(tx: Tx, subscriber: string, values: readonly string[]): Promise<void> {
  await sql`delete from platform.interests where subscriber = ${subscriber} and value = any(${values}::text[])`.execute(
    tx,
  )
}

type DeliveryRow = {
  seq: number
  message_id: string
  type: EventType
  key: string
  time: Date
  data: unknown
  attempts: number
}

const batchMax = 256
const attemptsMax = 8
/**
 * Under load a subscriber looks for messages 25 times a second at most: a look costs a commit, so larger portions are
 * cheaper. Measured: 335 orders/s on one section, against 296 with 20 ms, and no more with 80 ms.
 */
const gatherMs = 40
/** 0.1 s, 0.2 s … 12.8 s: a message that fails for about half a minute is parked. */
const backoffMs = (attempts: number) => 100 * 2 ** (attempts - 1)

/**
 * Facts between modules, carried by the database itself: publishing writes one row for each subscriber, a subscriber's
 * effect and the deletion of its row are one transaction, so every effect happens exactly once. One process at a time
 * works for a subscriber (a lock that ends with its transaction), messages with the same key keep their order.
 */
export function createBus(options: { db: Db; clock: Clock; ids: Ids; log: Log; signals: Signals; metrics?: Metrics }) {
  const { db, clock, ids, log, signals, metrics } = options
  const handled = metrics?.counter('fairgate_messages_handled_total', 'Messages handled', ['subscriber'])
  const parkedCount = metrics?.counter('fairgate_messages_parked_total', 'Messages set aside after too many failures', [
    'subscriber',
    'type',
  ])

  const outbox: Outbox = {
    async publish(tx, facts) {
      if (facts.length === 0) return
      const keyOf = (item: Fact) => String((item.data as Record<string, unknown>)[events[item.type].key])
      const inserting = rows(
        tx,
        sql<{ subscriber: string }>`
          insert into platform.deliveries (subscriber, message_id, type, key, time, data, due_at)
          select s.subscriber, f.id, f.type, f.key, ${new Date(clock.now())}, f.data, ${new Date(clock.now())}
          from unnest(${facts.map(() => ids('message'))}::text[], ${facts.map((item) => item.type)}::text[],
                      ${facts.map(keyOf)}::text[], ${facts.map((item) => JSON.stringify(item.data))}::jsonb[])
            with ordinality as f (id, type, key, data, position)
          join platform.subscriptions s on s.type = f.type
            and (s.member is null or exists (select 1 from platform.interests i where i.subscriber = s.subscriber and i.value = f.data #>> s.member))
          order by f.position
          returning subscriber`,
      )
      const noting = inserting.then((inserted) =>
        afterCommit(tx, () => {
          for (const subscriber of new Set(inserted.map((entry) => entry.subscriber))) signals.emit('bus', subscriber)
        }),
      )
      lastly(tx, noting)
    },
  }

  /** Registers what subscribers want. Every process registers all of them, hosted here or not. */
  async function register(
    wanted: Readonly<Record<string, readonly EventType[]>>,
    narrowed: Readonly<Record<string, Narrowed>> = {},
  ): Promise<void> {
    const pairs = Object.entries(wanted).flatMap(([subscriber, types]) =>
      types.map((type) => ({ subscriber, type, member: narrowed[subscriber]?.[type] ?? null })),
    )
    await transaction(db, async (tx) => {
      await sql`select pg_advisory_xact_lock(hashtextextended('bus.register', 0))`.execute(tx)
      await sql`
        delete from platform.subscriptions s
        where not exists (select 1 from unnest(${pairs.map((p) => p.type)}::text[], ${pairs.map((p) => p.subscriber)}::text[]) w (type, subscriber)
                          where w.type = s.type and w.subscriber = s.subscriber)`.execute(tx)
      await sql`
        insert into platform.subscriptions as s (type, subscriber, member)
        select distinct type, subscriber, string_to_array(member, '.')
        from unnest(${pairs.map((p) => p.type)}::text[], ${pairs.map((p) => p.subscriber)}::text[], ${pairs.map((p) => p.member)}::text[])
          as w (type, subscriber, member)
        on conflict (type, subscriber) do update set member = excluded.member where s.member is distinct from excluded.member`.execute(
        tx,
      )
    })
  }

  /** The work of one subscriber: a portion is one batch in one transaction. */
  function subscriberLoop(subscriber: string, subscriptions: readonly Subscription[]): Loop {
    const lockName = `bus.${subscriber}`
    const byType = new Map(
      subscriptions.flatMap((subscription) => subscription.types.map((type) => [type, subscription] as const)),
    )

    async function handle(tx: Tx, batch: readonly DeliveryRow[]): Promise<void> {
      for (const wave of waves(batch, (delivery) => byType.get(delivery.type))) {
        for (const [subscription, deliveries] of wave) await subscription.handle(tx, deliveries.map(toMessage))
      }
      lastly(
        tx,
        sql`delete from platform.deliveries where subscriber = ${subscriber} and seq = any(${batch.map((d) => d.seq)}::bigint[])`.execute(
          tx,
        ),
      )
    }

    /** The next messages, unless another process works for this subscriber. What waits is read once the lock is there. */
    async function take(tx: Tx, limit: number): Promise<DeliveryRow[]> {
      const now = new Date(clock.now())
      // The lock of `exclusive`, whose answer the next statement reads before it has come here.
      const locking = sql`
        select set_config('fairgate.is_taken', pg_try_advisory_xact_lock(hashtextextended(${lockName}, 0))::text, true)`
      lastly(tx, locking.execute(tx))
      return rows(
        tx,
        sql<DeliveryRow>`
          select seq, message_id, type, key, time, data, attempts from platform.deliveries d
          where subscriber = ${subscriber} and due_at <= ${now} and current_setting('fairgate.is_taken')::boolean
            and not exists (select 1 from platform.deliveries e
                            where e.subscriber = d.subscriber and e.key = d.key and e.seq < d.seq and e.attempts > 0 and e.due_at > ${now})
          order by seq limit ${limit}`,
      )
    }

    /** @returns how many messages were taken; a negative number when the batch failed and must be tried one by one */
    async function portion(limit: number): Promise<number> {
      let taken: readonly DeliveryRow[] = []
      try {
        await transaction(db, async (tx) => {
          taken = await take(tx, limit)
          if (taken.length > 0) await handle(tx, taken)
        })
        handled?.add({ subscriber }, taken.length)
        return taken.length
      } catch (error) {
        // A statement out of time (57014) is the message's own doing; a database that went away is not.
        if (taken.length === 0 || (isUnavailable(error) && postgresCode(error) !== '57014')) throw error
        if (taken.length > 1) return -1
        await fail(error, taken[0]!)
        return 1
      }
    }

    /** Books the failure of a message: later, or aside. */
    async function fail(error: unknown, failed: DeliveryRow): Promise<void> {
      const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
      await exclusive(db, lockName, async (tx) => {
        // Another process may have handled it since, or booked its own failure.
        const delivery = await maybeRow(
          tx,
          sql<DeliveryRow>`
            select seq, message_id, type, key, time, data, attempts from platform.deliveries
            where subscriber = ${subscriber} and seq = ${failed.seq} and attempts = ${failed.attempts}`,
        )
        if (!delivery) return
        const attempts = delivery.attempts + 1
        if (attempts < attemptsMax) {
          await sql`
            update platform.deliveries set attempts = ${attempts}, due_at = ${new Date(clock.now() + backoffMs(attempts))}
            where subscriber = ${subscriber} and seq = ${delivery.seq}`.execute(tx)
          log.warn(
            { err: error, subscriber, type: delivery.type, key: delivery.key, attempts },
            'message failed; trying again later',
          )
          return
        }
        await sql`
          with gone as (delete from platform.deliveries where subscriber = ${subscriber} and seq = ${delivery.seq} returning *)
          insert into platform.parked (subscriber, message_id, type, key, time, data, attempts, reason, parked_at)
          select subscriber, message_id, type, key, time, data, ${attempts}, ${reason.slice(0, 2000)}, ${new Date(clock.now())} from gone`.execute(
          tx,
        )
        parkedCount?.add({ subscriber, type: delivery.type }, 1)
        log.error({ err: error, subscriber, type: delivery.type, key: delivery.key, attempts }, 'message parked')
      })
    }

    /** After a failed batch this many messages are taken one by one. */
    let single = 0
    return {
      name: `bus.${subscriber}`,
      intervalMs: 1000,
      gatherMs,
      onStart: (nudge) =>
        void signals.on('bus', (subscribers) => {
          if (subscribers.includes(subscriber)) nudge()
        }),
      async run() {
        const limit = single > 0 ? 1 : batchMax
        const taken = await portion(limit)
        if (taken < 0) single = batchMax
        else if (single > 0) single--
        // Whatever came since then has nudged.
        return taken < 0 || taken === limit
      },
    }
  }

  const parked = {
    /** Oldest first, at most 500; of one key or of all. */
    list: (filter: { key?: string } = {}) =>
      rows(
        db,
        sql<{
          subscriber: string
          id: string
          type: string
          key: string
          reason: string
          attempts: number
          parkedAt: Date
        }>`
          select subscriber, message_id as id, type, key, reason, attempts, parked_at as "parkedAt"
          from platform.parked
          where (${filter.key ?? null}::text is null or key = ${filter.key ?? null})
          order by parked_at limit 500`,
      ),
    /** Hands parked messages to their subscribers again; pressing twice does no harm. @returns how many */
    async retry(
      filter: { subscriber?: string | undefined; id?: string | undefined; key?: string | undefined } = {},
    ): Promise<number> {
      const count = await changed(
        db,
        sql`
          with back as (
            delete from platform.parked
            where (${filter.subscriber ?? null}::text is null or subscriber = ${filter.subscriber ?? null})
              and (${filter.id ?? null}::text is null or message_id = ${filter.id ?? null})
              and (${filter.key ?? null}::text is null or key = ${filter.key ?? null})
            returning *)
          insert into platform.deliveries (subscriber, message_id, type, key, time, data, due_at)
          select subscriber, message_id, type, key, time, data, ${new Date(clock.now())} from back`,
      )
      if (filter.subscriber) signals.emit('bus', filter.subscriber)
      return count
    },
  }

  /** How many messages wait; for tests, audits and metrics. */
  const backlog = async (): Promise<number> =>
    (await row(db, sql<{ count: number }>`select count(*) from platform.deliveries`)).count

  /** Keys of the messages that wait: what these speak of may differ between modules for a moment. */
  const waitingKeys = async (): Promise<string[]> =>
    (await rows(db, sql<{ key: string }>`select distinct key from platform.deliveries limit 100000`)).map(
      ({ key }) => key,
    )

  return { outbox, register, subscriberLoop, parked, backlog, waitingKeys }
}

export type Bus = ReturnType<typeof createBus>

/**
 * Messages in waves, each by subscription, so that all of a wave may be handled in any order without breaking a key's:
 * the next message of a key goes into the next wave, or into the same when an ordered subscription takes both.
 * A message whose subscription the code no longer has is nobody's.
 */
function waves(
  batch: readonly DeliveryRow[],
  subscriptionOf: (delivery: DeliveryRow) => Subscription | undefined,
): Map<Subscription, DeliveryRow[]>[] {
  const last = new Map<string, { wave: number; subscription: Subscription }>()
  const result: Map<Subscription, DeliveryRow[]>[] = []
  for (const delivery of batch) {
    const subscription = subscriptionOf(delivery)
    if (!subscription) continue
    const before = last.get(delivery.key)
    const isTogether = subscription.isOrdered && before?.subscription === subscription
    const wave = before === undefined ? 0 : before.wave + (isTogether ? 0 : 1)
    last.set(delivery.key, { wave, subscription })
    const group = (result[wave] ??= new Map<Subscription, DeliveryRow[]>())
    const deliveries = group.get(subscription)
    if (deliveries) deliveries.push(delivery)
    else group.set(subscription, [delivery])
  }
  return result
}

const toMessage = (delivery: DeliveryRow): Message =>
  ({
    id: delivery.message_id,
    type: delivery.type,
    key: delivery.key,
    time: delivery.time.getTime(),
    data: delivery.data,
  }) as Message
