import { describe, expect, test } from 'vitest'
import { createKeep } from '../src/api/keep.ts'
import noSchemas from '../src/api/no-schemas.ts'
import { createServerClock } from '../src/api/server-clock.ts'
import { createSession } from '../src/api/session.ts'
import { eventTime, instantOf, localOf, shortTime } from '../src/i18n/dates.ts'
import { en } from '../src/i18n/en.ts'
import { ko } from '../src/i18n/ko.ts'
import { chooseLanguage } from '../src/i18n/language.ts'
import { basisPointsOf, gridSections, parsePrice, priceText } from '../src/forms/grid.ts'
import { sumsOf } from '../src/ui/code-field.tsx'
import { generatePlan, parsePlan, rowName } from '../src/forms/plan.ts'
import { isOwnPage, pb, safeNext } from '../src/path-builder.ts'
import { boundsOf, freeRuns, nearestRun, neighbour, rowsOf, stateOf, tierOf } from '../src/seat-map/seats.ts'
import { createFinder, hullOf, isInside, layOutVenue, nextSection } from '../src/seat-map/venue.ts'

describe('paths', () => {
  test('every address of the app', () => {
    const id = 'a/b'
    expect(Object.values(pb).map((path) => path(id))).toMatchInlineSnapshot(`
      [
        "/",
        "/events/a%2Fb",
        "/events/a%2Fb/code",
        "/sign-in?next=a%2Fb",
        "/register?next=a%2Fb",
        "/reset-password?next=a%2Fb",
        "/verify?next=a%2Fb",
        "/wait/a%2Fb",
        "/lines/a%2Fb/shop",
        "/ballots/a%2Fb",
        "/waitlists/a%2Fb",
        "/lots/a%2Fb",
        "/lots/a%2Fb/ranking",
        "/orders",
        "/orders/a%2Fb",
        "/orders/a%2Fb/card",
        "/orders/a%2Fb/receipt",
        "/pay/success",
        "/pay/fail",
        "/tickets",
        "/tickets/a%2Fb",
        "/organiser",
        "/organiser/new",
        "/organiser/events/a%2Fb",
        "/organiser/events/a%2Fb/seats",
        "/organiser/events/a%2Fb/money",
        "/organiser/events/a%2Fb/watch",
        "/organiser/events/a%2Fb/orders",
        "/organiser/webhooks",
        "/admin",
        "/admin/orders",
        "/admin/orders/a%2Fb",
        "/check-in",
      ]
    `)
  })

  test('coming back never leaves this site', () => {
    expect(safeNext('/wait/lin_a?x=1')).toBe('/wait/lin_a?x=1')
    for (const bad of [
      null,
      '',
      'https://evil.test/',
      '//evil.test',
      '/\\evil.test',
      'javascript:alert(1)',
      'wait/lin_a',
    ]) {
      expect(safeNext(bad), String(bad)).toBe('/')
    }
    expect(isOwnPage('/wait/lin_a')).toBe(true)
    expect(isOwnPage('/orders')).toBe(false)
  })
})

describe('words', () => {
  const shape = (value: unknown, path = ''): string[] =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, inner]) => shape(inner, `${path}.${key}`))
      : [`${path}:${typeof value}`]

  test('both languages have the same keys, and none is empty', () => {
    expect(shape(ko).sort()).toEqual(shape(en).sort())
    expect(JSON.stringify([en, ko])).not.toContain('""')
  })

  test('the chosen language wins, then the browser, then English', () => {
    expect(chooseLanguage('ko', ['en-GB'])).toBe('ko')
    expect(chooseLanguage(null, ['fr-FR', 'ko-KR', 'en'])).toBe('ko')
    expect(chooseLanguage('xx', ['fr'])).toBe('en')
  })
})

