import { hash, verify } from '@node-rs/argon2'
import type { Random } from '#platform/ids'
import type { Metrics } from '#platform/metrics'
import { Problem } from '#platform/problem'

/** OWASP's first choice for Argon2id. Measured: 10 to 18 ms of one core and 19 MiB a hash. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

export const passwordLengthMin = 10

export type Passwords = {
  /** @param before  runs when it is this password's turn, for limits that a busy server must not use up */
  hash(password: string, before?: () => Promise<void>): Promise<string>
  /** Takes as long when there is no hash to compare with, so that the time says nothing of whether an account exists. */
  matches(stored: string | null | undefined, password: string, before?: () => Promise<void>): Promise<boolean>
}

/** Hashes with a bound on how many run and how many wait; beyond both a caller is refused with `http.overloaded`. */
export function createPasswords(
  { random, metrics }: { random: Random; metrics: Metrics },
  bounds: { atOnceMax: number; waitingMax: number },
): Passwords {
  const hashes = metrics.counter('fairgate_identity_hashes_total', 'Password hashes computed')
  const refused = metrics.counter(
    'fairgate_identity_hashes_refused_total',
    'Requests refused because too many hashes were waiting',
  )
  const waiting: (() => void)[] = []
  let running = 0

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (running < bounds.atOnceMax) running++
    else if (waiting.length < bounds.waitingMax) await new Promise<void>((resolve) => waiting.push(resolve))
    else {
      refused.add({})
      throw new Problem('http.overloaded', { retryAfterMs: 1000 })
    }
    try {
      return await work()
    } finally {
      // The turn is handed over, so that nobody who comes just now can slip in before those who wait.
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }

  /** What no password matches, at the same cost. */
  const unmatched = `$argon2id$v=19$m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}$${base64(random(16))}$${base64(random(32))}`

  return {
    hash: (password, before) =>
      inTurn(async () => {
        await before?.()
        hashes.add({})
        return hash(normalized(password), { ...cost, salt: random(16) })
      }),
    matches: (stored, password, before) =>
      inTurn(async () => {
        await before?.()
        hashes.add({})
        return (await verify(stored ?? unmatched, normalized(password))) && stored != null
      }),
  }
}

/** Refuses passwords that are too short (counted in characters, not bytes) or that are the e-mail address. */
export function checkPassword(password: string, email: string): void {
  const fault =
    Array.from(normalized(password)).length < passwordLengthMin
      ? `must have at least ${passwordLengthMin} characters`
      : password.trim().toLowerCase() === email.toLowerCase()
        ? 'must not be the e-mail address'
        : undefined
  if (fault)
    throw new Problem('identity.weak-password', { detail: fault, errors: [{ pointer: '#/password', detail: fault }] })
}

/** One keyboard writes 한 as one code point and another as three; the same password must match (NIST SP 800-63B). */
const normalized = (password: string) => password.normalize('NFKC')

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64').replace(/=+$/, '')
