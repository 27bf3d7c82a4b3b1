import { isIPv6 } from 'node:net'
import type { Clock } from '#platform/clock'
import type { Ephemeral } from '#platform/ephemeral'
import { Problem } from '#platform/problem'

/** How often something may be tried; the counters may be lost, the codes' own attempts are in the database. */
export type LimitsConfig = {
  /** Failed sign-ins of one e-mail from one address block in 15 minutes. */
  signInsMax: number
  /** Failed sign-ins of one e-mail from anywhere in 15 minutes. Higher, so that a stranger elsewhere cannot easily lock somebody out. */
  signInsAnywhereMax: number
  /** Sign-ins from one address block in 10 minutes, good or bad. Thousands of people may share one (a campus, a mobile carrier). */
  signInsPerAddressMax: number
  /** Registrations from one address block in 10 minutes. */
  registrationsPerAddressMax: number
  /** New codes for one e-mail in an hour. */
  codesMax: number
  /** New codes asked for from one address block in an hour. */
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

export function createLimits({ ephemeral, clock }: { ephemeral: Ephemeral; clock: Clock }, limits: LimitsConfig) {
  async function bound(
    code: 'http.too-many-requests' | 'identity.too-many-attempts',
    key: string,
    max: number,
    windowMs: number,
  ): Promise<void> {
    const { count, resetAt } = await ephemeral.count(`identity.${key}`, windowMs)
    if (count > max) throw new Problem(code, { retryAfterMs: Math.max(1000, resetAt - clock.now()) })
  }
  const signInKeys = (email: string, ip: string) => ({
    here: `sign-in:${email.toLowerCase()}:${addressBlock(ip)}`,
    anywhere: `sign-in:${email.toLowerCase()}`,
  })

  return {
    async signIn(email: string, ip: string): Promise<void> {
      const { here, anywhere } = signInKeys(email, ip)
      await bound('identity.too-many-attempts', here, limits.signInsMax, minutes(15))
      await bound('identity.too-many-attempts', anywhere, limits.signInsAnywhereMax, minutes(15))
      await bound(
        'identity.too-many-attempts',
        `sign-in-from:${addressBlock(ip)}`,
        limits.signInsPerAddressMax,
        minutes(10),
      )
    },
    /** The right password was given: earlier slips no longer count. */
    async signedIn(email: string, ip: string): Promise<void> {
      const { here, anywhere } = signInKeys(email, ip)
      await ephemeral.clear(`identity.${here}`)
      await ephemeral.clear(`identity.${anywhere}`)
    },
    registration: (ip: string) =>
      bound('http.too-many-requests', `register:${addressBlock(ip)}`, limits.registrationsPerAddressMax, minutes(10)),
    /** The same for known and unknown addresses. */
    async code(email: string, ip: string): Promise<void> {
      await bound('identity.too-many-attempts', `code:${email.toLowerCase()}`, limits.codesMax, minutes(60))
      await bound('identity.too-many-attempts', `code-from:${addressBlock(ip)}`, limits.codesPerAddressMax, minutes(60))
    },
  }
}

export type Limits = ReturnType<typeof createLimits>

/** What one household or machine holds: an IPv4 address, or the first 64 bits of an IPv6 address. */
export function addressBlock(ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)
  if (mapped) return mapped[1]!
  if (!isIPv6(ip)) return ip
  const [head = '', tail] = ip.split('%')[0]!.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail ? tail.split(':') : []
  const groups =
    tail === undefined
      ? left
      : [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
  return `${groups
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