describe('times', () => {
  test('a wall-clock time becomes the instant of its zone, also where clocks change', () => {
    expect(instantOf('2026-12-01T20:00', 'Asia/Seoul')).toBe('2026-12-01T11:00:00.000Z')
    expect(instantOf('2026-07-01T20:00', 'Europe/London')).toBe('2026-07-01T19:00:00.000Z')
    expect(instantOf('2026-03-29T01:30', 'Europe/London')).toBe('2026-03-29T01:30:00.000Z')
    expect(instantOf('2026-10-25T01:30', 'Europe/London')).toBe('2026-10-25T00:30:00.000Z')
    expect(instantOf('2026-07-01T12:15', 'Asia/Kathmandu')).toBe('2026-07-01T06:30:00.000Z')
    expect(instantOf('soon', 'Asia/Seoul')).toBeUndefined()
  })

  test('there and back is the same', () => {
    for (const zone of ['Asia/Seoul', 'America/New_York', 'Australia/Lord_Howe', 'UTC']) {
      expect(localOf(instantOf('2026-08-09T07:05', zone)!, zone)).toBe('2026-08-09T07:05')
    }
  })

  test('the zone is named only where the viewer has another time', () => {
    expect(eventTime('2026-12-01T11:00:00Z', 'Asia/Seoul', 'en', 'Asia/Tokyo')).toEqual({
      day: 'Tuesday, 1 December 2026',
      time: '20:00',
    })
    expect(eventTime('2026-12-01T11:00:00Z', 'Asia/Seoul', 'en', 'Europe/Paris').zone).toBe('Korean Standard Time')
    expect(shortTime('2026-12-01T11:00:00Z', 'Asia/Seoul', 'ko', 'Europe/Paris')).toContain('GMT+9')
  })

  test('the server clock keeps the freshest of what it was told', () => {
    let local = 1_000_000
    const clock = createServerClock(() => local)
    expect(clock.now()).toBe(local)
    const tell = (behindMs: number): void => clock.observe(new Date(local + 500_000 - behindMs).toISOString())
    tell(900)
    tell(40)
    tell(1500)
    expect(clock.now() - local).toBe(499_960)
    local += 60_000
    for (let sample = 0; sample < 20; sample++) tell(300)
    expect(clock.now() - local).toBe(499_700)
    clock.observe('not a time')
    expect(clock.now() - local).toBe(499_700)
  })
})

describe('session', () => {
  const account = {
    id: 'acc_a',
    email: 'a@example.com',
    name: 'A',
    locale: 'en' as const,
    verified: true,
    roles: ['buyer' as const],
  }

  const never = (): Promise<void> => Promise.reject(new Error('nothing is waited for'))

  test('whoever was signed in is asked for again while the server gives no answer, and only then told to sign in', async () => {
    const answers = [503, 'offline', 200] as const
    const open = (statuses: readonly (number | 'offline')[], known: string | null) => {
      const left = [...statuses]
      const waits: number[] = []
      const session = createSession({
        fetch: async () => {
          const status = left.shift() ?? 503
          if (status === 'offline') throw new TypeError('failed to fetch')
          return status === 200
            ? Response.json({ account, accessToken: 'token', expiresInSeconds: 600 })
            : new Response('', { status })
        },
        now: () => 0,
        hint: { get: () => known, set: () => undefined },
        alone: (work) => work(),
        pause: async (ms) => void waits.push(ms),
      })
      return { session, waits }
    }
    const back = open(answers, 'yes')
    expect((await back.session.start()).kind).toBe('signed-in')
    expect(back.waits).toEqual([1000, 2000])
    const away = open([], 'yes')
    expect((await away.session.start()).kind).toBe('signed-out')
    expect(away.waits).toEqual([1000, 2000, 4000])
    // Nobody knows of a session here, so nobody waits for one.
    const visitor = open(answers, null)
    expect((await visitor.session.start()).kind).toBe('signed-out')
    expect(visitor.waits).toEqual([])
    const ended = open([401], 'yes')
    expect((await ended.session.start()).kind).toBe('signed-out')
    expect(ended.waits).toEqual([])
  })

  test('what everybody may see does not wait for the answer to who asks', async () => {
    let answer = (): void => undefined
    const session = createSession({
      fetch: async () => new Response('', { status: 503 }),
      now: () => 0,
      hint: { get: () => 'yes', set: () => undefined },
      alone: (work) => work(),
      pause: () => new Promise((done) => (answer = done)),
    })
    expect(await session.freshToken()).toBeUndefined()
    expect(session.state().kind).toBe('unknown')
    answer()
  })

  test('calls at the same time share one exchange, and the token is renewed before it ends', async () => {
    let [exchanges, nowMs] = [0, 0]
    const session = createSession({
      fetch: async () => {
        exchanges++
        return Response.json({ account, accessToken: `token ${exchanges}`, expiresInSeconds: 600 })
      },
      now: () => nowMs,
      hint: { get: () => null, set: () => undefined },
      alone: (work) => work(),
      pause: never,
    })
    expect(await Promise.all([session.freshToken(), session.freshToken(), session.freshToken()])).toEqual([
      'token 1',
      'token 1',
      'token 1',
    ])
    nowMs = 569_000
    expect(await session.freshToken()).toBe('token 1')
    nowMs = 571_000
    expect(await Promise.all([session.freshToken(), session.freshToken()])).toEqual(['token 2', 'token 2'])
    expect(exchanges).toBe(2)
  })

  test('a visitor who is known to be signed out costs the server nothing', async () => {
    let exchanges = 0
    const session = createSession({
      fetch: async () => {
        exchanges++
        return new Response('', { status: 401 })
      },
      now: () => 0,
      hint: { get: () => 'no', set: () => undefined },
      alone: (work) => work(),
      pause: never,
    })
    expect((await session.start()).kind).toBe('signed-out')
    expect(await session.freshToken()).toBeUndefined()
    expect(exchanges).toBe(0)
  })

  test('what is kept for one account is not shown to another, and a refused storage falls back to memory', () => {
    const refused = {
      getItem: () => null,
      setItem: () => {
        throw new Error('quota')
      },
      removeItem: () => undefined,
    }
    const keep = createKeep(refused)
    keep.pass.set('lin_a', { accountId: 'acc_a', passToken: 'p', expiresAt: 'x', sectionIds: [] })
    expect(keep.pass.get('lin_a', 'acc_a')?.passToken).toBe('p')
    expect(keep.pass.get('lin_a', 'acc_b')).toBeUndefined()
    keep.pass.drop('lin_a')
    expect(keep.pass.get('lin_a', 'acc_a')).toBeUndefined()
  })
})

