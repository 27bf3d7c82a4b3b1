import type { Lifecycle } from '#platform/lifecycle'
import type { Server } from './compose.ts'
import type { Config } from './config.ts'
import { guestsOf } from './payment-setup.ts'
import { mountSandbox, type Handle } from './sandbox.ts'
import { serveWeb } from './web.ts'

/** Starts background work and answers requests on the port. It is ready when its caller says so. */
export async function serve(
  server: Server,
  config: Config,
  lifecycle: Lifecycle,
  { port, sandbox }: { port: number; sandbox: Handle | undefined },
): Promise<void> {
  await server.start(lifecycle)
  const app = server.http.fastify
  if (sandbox) mountSandbox(app, sandbox)
  if (config.services.includes('catalog')) serveWeb(app, guestsOf(config))
  await app.listen({ port, host: config.HOST, backlog: 4096 })
  lifecycle.own('http', () => app.close(), { timeoutMs: 10_000 })
  lifecycle.own('readiness', server.unready, { timeoutMs: 100 })
}
