import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { placeHold } from '@fairgate/contracts/http/inventory'
import { signIn } from '@fairgate/contracts/http/identity'
import { getOrder, placeOrder } from '@fairgate/contracts/http/orders'
import { confirmPayment } from '@fairgate/contracts/http/payments'
import { claimPass, joinLine } from '@fairgate/contracts/http/waiting-room'
import { ApiError } from '@fairgate/contracts/client'
import { createOwnServer, type Credentials, type OwnServer } from '@fairgate/swarm/own-server'
import { createRecorder } from '@fairgate/swarm/recorder'
import { prepareSale } from '@fairgate/swarm/sale'
import { openWire, type Wire } from '@fairgate/swarm/wire'
import type { Figure } from './bench.ts'
import { cpuOf, cpuSecondsOf, type CpuSeconds } from './cpu-shares.ts'
import { median } from './real-and-bare.ts'
import { partsOf, startProfile, type Parts } from './server-profile.ts'

const ordersPerRound = 1500
const rounds = 2
const ordersProfiled = 1000
const callersAtOnce = 200

/**
 * Fulfilled orders a second on one open section: hold, order, sandbox payment, confirmation, and the answer that says
 * fulfilled, one server process with its Postgres and the crowd on the same machine. The limit is the same five calls
 * answered by routes that check the token and the body and keep nothing. Beside it the processor time of the server, its
 * Postgres and the crowd while orders were placed; a last round is not timed, because the server is profiled in it.
 */
export async function bench(): Promise<Figure> {
  const values: number[] = []
  const limits: number[] = []
  const spent: { before: CpuSeconds; after: CpuSeconds }[] = []
  const own = await createOwnServer({ env: { LOG_LEVEL: 'warn' }, nodeOptions: ['--inspect-port=127.0.0.1:0'] })
  let cpu: Figure['cpu'] = { absent: 'this system has no /proc' }
  try {
    const users = ordersPerRound * rounds + ordersProfiled
    const file = join(own.folder, 'crowd.json')
    await own.cli(['crowd', '--users', String(users), '--out', file, '--json'])
    const crowd = JSON.parse(readFileSync(file, 'utf8')) as Credentials[]
    await own.start()
    for (let round = 0; round < rounds; round++) {
      const buyers = crowd.splice(0, ordersPerRound)
      await withShoppers(own.url, buyers, async (buyAll) => {
        const before = cpuSecondsOf(own.pid()!)
        const startedAt = performance.now()
        await buyAll()
        values.push(buyers.length / ((performance.now() - startedAt) / 1000))
        const after = cpuSecondsOf(own.pid()!)
        if (before && after) spent.push({ before, after })
      })
      limits.push(await measureLimit())
    }
    if (spent.length === rounds) {
      const parts = await profileOrders(own, crowd)
      const { server, ...others } = cpuOf(spent, ordersPerRound * rounds)
      cpu = { server: { ...server, ...parts }, ...others }
    }
  } finally {
    await own.stop()
  }
  const [value, limit] = [median(values), median(limits)]
  return {
    topic: 'orders',
    unit: 'fulfilled orders/s',
    value: Math.round(value),
    limit: Math.round(limit),
    limitIs: 'the same five calls an order needs, answered by routes that check token and body and keep nothing',
    ratio: Math.round((value / limit) * 1000) / 1000,
    cpu,
  }
}

const profileOrders = (own: OwnServer, crowd: readonly Credentials[]): Promise<Parts> =>
  withShoppers(own.url, crowd, async (buyAll) => {
    const stop = await startProfile(own.pid()!, own.logFile)
    await buyAll()
    return partsOf(await stop())
  })

type Shopper = Credentials & { passToken: string }

/** Opens a sale with a place for each of the crowd and lets them in; `work` is told how to let all of them buy. */
async function withShoppers<T>(
  url: string,
  crowd: readonly Credentials[],
  work: (buyAll: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const wire = openWire(url, createRecorder(), { connections: callersAtOnce, sleep })
  try {
    const { accessToken } = await wire.client.call(signIn, {
      body: { email: 'organiser@demo.fairgate.test', password: 'fairgate-demo' },
    })
    const sale = await prepareSale(
      wire.client,
      accessToken,
      {
        kind: 'race',
        name: 'Bench',
        sections: [{ name: 'All', price: 40_000, places: crowd.length }],
        lines: [{ name: 'All', sections: [0], shoppersMax: crowd.length, admitPerMinute: 1_000_000 }],
        holdSeconds: 600,
        limitPerAccount: 1,
      },
      { opensAt: () => Date.now() + 1000, sleep, now: Date.now },
    )
    const line = sale.lines[0]!
    const shoppers: Shopper[] = []
    await each(
      crowd,
      async (person) => void shoppers.push({ ...person, passToken: await enter(wire, line.id, person.accessToken) }),
    )
    return await work(() => each(shoppers, (shopper) => buyOne(wire, shopper, line.sectionIds[0]!)))
  } finally {
    await wire.close()
  }
}

async function enter(wire: Wire, lineId: string, accessToken: string): Promise<string> {
  const { placeToken } = (await wire.call('join', joinLine, { params: { id: lineId }, body: {}, accessToken })).body
  for (;;) {
    try {
      return (await wire.call('pass', claimPass, { params: { id: lineId }, body: { placeToken }, accessToken })).body
        .passToken
    } catch (error) {
      if (!(error instanceof ApiError) || error.problem.code !== 'waiting-room.not-yet') throw error
      await sleep(200)
    }
  }
}

async function buyOne(wire: Wire, shopper: Shopper, sectionId: string): Promise<void> {
  const { accessToken, passToken } = shopper
  const held = (await wire.call('hold', placeHold, { body: { passToken, sectionId, count: 1 }, accessToken })).body
  const placed = (await wire.call('order', placeOrder, { body: { holdToken: held.holdToken }, accessToken })).body
  const amount = placed.order.total.amount
  const { paymentKey } = await wire.post('pay', '/sandbox/payments', { orderId: placed.order.id, amount })
  await wire.call('pay', confirmPayment, {
    body: {
      paymentRequestToken: placed.paymentRequestToken!,
      provider: 'toss',
      paymentKey: String(paymentKey),
      amount,
    },
    accessToken,
  })
  const { body: order } = await wire.call('other', getOrder, {
    params: { id: placed.order.id },
    query: { waitSeconds: 25 },
    accessToken,
  })
  if (order.state !== 'fulfilled') throw new Error(`order ${order.id} is ${order.state}`)
}

/** The bare routes run in a process of their own, as the server does. */
async function measureLimit(): Promise<number> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('bare-routes.ts', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const { url, accessToken } = await new Promise<{ url: string; accessToken: string }>((done, fail) => {
      child.once('error', fail)
      child.stdout.once('data', (chunk: Buffer) =>
        done(JSON.parse(chunk.toString()) as { url: string; accessToken: string }),
      )
    })
    const wire = openWire(url, createRecorder(), { connections: callersAtOnce, sleep })
    const shopper = { accountId: 'acc_bench', accessToken, passToken: 'x'.repeat(400) }
    const startedAt = performance.now()
    await each(
      Array.from({ length: ordersPerRound }, () => shopper),
      (person) => buyOne(wire, person, 'sec_bench'),
    )
    const seconds = (performance.now() - startedAt) / 1000
    await wire.close()
    return ordersPerRound / seconds
  } finally {
    child.kill()
  }
}

/** Runs `work` for each item, `callersAtOnce` at a time. */
async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: callersAtOnce }, async () => {
      while (next < items.length) await work(items[next++]!)
    }),
  )
}
