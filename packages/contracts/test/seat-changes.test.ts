import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeChanges, encodeChanges } from '../src/seat-changes.ts'
import { readUpdate, statusAt, type SeatPicture } from '../src/seat-picture.ts'

const pictures = fc
  .integer({ min: 0, max: 3000 })
  .chain((size) =>
    fc.record({
      before: fc.uint8Array({ minLength: size, maxLength: size }),
      after: fc.uint8Array({ minLength: size, maxLength: size }),
      share: fc.integer({ min: 0, max: 100 }),
    }),
  )
  // Most of a picture stays as it was.
  .map(({ before, after, share }) => ({
    before,
    after: after.map((byte, at) => ((at * 7919) % 100 < share ? byte : before[at]!)),
  }))

const counts = { sectionId: 'sec_a', free: 0, held: 0, sold: 0, blocked: 0 }
const known = (status: Uint8Array, version: number) =>
  new Map<string, SeatPicture>([['sec_a', { ...counts, version, status }]])
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')

test('a picture and its changes make the later picture', () => {
  fc.assert(
    fc.property(pictures, ({ before, after }) => {
      const changes = base64(encodeChanges(before, after))
      const read = readUpdate(known(before, 3), {
        snapshots: [],
        changes: [{ ...counts, free: 7, from: 3, to: 9, changes }],
      })
      if (read === 'missed') throw new Error('missed')
      expect(read.get('sec_a')).toEqual({ ...counts, free: 7, version: 9, status: after })
    }),
  )
})

test('control: changes of another picture do not make it', () => {
  const [before, after, other] = [Uint8Array.of(0, 0), Uint8Array.of(1, 0), Uint8Array.of(0, 4)]
  const changes = base64(encodeChanges(before, after))
  const read = readUpdate(known(other, 3), { snapshots: [], changes: [{ ...counts, from: 3, to: 4, changes }] })
  expect(read).not.toBe('missed')
  expect((read as Map<string, SeatPicture>).get('sec_a')!.status).not.toEqual(after)
})

test('a missed version is noticed, an old one passed by, an unknown section asked for', () => {
  const update = (from: number, to: number) => ({ snapshots: [], changes: [{ ...counts, from, to, changes: '' }] })
  const before = known(Uint8Array.of(0), 5)
  expect(readUpdate(before, update(6, 7))).toBe('missed')
  expect(readUpdate(before, update(4, 6))).toBe('missed')
  expect(readUpdate(new Map(), update(5, 6))).toBe('missed')
  expect(readUpdate(before, update(3, 5))).toEqual(before)
  expect(readUpdate(before, { snapshots: [{ ...counts, version: 9, status: 'Gw==' }], changes: [] })).toEqual(
    known(Uint8Array.of(0x1b), 9),
  )
})

test('one changed seat costs a byte within 31 seats of the last, two within 4,095', () => {
  const after = new Uint8Array(2000)
  const set = (seat: number) => (after[seat >> 2]! |= 2 << ((seat & 3) * 2))
  set(31)
  set(63)
  set(63 + 1 + 4095)
  expect(encodeChanges(new Uint8Array(2000), after)).toHaveLength(1 + 1 + 2)
  expect([63, 64].map((seat) => statusAt(after, seat))).toEqual([2, 0])
  expect(statusAt(after, 8000)).toBeUndefined()
  expect(() => decodeChanges(Uint8Array.of(0x80), () => undefined)).toThrow('end within a number')
})
