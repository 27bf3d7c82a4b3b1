import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Type, OneOf } from '@fairgate/contracts/schema'
import { ConfigError, readSettings, secretSetting, setting } from './config.ts'

const folder = mkdtempSync(join(tmpdir(), 'fairgate-config-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const settings = {
  GATE_PORT: setting(Type.Integer({ minimum: 0, maximum: 65_535 }), 'Port', '8080'),
  GATE_RATIO: setting(Type.Number(), 'Ratio', '0.5'),
  GATE_DEMO: setting(Type.Boolean(), 'Demo'),
  GATE_LEVEL: setting(OneOf(['low', 'high']), 'Level', 'low'),
  GATE_NAMES: setting(Type.Array(OneOf(['a', 'b']), { minItems: 1 }), 'Names', 'a,b'),
  GATE_KEY: secretSetting(Type.String({ minLength: 8 }), 'Key'),
  OTHER: setting(Type.String(), 'Other'),
} as const
const read = (env: Record<string, string>) => readSettings(settings, env, ['GATE_'])

function mistakes(env: Record<string, string>): readonly string[] {
  try {
    read(env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.mistakes
  }
  return []
}

test('without anything set the defaults hold, and what has none is absent', () => {
  expect(read({})).toEqual({ GATE_PORT: 8080, GATE_RATIO: 0.5, GATE_LEVEL: 'low', GATE_NAMES: ['a', 'b'] })
  expect(read({ GATE_PORT: '' }).GATE_PORT).toBe(8080)
})

test('text becomes the type of its setting', () => {
  expect(
    read({ GATE_PORT: '0', GATE_RATIO: '1.25', GATE_DEMO: 'Yes', GATE_NAMES: ' b , a ', GATE_LEVEL: 'high' }),
  ).toMatchObject({
    GATE_PORT: 0,
    GATE_RATIO: 1.25,
    GATE_DEMO: true,
    GATE_NAMES: ['b', 'a'],
    GATE_LEVEL: 'high',
  })
  for (const text of ['off', 'false', 'no', '0']) expect(read({ GATE_DEMO: text }).GATE_DEMO).toBe(false)
})

test('all mistakes are reported together, each with its name and what was given', () => {
  const found = mistakes({
    GATE_PORT: '70000',
    GATE_RATIO: 'half',
    GATE_DEMO: 'perhaps',
    GATE_LEVEL: 'middle',
    GATE_NAMES: 'a,c',
    GATE_PROT: '1',
    GATE_KEY: 'short',
  })
  expect(found.map((mistake) => mistake.split(':')[0]!).toSorted()).toEqual(
    ['GATE_DEMO', 'GATE_KEY', 'GATE_LEVEL', 'GATE_NAMES', 'GATE_PORT', 'GATE_PROT', 'GATE_RATIO'].toSorted(),
  )
  expect(found.find((mistake) => mistake.startsWith('GATE_PORT'))).toContain('"70000"')
  expect(found.find((mistake) => mistake.startsWith('GATE_PROT'))).toBe('GATE_PROT: there is no such setting')
  expect(() => read({ GATE_PORT: 'x', GATE_RATIO: 'y' })).toThrow(/2 mistakes:\n {2}- GATE_PORT.*\n {2}- GATE_RATIO/)
})

test('numbers that only look like numbers are mistakes', () => {
  for (const text of ['80a', '8.5', 'NaN', 'Infinity', '-1', '1e99', ' '])
    expect(mistakes({ GATE_PORT: text }), text).toHaveLength(1)
})

test("unknown names are a mistake with our prefix, and other programs' names are none of our business", () => {
  expect(mistakes({ GATE_CONSTRUCTOR: '1' })).toHaveLength(1)
  expect(mistakes({ PATH: '/bin', HOME: '/', OTHERS: 'x' })).toEqual([])
})

test('a secret may come from a file, without its last line break', () => {
  expect(read({ GATE_KEY_FILE: file('key', 'a secret of a file\n') }).GATE_KEY).toBe('a secret of a file')
})

test('a secret file that is missing, empty or beside the secret itself is a mistake; a file for what is no secret too', () => {
  expect(mistakes({ GATE_KEY_FILE: join(folder, 'absent') })[0]).toMatch(/^GATE_KEY_FILE: ENOENT/)
  expect(mistakes({ GATE_KEY_FILE: file('empty', '\n') })[0]).toMatch(/^GATE_KEY_FILE: .* is empty$/)
  expect(mistakes({ GATE_KEY: 'a secret given directly', GATE_KEY_FILE: file('key2', 'another secret') })).toEqual([
    'GATE_KEY: is given twice, also by GATE_KEY_FILE',
  ])
  expect(mistakes({ GATE_PORT_FILE: file('port', '80') })).toEqual(['GATE_PORT_FILE: there is no such setting'])
})

test('a secret is never quoted, however wrong it is', () => {
  expect(mistakes({ GATE_KEY: 'POISON' }).join()).not.toContain('POISON')
  expect(mistakes({ GATE_KEY_FILE: file('short', 'POISON') }).join()).not.toContain('POISON')
})