describe('seats', () => {
  const plan = generatePlan({ rows: 3, seatsPerRow: 6, aisleAfter: 3, curved: false })
  const seats = plan.map((seat, index) => ({
    ...seat,
    number: String(seat.number),
    id: `sea_a-${index + 1}`,
    label: `${seat.row}-${seat.number}`,
    accessible: false,
  }))

  const sectionOf = (id: string, admission: 'reserved' | 'open' = 'reserved') => ({
    id,
    eventId: 'evt_a',
    name: id,
    admission,
    capacity: 18,
    price: { amount: 1000, currency: 'KRW' as const },
    attributes: {},
  })
  const venueOf = (...ids: string[]) =>
    layOutVenue({ sections: ids.map((id) => ({ section: sectionOf(id), tier: 0, seats })) })

  test('status is two bits a seat, the first seat lowest; what is missing cannot be bought', () => {
    const status = Uint8Array.of(0b11_10_01_00)
    expect([0, 1, 2, 3, 4].map((seat) => stateOf(status, seat))).toEqual(['free', 'held', 'sold', 'blocked', 'blocked'])
    expect(stateOf(undefined, 3)).toBe('free')
  })

  test('runs of free seats end at an aisle and at a seat that is taken; the nearest one is offered', () => {
    const status = new Uint8Array(5)
    status[0] = 0b00_00_01_00
    expect(freeRuns(seats, status, { pitch: 1 }, 3).map((run) => run.map((seat) => seats[seat]!.label))).toEqual([
      ['A-4', 'A-5', 'A-6'],
      ['B-1', 'B-2', 'B-3'],
      ['B-4', 'B-5', 'B-6'],
      ['C-1', 'C-2', 'C-3'],
      ['C-4', 'C-5', 'C-6'],
    ])
    expect(nearestRun(seats, status, { pitch: 1 }, [0, 1]).map((seat) => seats[seat]!.label)).toEqual(['B-1', 'B-2'])
    expect(nearestRun(seats, status, { pitch: 1 }, [0, 1, 2, 3])).toEqual([])
  })

  test('a generated plan has unique labels and places, an aisle, and rows named like a spreadsheet', () => {
    const bent = generatePlan({ rows: 40, seatsPerRow: 30, aisleAfter: 15, curved: true })
    expect(new Set(bent.map(({ row, number }) => `${row}-${number}`)).size).toBe(1200)
    expect(new Set(bent.map(({ x, y }) => `${x},${y}`)).size).toBe(1200)
    expect(plan.slice(0, 6).map(({ x }) => x)).toEqual([-3, -2, -1, 1, 2, 3])
    expect([0, 25, 26, 51, 52, 701, 702].map(rowName)).toEqual(['A', 'Z', 'AA', 'AZ', 'BA', 'ZZ', 'AAA'])
  })

  test('neighbours in bent rows stay apart', () => {
    const bent = generatePlan({ rows: 20, seatsPerRow: 60, aisleAfter: undefined, curved: true })
    let nearest = Infinity
    for (const [index, a] of bent.entries()) {
      for (const b of bent.slice(index + 1, index + 130)) nearest = Math.min(nearest, Math.hypot(a.x - b.x, a.y - b.y))
    }
    expect(nearest).toBeGreaterThan(0.9)
  })

  test('the map finds the seat under a point and the next one in a direction', () => {
    const bounds = boundsOf(seats)
    expect(bounds).toMatchObject({ left: -3, right: 3, top: 0, bottom: 2, pitch: 1, front: 0 })
    const finder = createFinder(venueOf('sec_a'))
    expect(seats[finder.at(-2.2, 1.3)!.seat!]!.label).toBe('B-2')
    expect(finder.at(0, 1)).toEqual({ sectionId: 'sec_a', seat: undefined })
    expect(finder.at(9, 9)).toBeUndefined()
    const lasso = finder.inside([
      [-3.5, -0.5],
      [-1.5, -0.5],
      [-1.5, 1.5],
    ])
    expect([...lasso].map(([id, found]) => [id, found.map((seat) => seats[seat]!.label)])).toEqual([
      ['sec_a', ['A-1', 'A-2', 'B-2']],
    ])
    const from = seats.findIndex(({ label }) => label === 'B-3')
    expect(
      (['left', 'right', 'up', 'down'] as const).map((direction) => seats[neighbour(seats, from, direction)]!.label),
    ).toEqual(['B-2', 'B-4', 'A-3', 'C-3'])
    expect(neighbour(seats, 0, 'up')).toBe(0)
    expect(rowsOf(seats).map(({ row, seats: members }) => [row, members.length])).toEqual([
      ['A', 6],
      ['B', 6],
      ['C', 6],
    ])
  })

  test('sections that were drawn by themselves stand one behind another; those of one drawing stay where they are', () => {
    const behind = venueOf('sec_a', 'sec_b')
    expect(behind.sections[1]!.box.top).toBeGreaterThan(behind.sections[0]!.box.bottom)
    expect(nextSection(behind, 'sec_a', 'down')).toBe('sec_b')
    expect(nextSection(behind, 'sec_b', 'down')).toBe('sec_b')
    const beside = layOutVenue({
      sections: [0, 20].map((x) => ({
        section: sectionOf(`sec_${x}`),
        tier: 0,
        seats: seats.map((seat) => ({ ...seat, x: seat.x + x })),
      })),
    })
    expect(beside.sections.map(({ seats: placed }) => placed![0]!.x)).toEqual([-3, 17])
    const floor = layOutVenue({
      sections: [
        { section: sectionOf('sec_a'), tier: 0, seats },
        { section: sectionOf('sec_floor', 'open'), tier: 0, seats: undefined },
      ],
    })
    expect(floor.sections.map(({ id }) => id)).toEqual(['sec_floor', 'sec_a'])
  })

  test('the outline of a section has all of its seats inside', () => {
    const bent = generatePlan({ rows: 12, seatsPerRow: 30, aisleAfter: undefined, curved: true })
    const hull = hullOf(bent, 0.8)
    expect(bent.every(({ x, y }) => isInside(hull, x, y))).toBe(true)
    expect(isInside(hull, 40, 0)).toBe(false)
  })

  test('50,000 seats are found in a moment', () => {
    const many = Array.from({ length: 50_000 }, (_, index) => ({
      ...seats[0]!,
      row: String(Math.floor(index / 250)),
      x: index % 250,
      y: Math.floor(index / 250),
    }))
    const finder = createFinder(layOutVenue({ sections: [{ section: sectionOf('sec_a'), tier: 0, seats: many }] }))
    expect(finder.at(249.2, 199.1)).toEqual({ sectionId: 'sec_a', seat: 49_999 })
  })

  test('the dearest price has the first colour, and there are enough for all', () => {
    expect([165, 121, 88, 60, 40, 121].map((price) => tierOf(price, [165, 121, 88, 60, 40]))).toEqual([
      0, 1, 2, 3, 3, 1,
    ])
  })
})

