import { describe, expect, test } from 'vitest'
import { checkEvent, isTimeZone } from './event-rules.ts'
import { searchForm, searchPatterns } from './listing.ts'
import { blockRows, rowName, theatreRows } from './plans.ts'
import { saleTable } from './sale-state.ts'
import { buildGeometry, checkPlan, geometrySeats, plainGeometry } from './seat-plan.ts'

test('an event has names that can be seen and read one way; a description may be pasted', () => {
  const faultOf = (members: Parameters<typeof checkEvent>[0]) => checkEvent(members, 0).faults[0]?.detail
  expect(faultOf({ name: 'Ana\nBcc: x' })).toBe('has control characters')
  expect(faultOf({ name: '\u202Eyenom' })).toBe('has characters that turn the reading direction')
  expect(faultOf({ venue: '\u200B' })).toBe('has invisible characters')
  expect(faultOf({ name: ' ' })).toBe('is empty')
  expect(faultOf({ description: 'One\r\n\tsoft\u00ADhyphen' })).toBeUndefined()
  expect(faultOf({ description: 'bell\u0007' })).toBe('has control characters')
  expect(faultOf({ name: '가을밤 👨‍👩‍👧 콘서트', venue: 'مسرح' })).toBeUndefined()
})

describe('seating plans', () => {
  for (const [name, plan] of [
    ['a small theatre', theatreRows({ rows: 3, seatsPerRow: 4 })],
    ['a theatre with an aisle', theatreRows({ rows: 20, seatsPerRow: 30, aisleAfter: 15, accessibleFirst: 4 })],
    ['a wide theatre', theatreRows({ rows: 100, seatsPerRow: 400, aisleAfter: 200 })],
    ['a block', blockRows({ rows: 40, seatsPerRow: 40, left: -20, top: 5 })],
  ] as const) {
    test(`${name} has no faults and no two seats closer than 0.9 of a seat's width`, () => {
      const { seats, faults } = checkPlan(plan)
      expect(faults).toEqual([])
      for (const [i, seat] of seats.entries()) {
        const next = seats[i + 1]
        if (next?.row !== seat.row) continue
        const apart = Math.hypot(next.x - seat.x, next.y - seat.y)
        if (apart < 0.9) throw new Error(`${seat.label} and ${next.label} are ${apart} apart`)
      }
    })
  }

  test('the rows of a theatre curve around the stage: the ends of a row are nearer to its front than the middle', () => {
    const rowA = theatreRows({ rows: 2, seatsPerRow: 21 }).slice(0, 21)
    expect(rowA[0]!.y).toBeCloseTo(0)
    expect(rowA[10]).toMatchObject({ row: 'A', number: '11', x: 0 })
    expect(rowA[10]!.y).toBeGreaterThan(rowA[0]!.y)
    expect(rowA[0]!.x).toBeCloseTo(-rowA[20]!.x)
  })

  test('an aisle is two seats wide and the accessible seats begin the last row', () => {
    const plan = theatreRows({ rows: 2, seatsPerRow: 10, aisleAfter: 5, accessibleFirst: 2 })
    const gap = (a: number, b: number) => Math.hypot(plan[b]!.x - plan[a]!.x, plan[b]!.y - plan[a]!.y)
    expect(gap(4, 5)).toBeGreaterThan(2.5)
    expect(gap(3, 4)).toBeLessThan(1.1)
    expect(plan.filter((seat) => seat.accessible).map((seat) => seat.row + seat.number)).toEqual(['B1', 'B2'])
  })

  test('rows are named A to Z, AA to ZZ, AAA', () => {
    expect([0, 25, 26, 51, 52, 701, 702].map(rowName)).toEqual(['A', 'Z', 'AA', 'AZ', 'BA', 'ZZ', 'AAA'])
  })

  test('a geometry gives back the seats it was built from, in order', async () => {
    const { seats } = checkPlan(theatreRows({ rows: 5, seatsPerRow: 7, accessibleFirst: 1 }))
    const geometry = await buildGeometry('sec_x', seats)
    expect(geometry.seats).toBe(35)
    expect(await geometrySeats(geometry.document)).toEqual(seats)
    const document = JSON.parse((await plainGeometry(geometry.document)).toString())
    expect(document).toMatchObject({ sectionId: 'sec_x', hash: geometry.hash })
    expect(document.seats[34].id).toBe('sea_x-35')
  })

  test('the hash is of the seats, not of the section that has them', async () => {
    const { seats } = checkPlan(blockRows({ rows: 1, seatsPerRow: 2 }))
    const one = await buildGeometry('sec_x', seats)
    expect((await buildGeometry('sec_y', seats)).hash).toBe(one.hash)
    expect((await buildGeometry('sec_x', seats.toReversed())).hash).not.toBe(one.hash)
  })

  test('coordinates that are no finite number are out of range', () => {
    const { faults } = checkPlan([{ row: 'A', number: 1, x: Number.NaN, y: Number.POSITIVE_INFINITY }])
    expect(faults.map((fault) => fault.pointer)).toEqual(['#/seats/0/x', '#/seats/0/y'])
  })

  test('fullwidth, decomposed and padded labels are told apart only when people would', () => {
    const { faults } = checkPlan([
      { row: '가', number: 1, x: 0, y: 0 },
      { row: ` ${'가'.normalize('NFD')} `, number: '1', x: 1, y: 0 },
    ])
    expect(faults).toEqual([{ pointer: '#/seats/1/number', detail: '가-1 is already the label of #/seats/0' }])
  })
})

test('time zones are IANA names', () => {
  expect(['Asia/Seoul', 'UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires'].every(isTimeZone)).toBe(true)
  expect(['+09:00', 'Asia/Soul', '', 'KST9', '../etc', 'Asia/Seoul '].some(isTimeZone)).toBe(false)
})

test('a search and what it is compared with have the same form', () => {
  expect(searchForm('  ＬＩＶＥ\n서울 ')).toBe('live 서울')
  expect(searchPatterns('50%_off \\')).toEqual(['%50\\%\\_off%', '%\\\\%'])
  expect(searchPatterns('   ')).toEqual([])
})

test('a sale goes from draft to published and nowhere from there', () => {
  expect(saleTable).toEqual({
    draft: {
      publish: { to: 'published' },
      remove: { removed: true },
      'waiting-room-ready': { ignore: true },
      'inventory-ready': { ignore: true },
    },
    published: {
      publish: { refuse: 'catalog.already-published' },
      remove: { refuse: 'catalog.already-published' },
      'waiting-room-ready': { note: 'waitingRoom' },
      'inventory-ready': { note: 'inventory' },
    },
  })
})
