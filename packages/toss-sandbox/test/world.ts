// A sandbox over real HTTP on a free port, with a clock, timers and ids that the test holds, and a webhook receiver.

import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders, Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { onTestFinished } from 'vitest'

import type { Payment, Sandbox, SandboxOptions } from '../src/sandbox.ts'
import { createSandbox } from '../src/sandbox.ts'

export const secretKey = 'test_sk_world'
export const basic = (key: string): string => `Basic ${Buffer.from(key).toString('base64')}`

export type Webhook = {
  headers: IncomingHttpHeaders
  body: { eventType: string; createdAt: string; data: Payment }
  /** What had happened before it came, as `note` collected it. */
  after: readonly string[]
}

/** Timers in order of time; `pass` runs what is due, moving the clock to each. */
export function manualTime(startMs = Date.parse('2026-03-02T11:00:00Z')) {
  let nowMs = startMs
  let number = 0
  const timers = new Map<number, { dueMs: number; run: () => void }>()
  return {
    now: () => nowMs,
    schedule(delayMs: number, run: () => void): () => void {
      const id = ++number
      timers.set(id, { dueMs: nowMs + delayMs, run })
      return () => timers.delete(id)
    },
    pass(ms: number): void {
      const endMs = nowMs + ms
      for (;;) {
        const [id, next] = [...timers].toSorted(([a, x], [b, y]) => x.dueMs - y.dueMs || a - b)[0] ?? []
        if (id === undefined || next === undefined || next.dueMs > endMs) break
        timers.delete(id)
        nowMs = Math.max(nowMs, next.dueMs)
        next.run()
      }
      nowMs = endMs
    },
    /** Delays from now to all that is scheduled. */
    pending: (): number[] => [...timers.values()].map(({ dueMs }) => dueMs - nowMs).toSorted((a, b) => a - b),
  }
}

export function seededBytes(seed: string): (bytes: number) => Uint8Array {
  let number = 0
  return (bytes) => createHash('sha256').update(`${seed}:${++number}`).digest().subarray(0, bytes)
}

export type World = Awaited<ReturnType<typeof openWorld>>

export async function openWorld(overrides: Partial<SandboxOptions> = {}) {
  const time = manualTime()
  const notes: string[] = []
  const webhooks: Webhook[] = []
  const waiters: { count: number; resolve: () => void }[] = []
  const receiver = { status: 200 }

  const webhookUrl = await listen(
    createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as Webhook['body']
        webhooks.push({ headers: request.headers, body, after: [...notes] })
        response.writeHead(receiver.status, { location: '/elsewhere' }).end()
        for (const waiter of waiters) if (webhooks.length >= waiter.count) waiter.resolve()
      })
    }),
  )

  const sandbox: Sandbox = createSandbox({
    secretKey,
    webhookUrls: [`${webhookUrl}/hook`],
    now: time.now,
    schedule: time.schedule,
    random: seededBytes('world'),
    ...overrides,
  })
  const url = await listen(
    createServer((request, response) => {
      void sandbox.handle(request, response).then((isOurs) => {
        if (!isOurs) response.writeHead(418).end('not the sandbox')
      })
    }),
  )
  onTestFinished(() => sandbox.close())

  async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const response = await fetch(`${url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(path.startsWith('/v1/') ? { authorization: basic(`${secretKey}:`) } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
    return {
      status: response.status,
      headers: response.headers,
      text,
      // oxlint-disable-next-line typescript/no-explicit-any -- answers of many shapes, each checked by its test.
      json: (isJson ? JSON.parse(text) : undefined) as any,
    }
  }

  async function request(fields: Record<string, unknown> = {}) {
    const body = { orderId: 'order-0001', amount: 55_000, ...fields }
    const { status, json } = await call('POST', '/sandbox/payments', body)
    if (status !== 201) throw new Error(JSON.stringify(json))
    return { paymentKey: json.paymentKey as string, orderId: body.orderId, amount: body.amount }
  }

  return {
    url,
    time,
    sandbox,
    webhooks,
    receiver,
    notes,
    call,
    /** A payment whose window was passed. */
    request,
    confirm: (asked: { paymentKey: string; orderId: string; amount: number }, headers?: Record<string, string>) =>
      call('POST', '/v1/payments/confirm', asked, headers),
    cancel: (paymentKey: string, body: unknown = { cancelReason: 'changed mind' }, headers?: Record<string, string>) =>
      call('POST', `/v1/payments/${paymentKey}/cancel`, body, headers),
    look: async (paymentKey: string): Promise<Payment> => (await call('GET', `/v1/payments/${paymentKey}`)).json,
    /** Waits until this many webhooks have come in all. */
    webhooksCame: (count: number): Promise<void> =>
      webhooks.length >= count ? Promise.resolve() : new Promise((resolve) => waiters.push({ count, resolve })),
    /** Waits for a condition that other turns of the event loop bring about. */
    async until(condition: () => boolean | Promise<boolean>): Promise<void> {
      while (!(await condition())) await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
