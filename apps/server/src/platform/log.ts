import { pino, type Logger } from 'pino'

export type Log = Logger

const secrets = [
  'password',
  'code',
  'token',
  'accessToken',
  'refreshToken',
  'placeToken',
  'passToken',
  'holdToken',
  'paymentRequestToken',
  'paymentKey',
  'authorization',
  'cookie',
]
/** Where callers put what came from outside, as a whole. */
const wholes = ['body', 'data', 'query', 'headers', 'request', 'account', 'message']

/**
 * JSON lines on stdout. Secrets are cut out by path, at the top of a line and one level down. `err.code` stays, it is
 * the first thing to look for; `err.detail` and `err.where` go, Postgres quotes the failing row there, whatever is in it.
 */
export function createLog(level: string, destination?: { write(line: string): void }): Log {
  const options = {
    level,
    base: null,
    redact: {
      paths: [
        ...secrets,
        ...wholes.flatMap((whole) => secrets.map((secret) => `${whole}.${secret}`)),
        'err.detail',
        'err.where',
      ],
      censor: '[secret]',
    },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return destination ? pino(options, destination) : pino(options)
}

export const silentLog: Log = pino({ level: 'silent' })
