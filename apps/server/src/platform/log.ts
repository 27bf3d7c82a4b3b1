import { pino, type Logger } from 'pino'

export type Log = Logger

/** JSON lines on stdout. Secrets are cut out by path wherever a caller logs a request or an account. */
export function createLog(level: string, destination?: { write(line: string): void }): Log {
  const options = {
    level,
    base: null,
    redact: {
      // Postgres quotes the failing row in an error's detail and where: whatever is stored may stand there.
      paths: ['err.detail', 'err.where', 'authorization', 'cookie', 'password', 'code', '*.authorization', '*.cookie', '*.password', '*.code', 'headers.authorization', 'headers.cookie'],
      censor: '[secret]',
    },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return destination ? pino(options, destination) : pino(options)
}

export const silentLog: Log = pino({ level: 'silent' })
