import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chooseAny, chooseNear, chooseTogether, layOut, type SeatPosition } from './best-seats.ts'

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

/**
 * Worked examples of the "theater suggestions" kata: a price category is a section of its own, so each asks one section.
 */
test('suggestions of a theater: the middle of the row, together around it, nobody left alone beside, never split', () => {
  const ford = ['xxoxxoxx', 'xxxxxxxx', 'xxxxxxxx']
  expect(together(1, ...ford)).toEqual(['B-4'])
  expect(together(1, 'xxoxxoxx')).toEqual(['A-4'])
  expect(together(2, 'ooxxxxoo')).toEqual(['A-3', 'A-4'])
  expect(together(3, ...ford)).toEqual(['B-3', 'B-4', 'B-5'])
  expect(together(4, 'xxoxxoxx', 'xxxxooxx')).toEqual(['B-1', 'B-2', 'B-3', 'B-4'])
  expect(together(5, 'xxoxxoxx', 'xxxxooxx')).toBeUndefined()
  expect(together(1, 'oooooooo')).toBeUndefined()
})

/**
 * A hall of the kata: the digits are price categories, in brackets those that are taken. Each category is a section, so
 * its rows have gaps where the others sit. @returns the first three suggestions of a category, each without the earlier
 */
function suggestions(category: string, count: number, ...rows: string[]): string[] {
  const seats: SeatPosition[] = []
  const taken: number[] = []
  rows.forEach((row, y) =>
    row.split(/ +/).forEach((mark, x) => {
      if (mark.replace(/[()]/g, '') !== category) return
      const rowName = String.fromCharCode(65 + y)
      const number = seats.length + 1
      seats.push({ number, rowName, label: `${rowName}${x + 1}`, x: x * 50, y: y * 80, accessible: false })
      if (mark.startsWith('(')) taken.push(number)
    }),
  )
  const plan = layOut(seats)
  const free = new Uint8Array(seats.length + 1).fill(1, 1)
  for (const number of taken) free[number] = 0
  return Array.from({ length: 3 }, () => {
    const chosen = chooseTogether(plan, free, count) ?? []
    for (const number of chosen) free[number] = 0
    return chosen.map((number) => seats[number - 1]!.label).join('-')
  }).filter((suggestion) => suggestion !== '')
}

const ford = ['(2) (2) 1 (1) (1) (1) (1) (1) (2) (2)', '(2) (2) (1) (1) (1) (1) (1) (1) (2) (2)']
const lincoln = ['2 2 1 1 1 1 1 1 2 2', '2 2 1 1 1 1 1 1 2 2']
const madison = ['(2) (2) (1) (1) (1) (1) (1) (1) (2) (2)', '(2) (2) (1) (1) (1) (1) (1) (1) (2) (2)']
const mogador = ['2 2 1 1 (1) (1) (1) (1) 2 2', '2 2 1 1 1 1 1 1 2 2']
const back = ['2 2 2 2 2 2 2 2 2 2', '2 2 2 2 2 2 2 2 2 2', '3 3 3 3 3 3 3 3 3 3', '3 3 3 3 3 3 3 3 3 3']
const dockStreet = ['(2) (2) (1) (1) (1) 1 1 1 2 2', '2 2 1 1 (1) (1) (1) (1) 2 2', ...back]
const newAmsterdam = [...lincoln, ...back]

test.each([
  ['the only free seat', '1', 1, ford, ['A3']],
  ['nothing where all is taken', '1', 1, madison, []],
  ['two beside the others', '2', 2, lincoln, ['A1-A2', 'A9-A10', 'B1-B2']],
  ['one in the middle', '3', 1, newAmsterdam, ['E5', 'E6', 'E4']],
  ['four where no row has them', '1', 4, dockStreet, []],
  ['four in the middle', '2', 4, dockStreet, ['C4-C5-C6-C7', 'D4-D5-D6-D7']],
  ['four in the middle', '3', 4, dockStreet, ['E4-E5-E6-E7', 'F4-F5-F6-F7']],
  ['three that are left', '1', 3, dockStreet, ['A6-A7-A8']],
])('the theater kata suggests %s: category %s for %d', (_, category, count, rows, wanted) => {
  expect(suggestions(category, count, ...rows)).toEqual(wanted)
})

