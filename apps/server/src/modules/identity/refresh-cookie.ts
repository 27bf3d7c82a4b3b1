export type RefreshCookie = {
  /** A `Set-Cookie` header that keeps the token for the time a session may be idle. */
  set(token: string, maxAgeSeconds: number): string
  /** A `Set-Cookie` header that removes it. */
  clear: string
  /** The token in a `Cookie` header, if there is one. */
  read(header: string | string[] | undefined): string | undefined
}

/**
 * The cookie of the refresh token (RFC 6265bis). The `__Host-` prefix needs `Secure`, so over plain HTTP, where a browser
 * would drop such a cookie, it has a plain name. `Lax`, because a payment provider sends buyers back by a cross-site link.
 */
export function refreshCookie(secure: boolean): RefreshCookie {
  const name = secure ? '__Host-fairgate-refresh' : 'fairgate-refresh'
  const attributes = `Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
  return {
    set: (token, maxAgeSeconds) => `${name}=${token}; Max-Age=${maxAgeSeconds}; ${attributes}`,
    clear: `${name}=; Max-Age=0; ${attributes}`,
    read(header) {
      const pairs = (Array.isArray(header) ? header.join(';') : (header ?? '')).split(';')
      const pair = pairs.map((text) => text.trim()).find((text) => text.startsWith(`${name}=`))
      return pair?.slice(name.length + 1) || undefined
    },
  }
}
