import { mkdirSync } from 'node:fs'
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createSandbox } from '@fairgate/toss-sandbox/sandbox'
import { fileJournal } from '@fairgate/toss-sandbox/journal'
import type { FastifyInstance } from 'fastify'
import { systemScheduler } from '#platform/clock'
import { systemRandom } from '#platform/ids'
import type { Lifecycle } from '#platform/lifecycle'
import { sandboxSecretKey } from './compose.ts'

/** Answers a request of the provider's API or of the payment window. */
export type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<unknown>

/** The payment sandbox of the demo, with its books in the data folder. */
export function openSandbox(dataDir: string, lifecycle: Lifecycle, publicUrl: string): Handle {
  mkdirSync(dataDir, { recursive: true })
  const sandbox = createSandbox({
    secretKey: sandboxSecretKey,
    webhookUrls: [`${publicUrl}/api/payments/toss/webhook`],
    now: systemScheduler.now,
    random: systemRandom,
    schedule: systemScheduler.after,
    journal: fileJournal(join(dataDir, 'sandbox.jsonl')),
  })
  lifecycle.own('payment sandbox', sandbox.close, { timeoutMs: 2000 })
  return sandbox.handle
}

/** Serves it for the workers of this process alone. @returns its address */
export async function listenPrivately(handle: Handle, lifecycle: Lifecycle): Promise<string> {
  const server = createServer((request, response) => void handle(request, response))
  await new Promise<void>((done, fail) => server.once('error', fail).listen(0, '127.0.0.1', done))
  lifecycle.own('port of the payment sandbox', () => server.closeAllConnections(), { timeoutMs: 1000 })
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
