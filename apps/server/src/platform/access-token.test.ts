import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { SignJWT, UnsecuredJWT, decodeJwt, decodeProtectedHeader, importJWK, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { createAccessTokens, type Caller } from './access-token.ts'
import { manualScheduler } from './clock.ts'
import { createSecrets } from './secrets.ts'

const secrets = createSecrets(['master'])
const caller: Caller = { accountId: 'acc_1', roles: ['buyer', 'organiser'], verified: true }

const setUp = () => {
  const clock = manualScheduler()
  return { clock, accessTokens: createAccessTokens(secrets, clock) }
}

test('a token says who is calling, also the second time it is shown', async () => {
  const { accessTokens } = setUp()
  const token = await accessTokens.sign(caller, 600)
  for (let i = 0; i < 2; i++) expect(await accessTokens.verify(token)).toEqual({ kind: 'valid', caller })
})

test('a token ends at its moment, remembered or not', async () => {
  const { clock, accessTokens } = setUp()
  const seen = await accessTokens.sign(caller, 600)
  await accessTokens.verify(seen)
  const fresh = await accessTokens.sign({ ...caller, accountId: 'acc_2' }, 600)
  clock.advance(599_999)
  expect((await accessTokens.verify(seen)).kind).toBe('valid')
  clock.advance(1)
  expect((await accessTokens.verify(seen)).kind).toBe('expired')
  expect((await accessTokens.verify(fresh)).kind).toBe('expired')
})

test('anybody can check a token with the published keys, which hold nothing private', async () => {
  const { clock, accessTokens } = setUp()
  const { keys } = await accessTokens.jwks()
  expect(keys).toHaveLength(1)
  expect(Object.keys(keys[0]!).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x'])
  const token = await accessTokens.sign(caller, 600)
  expect(decodeProtectedHeader(token).kid).toBe(keys[0]!.kid)
  const { payload } = await jwtVerify(token, await importJWK(keys[0]!), { currentDate: new Date(clock.now()) })
  expect(payload.sub).toBe('acc_1')
})

test('forged tokens are forged: other key, no algorithm, HMAC with the public key, other claims, other type, changed text', async () => {
  const { clock, accessTokens } = setUp()
  const good = await accessTokens.sign(caller, 600)
  const { keys } = await accessTokens.jwks()
  const kid = keys[0]!.kid!
  const seconds = clock.now() / 1000
  const jwt = (claims: Record<string, unknown> = {}) =>
    new SignJWT({ ...decodeJwt(good), ...claims }).setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid })
  const stranger = generateKeyPairSync('ed25519').privateKey
  const publicPem = createPublicKey({ key: keys[0] as never, format: 'jwk' }).export({
    type: 'spki',
    format: 'pem',
  }) as string
  const { privateKey } = pairOf()

  const none = new UnsecuredJWT(decodeJwt(good)).encode()
  const [header, payload, signature] = good.split('.') as [string, string, string]
  const admin = Buffer.from(JSON.stringify({ ...decodeJwt(good), roles: ['admin'] })).toString('base64url')
  const noneHeader = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt', kid })).toString('base64url')
  const forgeries: Record<string, string> = {
    'another key': await jwt().sign(stranger),
    'no algorithm': none,
    'no algorithm, with a signature': `${noneHeader}.${payload}.${signature}`,
    'no algorithm, without one': `${noneHeader}.${payload}.`,
    'HMAC with the public key': await new SignJWT(decodeJwt(good))
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid })
      .sign(new TextEncoder().encode(publicPem)),
    'other roles': `${header}.${admin}.${signature}`,
    'no signature': `${header}.${payload}.`,
    'another issuer': await jwt({ iss: 'somebody' }).sign(privateKey),
    'another audience': await jwt({ aud: 'somebody' }).sign(privateKey),
    'no end': await jwt({ exp: undefined }).sign(privateKey),
    nobody: await jwt({ sub: undefined }).sign(privateKey),
    'another type': await new SignJWT(decodeJwt(good))
      .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', kid })
      .sign(privateKey),
    'no key id': await new SignJWT(decodeJwt(good))
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt' })
      .sign(privateKey),
    'not valid yet': await jwt({ nbf: seconds + 60 }).sign(privateKey),
    'not a token': 'hello',
    nothing: '',
  }
  for (const [what, token] of Object.entries(forgeries)) {
    expect(await accessTokens.verify(token), what).toEqual({ kind: 'forged' })
  }
  // The control: with the right key and nothing changed, what `jwt` makes is accepted.
  expect((await accessTokens.verify(await jwt().sign(privateKey))).kind).toBe('valid')
})

test('after a rotation old tokens count while their master is still listed', async () => {
  const clock = manualScheduler()
  const old = await createAccessTokens(secrets, clock).sign(caller, 600)
  const both = createAccessTokens(createSecrets(['new', 'master']), clock)
  expect((await both.verify(old)).kind).toBe('valid')
  expect((await both.jwks()).keys).toHaveLength(2)
  const onlyNew = createAccessTokens(createSecrets(['new']), clock)
  expect((await onlyNew.verify(old)).kind).toBe('forged')
  expect((await onlyNew.verify(await both.sign(caller, 600))).kind).toBe('valid')
})

/** The signing key itself, as only an insider has it. */
function pairOf() {
  const { key } = secrets.keys('access-token')[0]!
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), key])
  return { privateKey: createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }) }
}
