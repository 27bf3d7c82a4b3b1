import { expect, test } from 'vitest'
import { createSecrets } from './secrets.ts'

test('each purpose and each master has a key of its own, of 32 bytes, the same in every process', () => {
  const secrets = createSecrets(['one', 'two'])
  const all = ['token:place', 'token:pass', 'access-token'].flatMap((purpose) =>
    secrets.keys(purpose).map(({ key }) => key.toString('hex')),
  )
  expect(new Set(all).size).toBe(6)
  expect(all.every((key) => key.length === 64)).toBe(true)
  expect(createSecrets(['one', 'two']).keys('access-token')).toEqual(secrets.keys('access-token'))
})

test('the newest master comes first, and a master keeps its name whatever its place', () => {
  const [first, second] = createSecrets(['new', 'old']).keys('x')
  expect(createSecrets(['old']).keys('x')).toEqual([second])
  expect(first!.id).not.toBe(second!.id)
})

test('neither a name nor another key gives a master or a key away', () => {
  const [entry] = createSecrets(['a master secret of some length']).keys('x')
  expect(entry!.id).toMatch(/^[0-9a-f]{8}$/)
  expect(entry!.key.toString('hex')).not.toContain(entry!.id)
})

test('no secret, or an empty one, is refused', () => {
  expect(() => createSecrets([])).toThrow('at least one signing secret')
  expect(() => createSecrets(['fine', ''])).toThrow('none may be empty')
})
