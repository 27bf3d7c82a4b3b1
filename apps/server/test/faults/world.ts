import type { IncomingMessage, ServerResponse } from 'node:http'
import type { EventType } from '@fairgate/contracts/events'
import type { Order } from '@fairgate/contracts/http/orders'
import { createInventory } from '#modules/inventory'
import { createOrders } from '#modules/orders'
import { createPayments } from '#modules/payments'
import { createTickets } from '#modules/tickets'
import type { Subscription } from '#platform/bus'
import { isUnavailable, sql, type Tx } from '#platform/db'
import type { Loop } from '#platform/loop'
import type { Module } from '#platform/module'
import { createRacepoints } from '#platform/racepoint'
import { createSecrets } from '#platform/secrets'
import type { TestPlatform } from '../fixtures.ts'
import { openTossProvider } from '../toss-provider.ts'

export const timeoutMs = 10_000
/** Longer than the lease of a question to the provider. */
export const afterLeaseMs = 30_000

/** A message on its way to one subscriber. */
export type Delivery = { type: EventType; subscriber: string }

/** What the world does just before messages of a type are handled. */
export type Meanwhile = { type: EventType; run(): Promise<void> }

/** What a fault does to the machinery. Only one is planned at a time. */
export type Plan = {
  /** Around the handling of messages; the default just handles them. */
  handle?(subscriber: string, types: readonly EventType[], tx: Tx, work: () => Promise<void>): Promise<void>
  /** Before subscribers look for messages. */
  beforePass?(): Promise<void>
  /** In place of asking the provider; true when it did. */
  ask?(process: Process): Promise<boolean>
  /** At the provider's door; true when it answered. */
  intercept?(request: IncomingMessage, response: ServerResponse): boolean
}

export type Process = Awaited<ReturnType<typeof openWorld>>['process']

export type World = Awaited<ReturnType<typeof openWorld>>

/**
 * Inventory, orders, payments and tickets as they are, on a real database, beside the provider's sandbox over HTTP, on a
 * clock that stands still. A process can die: another takes its place, with nothing but the database in common.
 */