/** The kata does not know the rule that nobody is left alone: its second suggestions here would leave one seat. */
test.each([
  ['1', 1, newAmsterdam, ['A5', 'A6', 'A4'], ['A5', 'A6', 'B5']],
  ['2', 1, newAmsterdam, ['A2', 'A9', 'A1'], ['C5', 'C6', 'C4']],
  ['1', 1, mogador, ['A4', 'A3', 'B5'], ['B5', 'B6', 'A4']],
  ['2', 3, dockStreet, ['C4-C5-C6', 'C7-C8-C9', 'C1-C2-C3'], ['C4-C5-C6', 'C1-C2-C3', 'D5-D6-D7']],
  ['3', 3, dockStreet, ['E4-E5-E6', 'E7-E8-E9', 'E1-E2-E3'], ['E4-E5-E6', 'F4-F5-F6', 'E1-E2-E3']],
])('where the theater kata leaves a seat alone, another choice is made: category %s for %d', (...example) => {
  const [category, count, rows, kata, ours] = example
  const given = suggestions(category, count, ...rows)
  expect(given).not.toEqual(kata)
  expect(given).toEqual(ours)
})

test('a chart with two categories: each has its own best seats, an offer never crosses the border', () => {
  const first = ['xxxxxx', 'xooxxx']
  const second = ['oxxxxo', 'xxxxxx']
  expect(together(2, ...first)).toEqual(['A-3', 'A-4'])
  expect(together(2, ...second)).toEqual(['A-2', 'A-3'])
  expect(together(6, ...second)).toEqual(['B-1', 'B-2', 'B-3', 'B-4', 'B-5', 'B-6'])
  expect(together(6, 'xxxooo', 'xxxxxo')).toBeUndefined()
})

const row = fc.string({ unit: fc.constantFrom('x', 'x', 'o', '_'), minLength: 1, maxLength: 9 })
const rows = fc.array(row, { minLength: 1, maxLength: 4 })

/** Every run of free seats in a row, by its labels, with how many single seats it leaves alone. */
function everyChoice(plan: ReturnType<typeof layOut>, free: Uint8Array, count: number) {
  return plan.runs.flatMap((run) => {
    const at = (i: number) => (free[run[i] ?? 0] ?? 0) === 1
    return run.flatMap((_, start) => {
      if (start + count > run.length || !run.slice(start, start + count).every((number) => free[number])) return []
      const end = start + count
      const left = at(start - 1) && !at(start - 2) ? 1 : 0
      const right = at(end) && !at(end + 1) ? 1 : 0
      return [{ seats: run.slice(start, end), alone: left + right }]
    })
  })
}

test('no seat is left alone where another choice of the same size avoids it, nor are seats refused that are there', () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 5 }), (plans, count) => {
      const { plan, free } = hall(...plans)
      const all = everyChoice(plan, free, count)
      const chosen = chooseTogether(plan, free, count)
      expect(chosen === undefined).toBe(all.length === 0)
      if (!chosen) return
      const same = all.find(({ seats }) => seats.join() === chosen.join())
      expect(same?.alone).toBe(Math.min(...all.map(({ alone }) => alone)))
    }),
    { numRuns: 1000 },
  )
})

test('near wanted seats: as many, side by side, free, the nearest first, none twice', () => {
  const { plan, free, labels } = hall('xxxoxxx', 'xxxxxxx')
  const near = (...wanted: number[]) => chooseNear(plan, (number) => free[number] === 1, wanted, 3).map(labels)
  expect(near(4)).toEqual([['A-3'], ['A-5'], ['B-4']])
  expect(near(3, 4)).toEqual([
    ['A-2', 'A-3'],
    ['B-3', 'B-4'],
    ['A-5', 'A-6'],
  ])
  expect(near(1, 2, 3, 4, 5, 6, 7)).toEqual([['B-1', 'B-2', 'B-3', 'B-4', 'B-5', 'B-6', 'B-7']])
})

test('any seats: exactly as many as asked, all free, none twice, refused only when fewer are free', () => {
  const mixed = fc.string({ unit: fc.constantFrom('x', 'o', '_', 'w'), minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(fc.array(mixed, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 6 }), (plans, count) => {
      const { plan, free } = hall(...plans)
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
