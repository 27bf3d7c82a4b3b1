import { mkdirSync } from 'node:fs'
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createSandbox as createStripeSandbox } from '@fairgate/stripe-sandbox/sandbox'
import { createSandbox as createTossSandbox } from '@fairgate/toss-sandbox/sandbox'
import { fileJournal } from '@fairgate/toss-sandbox/journal'
import type { FastifyInstance } from 'fastify'
import { systemScheduler } from '#platform/clock'
import { systemRandom } from '#platform/ids'
import type { Lifecycle } from '#platform/lifecycle'
import { sandboxKeys } from './payment-setup.ts'

/** Answers a request of the provider's API or of the payment window. */
export type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<unknown>

/** What we ask to be told of; anything else would only make us look at what we know. */
const stripeEvents = ['charge.refunded', 'payment_intent.canceled', 'payment_intent.succeeded', 'refund.failed']

/** The payment sandboxes of the demo, with their books in the data folder. Each answers for paths of its own. */
export function openSandbox(
  dataDir: string,
  lifecycle: Lifecycle,
  publicUrl: string,
  played: readonly ('toss' | 'stripe')[],
): Handle {
  mkdirSync(dataDir, { recursive: true })
  const around = { now: systemScheduler.now, random: systemRandom, schedule: systemScheduler.after }
  const sandboxes = {
    toss: () =>
      createTossSandbox({
        ...around,
        secretKey: sandboxKeys.toss.secretKey,
        webhookUrls: [`${publicUrl}/api/payments/toss/webhook`],
        journal: fileJournal(join(dataDir, 'sandbox.jsonl')),
      }),
    stripe: () => {
      const { webhookSecret, ...keys } = sandboxKeys.stripe
      const url = `${publicUrl}/api/payments/stripe/webhook`
      return createStripeSandbox({
        ...around,
        ...keys,
        endpoints: [{ url, secret: webhookSecret, types: stripeEvents }],
        journal: fileJournal(join(dataDir, 'stripe-sandbox.jsonl')),
        origin: publicUrl,
      })
    },
  }
  // Stripe's sandbox leaves what is not its own; Toss Payments' answers for all other paths of a provider.
  const opened = (['stripe', 'toss'] as const).filter((name) => played.includes(name)).map((name) => sandboxes[name]())
  for (const sandbox of opened) lifecycle.own('payment sandbox', sandbox.close, { timeoutMs: 2000 })
  return async (request, response) => {
    for (const sandbox of opened) if (await sandbox.handle(request, response)) return
    response.writeHead(404).end()
  }
}

/** Serves it for the workers of this process alone. @returns its address */
export async function listenPrivately(handle: Handle, lifecycle: Lifecycle): Promise<string> {
  const server = createServer((request, response) => void handle(request, response))
  await new Promise<void>((done, fail) => server.once('error', fail).listen(0, '127.0.0.1', done))
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  lifecycle.own('port of the payment sandbox', close, { timeoutMs: 1000 })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Passes requests on to the sandbox in the parent of this process. */
export const forwardTo =
  (url: string): Handle =>
  (request, response) =>
    new Promise((done) => {
      const { method, headers } = request
      const onwards = ask(new URL(request.url!, url), { method, headers, timeout: 130_000 }, (answer) => {
        response.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(response)
      })
      onwards.once('timeout', () => onwards.destroy())
      onwards.once('error', () => response.destroy())
      response.once('close', () => {
        onwards.destroy()
        done(undefined)
      })
      request.pipe(onwards)
    })

/** The sandbox reads its requests itself, as it would behind its own port. */
export function mountSandbox(app: FastifyInstance, handle: Handle): void {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    for (const path of ['/v1/*', '/sandbox/*']) {
      scope.all(path, async (request, reply) => {
        reply.hijack()
        await handle(request.raw, reply.raw)
      })
    }
  })
}