describe('seating plans from files', () => {
  test('CSV and JSON give the same seats', () => {
    const csv = parsePlan('\uFEFFRow,Number,X,Y,accessible\r\nA,1,0,0,\r\n"A",2,1,0,yes\r\n')
    const json = parsePlan(
      '{"seats":[{"row":"A","number":1,"x":0,"y":0},{"row":"A","number":"2","x":1,"y":0,"accessible":true}]}',
    )
    expect(csv.faults).toEqual([])
    expect(csv.seats).toEqual([
      { row: 'A', number: '1', x: 0, y: 0 },
      { row: 'A', number: '2', x: 1, y: 0, accessible: true },
    ])
    expect(json.seats).toEqual(csv.seats)
  })

  test('every fault is named with its line', () => {
    expect(parsePlan('row,number,x,y\nA,1,0,0\nA,1,1,0\nB,,2,zz\n').faults).toEqual([
      { at: 3, kind: 'twice', label: 'A-1', first: 2 },
      { at: 4, kind: 'missing', fields: 'number, y' },
    ])
    expect(parsePlan('row,x\nA,1').faults).toEqual([{ at: 1, kind: 'missing', fields: 'number, y' }])
    expect(parsePlan('row,number,x,y\n').faults).toEqual([{ at: 0, kind: 'empty' }])
    expect(parsePlan('{"seats": 3}').faults[0]).toMatchObject({ kind: 'unreadable' })
    expect(parsePlan('[{').faults[0]).toMatchObject({ kind: 'unreadable' })
    expect(parsePlan('[null, 3]').faults).toHaveLength(2)
  })
})

