import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tokens as kinds } from '@fairgate/contracts/tokens'
import { manualScheduler } from './clock.ts'
import { createSecrets } from './secrets.ts'
import { createTokens } from './tokens.ts'

const clock = manualScheduler()
const tokens = createTokens(createSecrets(['master']), clock)
const place = { placeId: 'plc_1', lineId: 'lin_1', saleId: 'sal_1', accountId: 'acc_1', number: 7, iat: clock.now() }
const pass = (exp: number) => ({
  passId: 'pas_1',
  lineId: 'lin_1',
  saleId: 'sal_1',
  accountId: 'acc_1',
  sectionIds: ['sec_1'],
  exp,
})

test('what was signed is read back, in any script', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer(), (accountId, number) => {
      const payload = { ...place, accountId, number }
      expect(tokens.verify('place', tokens.sign('place', payload))).toEqual({ kind: 'valid', payload })
    }),
  )
})

test('a token ends at its moment, not after it, and says so with its payload', () => {
  const token = tokens.sign('pass', pass(clock.now() + 1000))
  const at = manualScheduler(clock.now() + 999)
  const later = createTokens(createSecrets(['master']), at)
  expect(later.verify('pass', token).kind).toBe('valid')
  at.advance(1)
  expect(later.verify('pass', token)).toEqual({ kind: 'expired', payload: pass(clock.now() + 1000) })
})

test('a token of one kind is never one of another', () => {
  const token = tokens.sign('pass', pass(clock.now() + 1000))
  for (const kind of Object.keys(kinds) as (keyof typeof kinds)[]) {
    expect(tokens.verify(kind, token).kind).toBe(kind === 'pass' ? 'valid' : 'forged')
  }
})

test('a token with any character changed, added or taken away is forged', () => {
  const token = tokens.sign('place', place)
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.string({ minLength: 0, maxLength: 2 }), (index, text) => {
      const other = token.slice(0, index) + text + token.slice(index + 1)
      fc.pre(other !== token)
      expect(tokens.verify('place', other).kind).toBe('forged')
    }),
    { numRuns: 500 },
  )
  for (const tail of ['=', '!', ' ', '\n', 'A', '.', '\0'])
    expect(tokens.verify('place', token + tail).kind).toBe('forged')
})

test('text that is no token at all is forged, never an error', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(tokens.verify('place', text).kind).toBe('forged')
    }),
  )
  for (const text of ['', '.', '...', 'v1', 'v1...', 'v1.x.y.z', 'v2.a.b.c'])
    expect(tokens.verify('place', text).kind).toBe('forged')
})

test('a signature made with the name of a key instead of the key is worth nothing', () => {
  const [version, id, body] = tokens.sign('place', place).split('.')
  const text = `${version}.${id}.${body}`
  for (const key of ['', id!, 'master', 'place']) {
    expect(tokens.verify('place', `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`).kind).toBe(
      'forged',
    )
  }
})

test('after a rotation old tokens count while their master is still listed, new ones use the new master', () => {
  const old = tokens.sign('place', place)
  const both = createTokens(createSecrets(['new', 'master']), clock)
  const onlyNew = createTokens(createSecrets(['new']), clock)
  expect(both.verify('place', old).kind).toBe('valid')
  expect(onlyNew.verify('place', old).kind).toBe('forged')
  expect(onlyNew.verify('place', both.sign('place', place)).kind).toBe('valid')
  expect(tokens.verify('place', both.sign('place', place)).kind).toBe('forged')
})
