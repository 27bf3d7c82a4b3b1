import type { Platform } from '#platform/platform'

const name = 'fairgate-device'

/**
 * The cookie that tells devices apart: a random name, kept for a month, that no script can read. It is signed, so that a
 * made-up one counts as none; whoever sends none is counted by account and address all the same.
 */
export function deviceCookie(
  { clock, random, tokens }: Pick<Platform, 'clock' | 'random' | 'tokens'>,
  { secure }: { secure: boolean },
) {
  return {
    /** A new device, and the header that names it. */
    give(): { device: string; headers: Record<string, string> } {
      const device = Buffer.from(random(16)).toString('hex')
      const token = tokens.sign('device', { device, iat: clock.now() })
      const attributes = `Max-Age=2592000; Path=/api; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
      return { device, headers: { 'set-cookie': `${name}=${token}; ${attributes}` } }
    },
    /** The device in a `Cookie` header, if we named it. */
    read(header: string | string[] | undefined): string | undefined {
      const text = Array.isArray(header) ? header.join(';') : (header ?? '')
      const token = new RegExp(`(?:^|;\\s*)${name}=([\\w.-]+)(?:;|$)`).exec(text)?.[1]
      const read = token === undefined ? undefined : tokens.verify('device', token)
      return read?.kind === 'valid' ? read.payload.device : undefined
    },
  }
}

export type DeviceCookie = ReturnType<typeof deviceCookie>
