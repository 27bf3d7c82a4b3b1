import { createPrivateKey, createPublicKey, sign, timingSafeEqual } from 'node:crypto'
import { SignJWT, exportJWK, jwtVerify, errors as joseErrors, type JWK, type JWTPayload } from 'jose'
import type { Clock } from './clock.ts'
import { keep } from './keep.ts'
import type { Secrets } from './secrets.ts'

/** Who is calling, as the access token says. */
export type Caller = { accountId: string; roles: readonly string[]; verified: boolean }

/**
 * Access tokens: JWTs signed with Ed25519 (RFC 8037), typed `at+jwt` (RFC 9068), checked by RFC 8725's rules: one
 * algorithm, exact `typ`, `iss`, `aud`, known `kid`. Every process that has the signing secret verifies without a call;
 * others use the public keys at `/.well-known/jwks.json`.
 */
export type AccessTokens = {
  sign(caller: Caller, ttlSeconds: number): Promise<string>
  verify(token: string): Promise<{ kind: 'valid'; caller: Caller } | { kind: 'expired' } | { kind: 'forged' }>
  /** Something that this server states for good: a JWS over the claims, by the same keys; `typ` says of which kind it is. */
  state(typ: string, claims: Record<string, unknown>): Promise<string>
  jwks(): Promise<{ keys: JWK[] }>
}

const issuer = 'fairgate'
const audience = 'fairgate-api'
/** A buyer's few calls in a row find their answer here. */
const cacheMax = 20_000

const base64url = (bytes: string | Uint8Array): string => Buffer.from(bytes).toString('base64url')

export function createAccessTokens(secrets: Secrets, clock: Clock): AccessTokens {
  const pairs = secrets.keys('access-token').map(({ id, key }) => {
    // PKCS #8 wrapping of a raw Ed25519 seed (RFC 8410, section 7).
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), key])
    const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    const header = base64url(JSON.stringify({ alg: 'EdDSA', typ: 'at+jwt', kid: id }))
    return { kid: id, header, privateKey, publicKey: createPublicKey(privateKey) }
  })
  const cache = new Map<string, { caller: Caller; exp: number }>()

  /**
   * The claims of a token as `sign` makes them, or undefined for whatever else it is: that is for the library. Ed25519 is deterministic (RFC 8032,
   * 5.1.6), so whoever has the key makes the signature again and compares: 35 µs of a core against 137 µs for checking
   * it, and a crowd at an opening shows thousands of new tokens a second.
   */
  function ownClaims(token: string): JWTPayload | undefined {
    const [header, claims, signature, more] = token.split('.')
    const pair = pairs.find((candidate) => candidate.header === header)
    if (!pair || claims === undefined || signature === undefined || more !== undefined) return undefined
    const expected = Buffer.from(base64url(sign(null, Buffer.from(`${header}.${claims}`), pair.privateKey)))
    const given = Buffer.from(signature)
    if (expected.length !== given.length || !timingSafeEqual(expected, given)) return undefined
    const payload = JSON.parse(Buffer.from(claims, 'base64url').toString()) as JWTPayload
    const { iss, aud, sub, exp, nbf } = payload
    const isUsual = iss === issuer && aud === audience && sub !== undefined && exp !== undefined && nbf === undefined
    return isUsual ? payload : undefined
  }

  async function claimsOf(token: string): Promise<JWTPayload> {
    const { payload } = await jwtVerify(
      token,
      (header) => {
        const pair = pairs.find(({ kid }) => kid === header.kid)
        if (!pair) throw new joseErrors.JWKSNoMatchingKey()
        return pair.publicKey
      },
      {
        algorithms: ['EdDSA'],
        typ: 'at+jwt',
        issuer,
        audience,
        currentDate: new Date(clock.now()),
        requiredClaims: ['sub', 'exp'],
      },
    )
    return payload
  }

  function remember(token: string, caller: Caller, exp: number): void {
    keep(cache, cacheMax, token, { caller, exp })
  }

  return {
    async sign(caller, ttlSeconds) {
      const nowSeconds = Math.floor(clock.now() / 1000)
      return new SignJWT({ roles: [...caller.roles], email_verified: caller.verified })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: pairs[0]!.kid })
        .setSubject(caller.accountId)
        .setIssuer(issuer)
        .setAudience(audience)
        .setIssuedAt(nowSeconds)
        .setExpirationTime(nowSeconds + ttlSeconds)
        .sign(pairs[0]!.privateKey)
    },
    async verify(token) {
      const known = cache.get(token)
      if (known) return known.exp > clock.now() ? { kind: 'valid', caller: known.caller } : { kind: 'expired' }
      try {
        const payload = ownClaims(token) ?? (await claimsOf(token))
        if (payload.exp! * 1000 <= clock.now()) return { kind: 'expired' }
        const caller: Caller = {
          accountId: payload.sub!,
          roles: Array.isArray(payload['roles']) ? (payload['roles'] as string[]) : [],
          verified: payload['email_verified'] === true,
        }
        remember(token, caller, payload.exp! * 1000)
        return { kind: 'valid', caller }
      } catch (error) {
        return { kind: error instanceof joseErrors.JWTExpired ? 'expired' : 'forged' }
      }
    },
    state: (typ, claims) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'EdDSA', typ, kid: pairs[0]!.kid })
        .setIssuer(issuer)
        .setIssuedAt(Math.floor(clock.now() / 1000))
        .sign(pairs[0]!.privateKey),
    async jwks() {
      const keys = await Promise.all(
        pairs.map(async ({ kid, publicKey }) => ({ ...(await exportJWK(publicKey)), kid, alg: 'EdDSA', use: 'sig' })),
      )
      return { keys }
    },
  }
}
