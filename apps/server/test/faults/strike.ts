import type { IncomingMessage, ServerResponse } from 'node:http'
import type { EventType } from '@fairgate/contracts/events'
import { sql } from '#platform/db'
import type { Cell } from './scenarios.ts'
import { afterLeaseMs, timeoutMs, type Delivery, type Plan, type Process, type World } from './world.ts'

export const faults = [
  'crash before',
  'crash after',
  'timeout',
  'error after',
  'duplicate',
  'reorder',
  'delay',
] as const
export type Fault = (typeof faults)[number]

/** What is struck: a message on its way to a subscriber, or a call to the provider. */
export const calls = ['confirm', 'query', 'cancel'] as const
export type Call = (typeof calls)[number]
export type Target = ({ kind: 'message' } & Delivery) | { kind: 'call'; call: Call }

/** A fault that is planned for the first time that its target comes by. */
export type Strike = {
  plan: Plan
  /** Done while the scenario has come to rest and the fault still holds something back. @returns whether it did something */
  atRest(cell: Cell): Promise<boolean>
  /** Done when all has ended. */
  atEnd(cell: Cell): Promise<void>
  /** Whether it has struck; for a reordering also whether anything came to overtake. */
  hasStruck(): boolean
}

export type Controls = {
  /** A message is forgotten before its effect is committed, as by a consumer that acknowledges first. */
  acknowledgesFirst?: boolean
}

export function planStrike(world: World, target: Target, fault: Fault, controls: Controls = {}): Strike {
  return target.kind === 'message'
    ? strikeMessage(world, target, fault, controls)
    : strikeCall(world, target.call, fault)
}

function strikeMessage(world: World, { type, subscriber }: Delivery, fault: Fault, controls: Controls): Strike {
  let struck = false
  let copy: string | undefined
  const isIt = (by: string, types: readonly EventType[]) => !struck && by === subscriber && types.includes(type)
  const nothing = { atRest: async () => false, atEnd: async () => {}, hasStruck: () => struck }
  const lost = (): Promise<unknown> =>
    world.query('delete from platform.deliveries where subscriber = $1 and type = $2', [subscriber, type])

  switch (fault) {
    // It dies at the last moment: all statements have run, nothing is committed.
    case 'crash before':
      return {
        ...nothing,
        plan: {
          async handle(by, types, tx, work) {
            const dies = isIt(by, types)
            await work()
            if (!dies) return
            struck = true
            if (controls.acknowledgesFirst) await lost()
            await world.cut(tx)
          },
        },
      }
    // All is committed and nobody was told: no signal, no metric, no answer.
    case 'crash after': {
      let isCommitting = false
      return {
        ...nothing,
        plan: {
          async handle(by, types, _tx, work) {
            if (isIt(by, types)) struck = isCommitting = true
            await work()
          },
          async beforePass() {
            if (isCommitting) world.die()
            isCommitting = false
          },
        },
      }
    }
    case 'timeout':
      return {
        ...nothing,
        plan: {
          async handle(by, types, tx, work) {
            const hangs = isIt(by, types)
            await work()
            if (!hangs) return
            struck = true
            await sql`set local statement_timeout = 1`.execute(tx)
            await sql`select pg_sleep(10)`.execute(tx)
          },
        },
      }
    case 'error after':
      return {
        ...nothing,
        plan: {
          async handle(by, types, _tx, work) {
            const fails = isIt(by, types)
            await work()
            if (!fails) return
            struck = true
            throw new Error('it failed after its effect')
          },
        },
      }
    // Once more at once, as it was, and once more when all is over, as a new message.
    case 'duplicate':
      return {
        ...nothing,
        plan: {
          async handle(by, types, _tx, work) {
            if (isIt(by, types)) {
              struck = true
              const { rows } = await world.platform.database.pool.query(
                'select to_jsonb(d) as delivery from platform.deliveries d where subscriber = $1 and type = $2',
                [subscriber, type],
              )
              copy = JSON.stringify((rows[0] as { delivery: unknown }).delivery)
              await deliver(world, copy, false)
            }
            await work()
          },
        },
        async atEnd() {
          if (copy) await deliver(world, copy, true)
          await world.settle()
        },
      }
    case 'reorder':
    case 'delay':
      return heldBack(world, { type, subscriber }, fault)
  }
}

async function deliver(world: World, delivery: string, isNew: boolean): Promise<void> {
  await world.query(
    `insert into platform.deliveries (subscriber, message_id, type, key, time, data, due_at)
     select subscriber, ${isNew ? "message_id || '-again'" : 'message_id'}, type, key, time, data, $2
     from jsonb_populate_record(null::platform.deliveries, $1::jsonb)`,
    [delivery, new Date(world.platform.clock.now())],
  )
}

/**
 * A message that is kept from its subscriber. `reorder`: until an operator has asked for the order's step again, the
 * buyer has paid once more, the provider has sent its notices, and all that follows has gone by. `delay`: until long
 * after the time to pay, with somebody else after the seats.
 */
