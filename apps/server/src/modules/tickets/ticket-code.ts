import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { idPrefixes, type IdKind } from '@fairgate/contracts/ids'
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
 * Codes of tickets: `T1.<key id>.<ticket>.<event>.<section>.<seat>.<issued>.<base64url Ed25519 signature>`, the ids
 * without their prefixes, seat number and epoch seconds in base 36: about 190 characters, a QR code of version 10 at
 * level M (JSON would make it 300 and version 13, which a small screen shows too finely). Whoever has the public keys can
 * check a code; only we can make one.
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
      const text = [
        'T1',
        kid,
        bare('ticket', tid),
        bare('event', eid),
        bare('section', sec),
        seat.toString(36),
        iat.toString(36),
      ].join('.')
      return `${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}`
    },
    verify(code) {
      const cut = code.lastIndexOf('.')
      const text = code.slice(0, Math.max(cut, 0))
      const [version, kid, tid, eid, sec, seat, iat, ...rest] = text.split('.')
      const pair = pairs.find((candidate) => candidate.kid === kid)
      if (version !== 'T1' || !pair || !tid || !eid || !sec || !seat || !iat || rest.length > 0) return undefined
      if (!verify(null, Buffer.from(text), pair.publicKey, Buffer.from(code.slice(cut + 1), 'base64url')))
        return undefined
      return {
        tid: `${idPrefixes.ticket}_${tid}`,
        eid: `${idPrefixes.event}_${eid}`,
        sec: `${idPrefixes.section}_${sec}`,
        seat: Number.parseInt(seat, 36),
        iat: Number.parseInt(iat, 36),
      }
    },
    publicKeys: () =>
      pairs.map(({ kid, publicKey }) => {
        const { kty, crv, x } = publicKey.export({ format: 'jwk' })
        return { kid, kty: kty!, crv: crv!, x: x! }
      }),
  }
}

const bare = (kind: IdKind, id: string) => id.slice(idPrefixes[kind].length + 1)
