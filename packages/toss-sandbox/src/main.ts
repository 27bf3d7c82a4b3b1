// The sandbox as a server of its own. PORT (default 8090, 0 for any free one), SECRET_KEY, WEBHOOK_URLS (separated by
// commas), JOURNAL (a file that keeps the books), ORIGIN (the public address) come from the environment.

import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { fileJournal } from './journal.ts'
import { createSandbox } from './sandbox.ts'

const { PORT = '8090', SECRET_KEY = 'test_sk_fairgate_sandbox', WEBHOOK_URLS = '', JOURNAL, ORIGIN } = process.env
const port = Number(PORT)
if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`PORT must be from 0 to 65535, not "${PORT}"`)

const journal = JOURNAL ? fileJournal(JOURNAL) : undefined
const sandbox = createSandbox({
  secretKey: SECRET_KEY,
  webhookUrls: WEBHOOK_URLS.split(',').flatMap((url) => url.trim() || []),
  now: Date.now,
  random: randomBytes,
  schedule(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
  ...(journal ? { journal } : {}),
  ...(ORIGIN ? { origin: ORIGIN } : {}),
})

const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (request, response) => {
  void sandbox.handle(request, response).then((isOurs) => {
    if (!isOurs) response.writeHead(404).end()
  })
})

server.listen(port, () => {
  const { port: actual } = server.address() as AddressInfo
  console.log(`toss-sandbox listens at http://localhost:${actual}; no money moves here`)
})

function stop(): void {
  sandbox.close()
  server.close(() => journal?.close())
  server.closeAllConnections()
}
process.once('SIGINT', stop)
process.once('SIGTERM', stop)
