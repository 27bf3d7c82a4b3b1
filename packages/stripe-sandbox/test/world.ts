// A sandbox over real HTTP on a free port, with a clock, timers and ids that the test holds, and a webhook receiver.

import { createHash } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { manualTime } from '../../toss-sandbox/test/world.ts'
import { createSandbox, type SandboxOptions } from '../src/sandbox.ts'

export const secretKey = 'sk_test_world'
export const publishableKey = 'pk_test_world'
export const webhookSecret = 'whsec_world'

type Received = { headers: IncomingHttpHeaders; text: string; type: string; id: string }
export type Asked = { key?: string | undefined; idempotencyKey?: string; headers?: Record<string, string> }

export async function openWorld(overrides: Partial<SandboxOptions> = {}, time = manualTime()) {
  let number = 0
  const received: Received[] = []
  const receiver = { status: 200 }
  const hook = await listen(
    createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        const { type, id } = JSON.parse(text) as { type: string; id: string }
        received.push({ headers: request.headers, text, type, id })
        response.writeHead(receiver.status).end()
      })
    }),
  )
  const sandbox = createSandbox({
    secretKey,
    publishableKey,
    endpoints: [{ url: `${hook}/hook`, secret: webhookSecret }],
    now: time.now,
    schedule: time.schedule,
    random: (bytes) => createHash('sha256').update(`world:${++number}`).digest().subarray(0, bytes),
    ...overrides,
  })
  const url = await listen(
    createServer((request, response) => {
      void sandbox.handle(request, response).then((isOurs) => isOurs || response.writeHead(418).end())
    }),
  )
  onTestFinished(() => sandbox.close())

  async function ask(method: string, path: string, fields?: Record<string, string>, asked: Asked = {}) {
    const { key = secretKey, idempotencyKey, headers = {} } = asked
    const response = await fetch(`${url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        authorization: `Bearer ${key}`,
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
        ...headers,
      },
      ...(fields && method === 'POST' ? { body: new URLSearchParams(fields) } : {}),
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
  const post = (path: string, fields: Record<string, string> = {}, asked?: Asked) => ask('POST', path, fields, asked)
  const create = (fields: Record<string, string> = {}, asked?: Asked) =>
    post('/v1/payment_intents', { amount: '5000', currency: 'krw', capture_method: 'manual', ...fields }, asked)

  return {
    url,
    time,
    sandbox,
    received,
    receiver,
    post,
    create,
    get: (path: string, asked?: Asked) => ask('GET', path, undefined, asked),
    /** A payment that its buyer has agreed to, and how it is going to behave. @returns its id */
    async agreed(wish: object = {}, fields: Record<string, string> = {}): Promise<string> {
      const { json } = await create(fields)
      const path = `/sandbox/stripe/payment_intents/${json.id}/buyer`
      const response = await fetch(url + path, { method: 'POST', body: JSON.stringify(wish) })
      if (response.status !== 200) throw new Error(await response.text())
      return json.id
    },
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
