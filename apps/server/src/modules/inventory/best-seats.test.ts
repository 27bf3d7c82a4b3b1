import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chooseAny, chooseTogether, layOut, type SeatPosition } from './best-seats.ts'

/** Rows of text: `x` a free seat, `o` a taken one, `_` an aisle, `w` a free wheelchair space. */
function hall(...rows: string[]) {
  const seats: SeatPosition[] = []
  const taken: number[] = []
  rows.forEach((row, y) => {
    let printed = 0
    Array.from(row).forEach((mark, x) => {
      if (mark === '_') return
      printed++
      const number = seats.length + 1
      const rowName = String.fromCharCode(65 + y)
      seats.push({ number, rowName, label: `${rowName}-${printed}`, x: x * 50, y: y * 80, accessible: mark === 'w' })
      if (mark === 'o') taken.push(number)
    })
  })
  const free = new Uint8Array(seats.length + 1).fill(1, 1)
  for (const number of taken) free[number] = 0
  const labels = (numbers: number[] | undefined) => numbers?.map((number) => seats[number - 1]!.label)
  return { seats, free, plan: layOut(seats), labels }
}
const together = (count: number, ...rows: string[]) => {
  const { plan, free, labels } = hall(...rows)
  return labels(chooseTogether(plan, free, count))
}

test('with a focal point the seats nearest to it are best, wherever the front is', () => {
  const seats = Array.from({ length: 12 }, (_, i) => ({
    number: i + 1,
    rowName: i < 6 ? 'A' : 'B',
    label: `${i < 6 ? 'A' : 'B'}-${(i % 6) + 1}`,
    x: i % 6,
    y: i < 6 ? 0 : 1.6,
    accessible: false,
  }))
  const free = new Uint8Array(13).fill(1)
  expect(chooseTogether(layOut(seats, { x: 6, y: 8 }), free, 2)).toEqual([11, 12])
})

test('a row that bends around a side of the hall is one run along it', () => {
  const seats = Array.from({ length: 7 }, (_, i) => {
    const angle = Math.PI + (3 - i) * 0.1
    return {
      number: i + 1,
      rowName: 'A',
      label: `A-${i + 1}`,
      x: 10 * Math.cos(angle),
      y: 10 * Math.sin(angle),
      accessible: false,
    }
  })
  expect(layOut(seats, { x: 0, y: 0 }).runs).toEqual([[1, 2, 3, 4, 5, 6, 7]])
})

test('the middle of the front is best', () => {
  expect(together(1, 'xxxxx', 'xxxxx')).toEqual(['A-3'])
  expect(together(2, 'xxxxxxxx', 'xxxxxxxx')).toEqual(['A-4', 'A-5'])
})

test('an aisle, a gap in the numbers or a taken seat separates neighbours', () => {
  expect(together(3, 'xx_xx_xx')).toBeUndefined()
  expect(together(2, 'xoxox')).toBeUndefined()
  const { seats, free, labels } = hall('xxxx')
  const gap = layOut(seats.map((seat) => (seat.number > 2 ? { ...seat, label: `A-${seat.number + 1}` } : seat)))
  expect(labels(chooseTogether(gap, free, 3))).toBeUndefined()
  expect(labels(chooseTogether(gap, free, 2))).toEqual(['A-1', 'A-2'])
})

test('rows numbered in twos have neighbours too', () => {
  const { seats, free } = hall('xxxx')
  const odd = layOut(seats.map((seat) => ({ ...seat, label: `A-${seat.number * 2 - 1}` })))
  expect(chooseTogether(odd, free, 4)).toEqual([1, 2, 3, 4])
})

test('a single seat is left alone only when that cannot be avoided', () => {
  expect(together(2, 'xxx', 'xxxx')).toEqual(['B-1', 'B-2'])
  expect(together(2, 'xxx')).toEqual(['A-1', 'A-2'])
})

test('wheelchair spaces are given to others last', () => {
  expect(together(2, 'www', 'xxxx')).toEqual(['B-1', 'B-2'])
  expect(together(2, 'www', 'oxo')).toEqual(['A-1', 'A-2'])
  const { plan, free, labels } = hall('wxw')
  expect(labels(chooseAny(plan, free, 2))).toEqual(['A-1', 'A-2'])
})

test('any seats: exactly as many as asked, all free, none twice, refused only when fewer are free', () => {
  const row = fc.string({ unit: fc.constantFrom('x', 'o', '_', 'w'), minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 6 }), (rows, count) => {
      const { plan, free } = hall(...rows)
      const total = free.reduce((sum, one) => sum + one, 0)
      const any = chooseAny(plan, free, count)
      expect(any !== undefined).toBe(total >= count)
      const run = chooseTogether(plan, free, count)
      for (const seats of [any, run]) {
        if (!seats) continue
        expect(new Set(seats).size).toBe(count)
        expect(seats.every((number) => free[number] === 1)).toBe(true)
      }
    }),
  )
})