function heldBack(world: World, { type, subscriber }: Delivery, fault: 'reorder' | 'delay'): Strike {
  const { clock } = world.platform
  let held: string | undefined
  let isReleased = false
  let overtakenBy = 0
  const seen = () => world.handled.filter((each) => each.subscriber === subscriber).length
  return {
    plan: {
      async beforePass() {
        if (held !== undefined) return
        const [found] = await world.query<{ seq: string }>(
          `update platform.deliveries set due_at = 'infinity' where subscriber = $1 and type = $2 returning seq`,
          [subscriber, type],
        )
        held = found?.seq
      },
    },
    async atRest(cell) {
      if (held === undefined || isReleased) return false
      const before = seen()
      if (fault === 'reorder') {
        await world.process.orders.replay(cell.orderId)
        await world.rest()
        await cell.pay()
        for (const { key } of cell.payments) await cell.notice(key)
        await world.rest()
        clock.advance(60_000)
      } else {
        clock.set(Math.max(clock.now(), Date.parse((await cell.look()).payBy)) + 60_000)
        await world.rest()
        await cell.taken([1, 2])
      }
      await world.rest()
      overtakenBy = seen() - before
      isReleased = true
      await world.query('update platform.deliveries set due_at = $1 where subscriber = $2 and seq = $3', [
        new Date(clock.now()),
        subscriber,
        held,
      ])
      return true
    },
    async atEnd() {},
    hasStruck: () => isReleased && (fault === 'delay' || overtakenBy > 0),
  }
}

const callOf = ({ method, url = '' }: IncomingMessage): Call =>
  method === 'GET' ? 'query' : url.endsWith('/cancel') ? 'cancel' : 'confirm'

function strikeCall(world: World, call: Call, fault: Fault): Strike {
  const { clock } = world.platform
  let struck = false
  const nothing = { atRest: async () => false, atEnd: async () => {}, hasStruck: () => struck }

  /** Whether the next question to the provider is the one meant. */
  async function isDue(): Promise<boolean> {
    if (struck) return false
    const due = await world.query(
      `select 1 from payments.payments where next_at <= $1 and (lease_until is null or lease_until <= $1) and step = $2`,
      [new Date(clock.now()), call],
    )
    return due.length > 0
  }

  async function dieAt(racepoint: string, process: Process): Promise<boolean> {
    if (!(await isDue())) return false
    struck = true
    const gate = process.racepoints.hold(racepoint)
    const last = process.asking.run()
    await gate.reached
    world.die()
    clock.advance(afterLeaseMs)
    await last
    return true
  }

  const first = (request: IncomingMessage): boolean => {
    if (struck || callOf(request) !== call) return false
    struck = true
    return true
  }

  switch (fault) {
    case 'crash before':
      return { ...nothing, plan: { ask: (process) => dieAt('payments.leased', process) } }
    case 'crash after':
      return { ...nothing, plan: { ask: (process) => dieAt('payments.answered', process) } }
    // The request is lost, and nobody answers.
    case 'timeout':
      return {
        ...nothing,
        plan: {
          intercept(request) {
            if (!first(request)) return false
            request.resume()
            setImmediate(() => clock.advance(timeoutMs))
            return true
          },
        },
      }
    // The money moves, and the answer is an error.
    case 'error after':
      return {
        ...nothing,
        plan: {
          intercept(request, response) {
            if (!first(request)) return false
            void passOn(world, request).then(() => answer(response, 500, { code: 'COMMON_ERROR', message: 'failed' }))
            return true
          },
        },
      }
    // The request arrives twice; the second answer is the one that is heard.
    case 'duplicate':
      return {
        ...nothing,
        plan: {
          intercept(request, response) {
            if (!first(request)) return false
            void passOn(world, request, 2).then(({ status, body }) => answer(response, status, body))
            return true
          },
        },
      }
    // The provider's notice of it comes before its answer.
    case 'reorder':
      return {
        ...nothing,
        plan: {
          intercept(request, response) {
            if (!first(request)) return false
            void (async () => {
              const { status, body } = await passOn(world, request)
              const { paymentKey, status: state } = body as { paymentKey?: string; status?: string }
              const data = { paymentKey: paymentKey ?? null, status: state ?? null }
              await world.send('POST', '/api/payments/toss/webhook', 'acc_provider', {
                eventType: 'PAYMENT_STATUS_CHANGED',
                data,
              })
              answer(response, status, body)
            })()
            return true
          },
        },
      }
    // The provider cannot be reached until the time to pay is long over; what it was first asked arrives only then.
    case 'delay': {
      let late: (() => Promise<unknown>) | undefined
      let isBack = false
      return {
        ...nothing,
        plan: {
          intercept(request, response) {
            if (isBack) return false
            if (first(request)) {
              const copy = read(request)
              late = async () => ask(world, await copy)
            }
            if (!struck) return false
            response.destroy()
            return true
          },
        },
        async atRest(cell) {
          if (!late || isBack) return false
          isBack = clock.now() > Date.parse((await cell.look()).payBy) + 60_000
          if (!isBack) return false
          await cell.taken([1, 2])
          await late()
          return true
        },
      }
    }
  }
}

type Copy = { method: string; url: string; headers: Record<string, string>; body: string }

async function read(request: IncomingMessage): Promise<Copy> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const headers = Object.fromEntries(
    ['authorization', 'content-type', 'idempotency-key'].flatMap((name) => {
      const value = request.headers[name]
      return typeof value === 'string' ? [[name, value]] : []
    }),
  )
  return { method: request.method!, url: request.url!, headers, body: Buffer.concat(chunks).toString() }
}

async function ask(world: World, { method, url, headers, body }: Copy): Promise<{ status: number; body: unknown }> {
  const answered = await fetch(world.provider.url + url, {
    method,
    headers: { ...headers, 'x-passed-on': 'yes' },
    ...(body === '' ? {} : { body }),
  })
  return { status: answered.status, body: await answered.json() }
}

async function passOn(world: World, request: IncomingMessage, times = 1): Promise<{ status: number; body: unknown }> {
  const copy = await read(request)
  let last = await ask(world, copy)
  for (let i = 1; i < times; i++) last = await ask(world, copy)
  return last
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
