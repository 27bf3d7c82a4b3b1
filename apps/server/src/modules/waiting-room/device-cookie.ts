/** The cookie that tells devices apart: a random name of 16 bytes, kept for a month, that no script can read. */
export function deviceCookie(secure: boolean) {
  const name = 'fairgate-device'
  return {
    set: (device: string) =>
      `${name}=${device}; Max-Age=2592000; Path=/api; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`,
    /** The device in a `Cookie` header, if there is one. */
    read(header: string | string[] | undefined): string | undefined {
      const text = Array.isArray(header) ? header.join(';') : (header ?? '')
      return new RegExp(`(?:^|;\\s*)${name}=([0-9a-f]{32})(?:;|$)`).exec(text)?.[1]
    },
  }
}
