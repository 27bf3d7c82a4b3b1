import { addressBlock } from '#platform/address'
import type { Clock } from '#platform/clock'
import type { Ephemeral } from '#platform/ephemeral'
import { Problem } from '#platform/problem'
import { rateLimit } from '#platform/rate-limit'

/** How often something may be tried; the counters may be lost, the codes' own attempts are in the database. */
export type LimitsConfig = {
  /** Failed sign-ins of one e-mail from one address block in 15 minutes. */
  signInsMax: number
  /** Failed sign-ins of one e-mail from anywhere in 15 minutes. Higher, so that a stranger elsewhere cannot easily lock somebody out. */
  signInsAnywhereMax: number
  /** Sign-ins and new passwords, each from one address block in 10 minutes, good or bad. Thousands of people may share one (a campus, a mobile carrier). */
  signInsPerAddressMax: number
  /** Registrations from one address block in 10 minutes. */
  registrationsPerAddressMax: number
  /** New codes of one purpose for one e-mail in an hour. */
  codesMax: number
  /** New codes of any purpose asked for from one address block in an hour. */
  codesPerAddressMax: number
}

export const defaultLimits: LimitsConfig = {
  signInsMax: 10,
  signInsAnywhereMax: 100,
  signInsPerAddressMax: 1000,
  registrationsPerAddressMax: 1000,
  codesMax: 5,
  codesPerAddressMax: 300,
}

const minutes = (count: number) => count * 60_000

/** Who asks, and how to tell them the `RateLimit` headers of what they use up. */
export type Client = { ip: string; tell: (headers: Record<string, string>) => void }

type Bound = { name: 'e-mail' | 'e-mail-anywhere' | 'address'; key: string; max: number; windowMs: number }

export function createLimits({ ephemeral, clock }: { ephemeral: Ephemeral; clock: Clock }, limits: LimitsConfig) {
  /** Counts against each bound in turn. Told is the first, which people meet, or the one that is used up. */
  async function count(
    code: 'http.too-many-requests' | 'identity.too-many-attempts',
    tell: Client['tell'],
    bounds: readonly Bound[],
  ): Promise<void> {
    for (const [index, { name, key, max, windowMs }] of bounds.entries()) {
      const { count: used, resetAt } = await ephemeral.count(`identity.${key}`, windowMs)
      const leftMs = Math.max(1000, resetAt - clock.now())
      if (index === 0 || used > max) tell(rateLimit([{ name, max, windowMs, left: max - used, leftMs }]))
      if (used > max) throw new Problem(code, { retryAfterMs: leftMs })
    }
  }
  const signInKeys = (email: string, ip: string) => ({
    here: `sign-in:${email.toLowerCase()}:${blockOf(ip)}`,
    anywhere: `sign-in:${email.toLowerCase()}`,
  })

  /** The same for known and unknown addresses. */
  const codes = (what: 'code' | 'reset-code', email: string, { ip, tell }: Client): Promise<void> =>
    count('identity.too-many-attempts', tell, [
      { name: 'e-mail', key: `${what}:${email.toLowerCase()}`, max: limits.codesMax, windowMs: minutes(60) },
      { name: 'address', key: `code-from:${blockOf(ip)}`, max: limits.codesPerAddressMax, windowMs: minutes(60) },
    ])

  return {
    signIn(email: string, { ip, tell }: Client): Promise<void> {
      const { here, anywhere } = signInKeys(email, ip)
      return count('identity.too-many-attempts', tell, [
        { name: 'e-mail', key: here, max: limits.signInsMax, windowMs: minutes(15) },
        { name: 'e-mail-anywhere', key: anywhere, max: limits.signInsAnywhereMax, windowMs: minutes(15) },
        {
          name: 'address',
          key: `sign-in-from:${blockOf(ip)}`,
          max: limits.signInsPerAddressMax,
          windowMs: minutes(10),
        },
      ])
    },
    /** The right password was given, or a new one set: earlier slips no longer count. */
    async signedIn(email: string, { ip, tell }: Client): Promise<void> {
      const { here, anywhere } = signInKeys(email, ip)
      await ephemeral.clear(`identity.${here}`)
      await ephemeral.clear(`identity.${anywhere}`)
      const [max, windowMs] = [limits.signInsMax, minutes(15)]
      tell(rateLimit([{ name: 'e-mail', max, windowMs, left: max, leftMs: windowMs }]))
    },
    registration: ({ ip, tell }: Client): Promise<void> =>
      count('http.too-many-requests', tell, [
        {
          name: 'address',
          key: `register:${blockOf(ip)}`,
          max: limits.registrationsPerAddressMax,
          windowMs: minutes(10),
        },
      ]),
    code: (email: string, client: Client): Promise<void> => codes('code', email, client),
    resetCode: (email: string, client: Client): Promise<void> => codes('reset-code', email, client),
    /** A hash is computed for each, whatever the code. */
    reset: ({ ip, tell }: Client): Promise<void> =>
      count('identity.too-many-attempts', tell, [
        {
          name: 'address',
          key: `reset-from:${blockOf(ip)}`,
          max: limits.signInsPerAddressMax,
          windowMs: minutes(10),
        },
      ]),
  }
}

export type Limits = ReturnType<typeof createLimits>

/** What one household or machine holds: an IPv4 address, or the first 64 bits of an IPv6 address. */
const blockOf = (ip: string): string => addressBlock(ip, { ipv4: 32, ipv6: 64 })
