import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatId, idPrefixes, seatId, seatNumber, type IdKind } from '../src/ids.ts'

const random = fc.uint8Array({ minLength: 10, maxLength: 10 })
const moment = fc.integer({ min: 0, max: 2 ** 48 - 1 })
const section = fc.tuple(moment, random).map(([ms, bytes]) => formatId('section', ms, bytes))

test('every kind has a prefix of its own, three letters', () => {
  const prefixes = Object.values(idPrefixes)
  expect(new Set(prefixes).size).toBe(prefixes.length)
  for (const prefix of prefixes) expect(prefix).toMatch(/^[a-z]{3}$/)
})

test('an id is its prefix and 26 characters that nobody misreads, safe in a URL', () => {
  fc.assert(
    fc.property(fc.constantFrom(...(Object.keys(idPrefixes) as IdKind[])), moment, random, (kind, ms, bytes) => {
      const id = formatId(kind, ms, bytes)
      expect(id).toMatch(/^[a-z]{3}_[0-7][0-9a-hjkmnp-tv-z]{25}$/)
      expect(encodeURIComponent(id)).toBe(id)
    }),
  )
})

test('ids sort by their moment first', () => {
  fc.assert(
    fc.property(moment, moment, random, random, (a, b, one, two) => {
      fc.pre(a < b)
      expect(formatId('order', a, one) < formatId('order', b, two)).toBe(true)
    }),
  )
})

test('no random bit is lost, and the layout is that of a ULID', () => {
  fc.assert(
    fc.property(moment, random, random, (ms, one, two) => {
      expect(formatId('order', ms, one) === formatId('order', ms, two)).toBe(Buffer.compare(one, two) === 0)
    }),
  )
  // The example of the ULID specification: 01ARYZ6S41 is 1469918176385 ms.
  expect(formatId('order', 1_469_918_176_385, new Uint8Array(10))).toBe('ord_01aryz6s410000000000000000')
})

test('a seat is found again by its section and number', () => {
  fc.assert(
    fc.property(section, fc.integer({ min: 1, max: 9_999_999 }), (sectionId, number) => {
      expect(seatNumber(sectionId, seatId(sectionId, number))).toBe(number)
    }),
  )
})

test('a seat of another section, or one that is misspelt, has no number here', () => {
  fc.assert(
    fc.property(section, section, fc.integer({ min: 1, max: 9_999_999 }), (one, other, number) => {
      fc.pre(one !== other)
      expect(seatNumber(one, seatId(other, number))).toBeUndefined()
    }),
  )
  const sectionId = formatId('section', 0, new Uint8Array(10))
  const lead = seatId(sectionId, 7).slice(0, -1)
  for (const tail of ['', '0', '07', '-7', '+7', '7.0', '7e1', ' 7', '7 ', '12345678', '٧', '7-7'])
    expect(seatNumber(sectionId, lead + tail), tail).toBeUndefined()
  for (const id of ['', sectionId, '7', `x${lead}7`, lead.toUpperCase() + '7'])
    expect(seatNumber(sectionId, id), id).toBeUndefined()
})