describe('prices and grids', () => {
  test('a fee in percent is read in hundredths of a percent, up to a half; an amount is written as it is read', () => {
    expect(['', '2.5', '10 %', '50', '0.07'].map(basisPointsOf)).toEqual([0, 250, 1000, 5000, 7])
    expect(['50.01', '-1', '1.234', 'a'].map(basisPointsOf)).toEqual([undefined, undefined, undefined, undefined])
    for (const [amount, currency] of [
      [1250, 'USD'],
      [7, 'KWD'],
      [1000, 'KRW'],
    ] as const)
      expect(parsePrice(priceText(amount, currency), currency)).toBe(amount)
  })

  test('what the shop says an order comes to is what the server counts', () => {
    const price = { amount: 198_000, currency: 'KRW' as const }
    const code = { code: 'SPRING', percent: 10, allotments: [] }
    const fees = { perTicket: 1000, basisPoints: 250 }
    expect(sumsOf(price, 2, fees, code)).toMatchObject({
      discount: { amount: 19_800 },
      fee: { amount: 6455 },
      total: { amount: 184_655 },
    })
    expect(sumsOf(price, 2, fees, { ...code, percent: 100 })).toMatchObject({ fee: undefined, total: { amount: 0 } })
    expect(sumsOf(price, 2, undefined, undefined).total).toEqual(price)
  })

  test('a price is read exactly in the digits of its currency', () => {
    expect(parsePrice('55,000', 'KRW')).toBe(55_000)
    expect(parsePrice('12.5', 'USD')).toBe(1250)
    expect(parsePrice('0.07', 'GBP')).toBe(7)
    for (const [text, currency] of [
      ['12.5', 'KRW'],
      ['1.234', 'USD'],
      ['-1', 'USD'],
      ['', 'KRW'],
      ['1e3', 'KRW'],
      ['free', 'KRW'],
    ] as const) {
      expect(parsePrice(text, currency), text).toBeUndefined()
    }
  })

  test('a grid is every course with every pace group', () => {
    const { sections } = gridSections('5K, 35,000\n10K, 45000\n', '4:00-4:59, 200\n5:00-5:59, 300', 'KRW')
    expect(sections.map(({ name, amount, capacity }) => [name, amount, capacity])).toEqual([
      ['5K · 4:00-4:59', 35_000, 200],
      ['5K · 5:00-5:59', 35_000, 300],
      ['10K · 4:00-4:59', 45_000, 200],
      ['10K · 5:00-5:59', 45_000, 300],
    ])
    expect(gridSections('5K, 35000\n10K', '4:00, none', 'KRW')).toEqual({ sections: [], courseFault: 2, paceFault: 1 })
    expect(gridSections('', '', 'KRW')).toEqual({ sections: [], courseFault: 1, paceFault: 1 })
  })
})

test('the stand-in for the schema library answers every builder that the contracts use', () => {
  expect([
    noSchemas.Object({}),
    noSchemas.Union([]),
    noSchemas.Partial(noSchemas.Object({})),
    noSchemas.Enum(['a']),
  ]).toEqual([{}, {}, {}, {}])
})
