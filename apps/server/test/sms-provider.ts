import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

type Message = { to: string; from: string; text: string; customFields: { messageId: string } }

/** What the provider does with the next messages, one word each, before it takes all. */
export type SmsMood = 'error' | 'silence' | 'take-and-hang-up' | 'no-such-number' | 'no-money' | 'busy'

const key = { apiKey: 'test-api-key', apiSecret: 'test-api-secret' }

/** Solapi's `POST /messages/v4/send`, signatures checked as its documentation says. */
export async function startSmsProvider(moods: readonly SmsMood[] = []) {
  const taken: Message[] = []
  const left = [...moods]
  const salts = new Set<string>()
  const silent = Promise.withResolvers<void>()

  const reply = (response: ServerResponse, status: number, body: object) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

  function isSigned(header = ''): boolean {
    const parts = /^HMAC-SHA256 apiKey=([^,]+), date=([^,]+), salt=([^,]{12,64}), signature=([0-9a-f]{64})$/.exec(
      header,
    )
    if (!parts) return false
    const [, apiKey, date, salt, signature] = parts
    const isFresh = !salts.has(salt!)
    salts.add(salt!)
    const expected = createHmac('sha256', key.apiSecret).update(`${date}${salt}`).digest('hex')
    return isFresh && apiKey === key.apiKey && signature === expected
  }

  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')))
    request.on('end', () => {
      if (request.method !== 'POST' || request.url !== '/messages/v4/send') return void response.writeHead(404).end()
      if (!isSigned(request.headers.authorization))
        return void reply(response, 403, { errorCode: 'SignatureDoesNotMatch', errorMessage: 'wrong signature' })
      const { message } = JSON.parse(body) as { message: Message }
      switch (left.shift()) {
        case 'error':
          return void reply(response, 500, { errorCode: 'InternalError', errorMessage: 'try again' })
        case 'busy':
          return void reply(response, 429, { errorCode: 'TooManyRequests', errorMessage: 'slow down' })
        case 'no-money':
          return void reply(response, 400, { errorCode: 'NotEnoughBalance', errorMessage: 'no money left' })
        case 'no-such-number':
          return void reply(response, 400, { errorCode: 'ValidationError', errorMessage: 'no such number' })
        case 'silence':
          return silent.resolve()
        case 'take-and-hang-up':
          taken.push(message)
          return void request.socket.destroy()
        case undefined:
          taken.push(message)
          return void reply(response, 200, {
            statusCode: '2000',
            statusMessage: 'taken',
            messageId: `M${taken.length}`,
          })
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    config: { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ...key, from: '0212345678' },
    taken,
    /** Settles when a message has met silence. */
    fellSilent: silent.promise,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