export async function openWorld(platform: TestPlatform) {
  const { clock, db, database } = platform
  const provider = await openTossProvider(clock)
  provider.line.intercept = (request, response) =>
    request.headers['x-passed-on'] === undefined && plan.intercept?.(request, response) === true
  let plan: Plan = {}
  let meanwhile: Meanwhile | undefined
  let handled: Delivery[] = []
  let process = openProcess()
  await platform.register(process.modules)

  function openProcess() {
    const racepoints = createRacepoints()
    const own = { ...platform, racepoints }
    const orders = createOrders(own)
    const payments = createPayments(own, {
      ...provider.setups,
      timeoutMs,
      parallelMax: 8,
      depositMaxMs: 24 * 3_600_000,
    })
    const modules: Module[] = [
      createInventory(own).module,
      orders.module,
      payments.module,
      createTickets({ ...own, secrets: createSecrets(['test-secret']) }).module,
    ]
    const loop = (name: string): Loop => modules.flatMap(({ loops }) => loops ?? []).find((each) => each.name === name)!
    return {
      modules,
      orders,
      payments,
      racepoints,
      http: platform.http(modules).fastify,
      subscribers: new Map(
        modules.map(({ name, subscriptions }) => [
          name,
          platform.bus.subscriberLoop(
            name,
            (subscriptions ?? []).map((subscription) => watched(name, subscription)),
          ),
        ]),
      ),
      asking: loop('payments.asking'),
      timely: [loop('orders.expire'), loop('inventory.lapse')],
    }
  }

  function watched(subscriber: string, subscription: Subscription): Subscription {
    return {
      ...subscription,
      async handle(tx, messages) {
        const types = messages.map(({ type }) => type)
        if (meanwhile && types.includes(meanwhile.type)) await meanwhile.run()
        const work = () => subscription.handle(tx, messages)
        await (plan.handle ? plan.handle(subscriber, types, tx, work) : work())
        handled.push(...types.map((type) => ({ type, subscriber })))
      },
    }
  }

  /** The process is no more. Its connections end with it, its memory is lost, and another one is started. */
  function die(): void {
    process = openProcess()
  }

  /** Does all that is due, until nothing is. */
  async function rest(): Promise<void> {
    for (let pass = 0; pass < 200; pass++) {
      await plan.beforePass?.()
      const subscribers = await waiting()
      for (const subscriber of subscribers) {
        await process.subscribers
          .get(subscriber)
          ?.run()
          .catch((error: unknown) => {
            if (!isUnavailable(error)) throw error
            die()
          })
      }
      if (subscribers.length > 0) continue
      let isBusy = (await plan.ask?.(process)) ?? false
      while (await process.asking.run()) isBusy = true
      for (const loop of process.timely) while (await loop.run()) isBusy = true
      if (!isBusy && (await waiting()).length === 0) return
    }
    throw new Error('no rest after 200 passes')
  }

  async function waiting(): Promise<string[]> {
    // What failed holds back what comes after it.
    const found = await query<{ subscriber: string }>(
      `select distinct subscriber from platform.deliveries d
       where due_at <= $1 and not exists (
         select 1 from platform.deliveries e
         where e.subscriber = d.subscriber and e.key = d.key and e.seq < d.seq and e.attempts > 0 and e.due_at > $1)
       order by 1`,
      [new Date(clock.now())],
    )
    return found.map(({ subscriber }) => subscriber)
  }

  const query = async <T>(text: string, values: readonly unknown[] = []): Promise<T[]> =>
    (await database.pool.query(text, [...values])).rows as T[]

  /** When time alone will bring the next thing about; undefined when nothing is to come. */
  async function nextDue(): Promise<number | undefined> {
    const { rows } = await database.pool.query(
      `select min(at) as at from (
         select due_at as at from platform.deliveries where due_at < 'infinity'
         union all select greatest(next_at, lease_until) from payments.payments where next_at is not null
         union all select pay_by from orders.orders where state = 'awaiting-payment'
         union all select expires_at from inventory.holds where state = 'held') due`,
    )
    return (rows[0] as { at: Date | null }).at?.getTime()
  }

  /** Rests, and lets time pass to whatever comes next, until nothing is to come; `between` each. */
  async function settle(between: () => Promise<void> = async () => {}): Promise<void> {
    for (let step = 0; step < 150; step++) {
      await rest()
      await between()
      const at = await nextDue()
      if (at === undefined) return
      clock.advance(Math.max(1, at - clock.now()))
    }
    throw new Error('something is to come for ever')
  }

  async function send(method: 'GET' | 'POST' | 'DELETE', url: string, accountId: string, payload?: object) {
    const headers = await platform.authorization(accountId)
    const answer = await process.http.inject({ method, url, headers, ...(payload ? { payload } : {}) })
    return { status: answer.statusCode, body: (answer.body === '' ? {} : answer.json()) as Record<string, unknown> }
  }

  return {
    platform,
    provider,
    db,
    rest,
    settle,
    send,
    die,
    get process() {
      return process
    },
    get handled(): readonly Delivery[] {
      return handled
    },
    /** Whatever is planned is forgotten, and so is what was seen. */
    begin(next: Plan = {}) {
      plan = next
      meanwhile = undefined
      handled = []
      provider.calls.length = 0
    },
    meanwhile(what: Meanwhile) {
      meanwhile = what
    },
    order: async (orderId: string, accountId: string) =>
      (await send('GET', `/api/orders/${orderId}`, accountId)).body as unknown as Order,
    /** Ends the connection of a running transaction as a process that dies does. */
    async cut(tx: Tx): Promise<never> {
      await sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx)
      throw new Error('the connection was to be terminated')
    },
    query,
  }
}
