import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import type { Secrets } from '#platform/secrets'

/** What a code says of its ticket: enough to let somebody in at a gate without a network. `iat` is epoch seconds. */
export type TicketClaims = { tid: string; eid: string; sec: string; seat: number; iat: number }

export type TicketSigner = {
  /** The text of the QR code. The same claims give the same code. */
  sign(claims: TicketClaims): string
  /** The claims of a code that we signed, or undefined for any other text. */
  verify(code: string): TicketClaims | undefined
  /** For scanners that check offline: JWKs (RFC 8037) by key id. */
  publicKeys(): { kid: string; kty: string; crv: string; x: string }[]
}

/**
 * Codes of tickets: `T1.<key id>.<base64url JSON>.<base64url Ed25519 signature>`, about 300 characters, a QR code of
 * version 13 at level M. Whoever has the public keys can check a code; only we can make one.
 */
export function createTicketSigner(secrets: Pick<Secrets, 'keys'>): TicketSigner {
  const pairs = secrets.keys('ticket').map(({ id, key }) => {
    // PKCS #8 wrapping of a raw Ed25519 seed (RFC 8410, section 7).
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), key])
    const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    return { kid: id, privateKey, publicKey: createPublicKey(privateKey) }
  })

  return {
    sign({ tid, eid, sec, seat, iat }) {
      const { kid, privateKey } = pairs[0]!
      const text = `T1.${kid}.${Buffer.from(JSON.stringify({ tid, eid, sec, seat, iat })).toString('base64url')}`
      return `${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}`
    },
    verify(code) {
      const [version, kid, body, signature, ...rest] = code.split('.')
      const pair = pairs.find((candidate) => candidate.kid === kid)
      if (version !== 'T1' || !pair || !body || !signature || rest.length > 0) return undefined
      if (!verify(null, Buffer.from(`T1.${kid}.${body}`), pair.publicKey, Buffer.from(signature, 'base64url')))
        return undefined
      return JSON.parse(Buffer.from(body, 'base64url').toString()) as TicketClaims
    },
    publicKeys: () =>
      pairs.map(({ kid, publicKey }) => {
        const { kty, crv, x } = publicKey.export({ format: 'jwk' })
        return { kid, kty: kty!, crv: crv!, x: x! }
      }),
  }
}
