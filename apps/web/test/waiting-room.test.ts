import { describe, expect, test } from 'vitest'
import type { LineDocument } from '@fairgate/contracts/http/waiting-room'
import { pauseAfterFailure, pauseMs, pauseMsMax, spread } from '../waiting-room/poll.ts'
import { aheadOf, type RoomState } from '../waiting-room/room.ts'
import { en } from '../waiting-room/en.ts'
import { ko } from '../waiting-room/ko.ts'
import { clockText } from '../src/i18n/dates.ts'
import { announcementOf, viewOf } from '../waiting-room/view.ts'

const poll: LineDocument['poll'] = [
  { aheadMax: 50, everyMs: 1000 },
  { aheadMax: 500, everyMs: 2000 },
  { aheadMax: null, everyMs: 10_000 },
]

const line: LineDocument = {
  id: 'lin_a',
  saleId: 'sal_a',
  eventId: 'evt_a',
  name: 'All seats',
  sectionIds: ['sec_a'],
  phase: 'open',
  opensAt: '2026-11-21T11:00:00.000Z',
  closesAt: '2026-12-21T11:00:00.000Z',
  serverTime: '2026-11-21T11:10:00.000Z',
  arrivals: 1000,
  draw: { commitment: null },
  frontier: 100,
  admittedPerMinute: 60,
  shoppers: 40,
  stock: { free: 300, held: 50, sold: 20 },
  poll,
}

const place = {
  accountId: 'acc_a',
  place: { id: 'plc_a', lineId: 'lin_a', number: 301, joinedAt: line.opensAt },
  placeToken: 't',
  aheadAtFirst: 400,
}

const state = (change: Partial<RoomState> = {}): RoomState => ({
  lineId: 'lin_a',
  document: line,
  who: 'signed-in',
  place,
  online: true,
  ...change,
})

const withLine = (change: Partial<LineDocument>, rest: Partial<RoomState> = {}): RoomState =>
  state({ document: { ...line, ...change }, ...rest })

describe('poll', () => {
  test('is as long as the document asks, with a floor and a ceiling', () => {
    expect([50, 51, Infinity].map((ahead) => pauseMs(poll, ahead))).toEqual([1000, 2000, 10_000])
    expect(pauseMs([{ aheadMax: null, everyMs: 1 }], 1)).toBe(500)
    expect(pauseMs([{ aheadMax: null, everyMs: 10 ** 9 }], 1)).toBe(pauseMsMax)
  })

  test('is shortened by up to two fifths and never exceeded', () => {
    expect([0, 0.5, 1].map((share) => spread(10_000, () => share))).toEqual([6000, 8000, 10_000])
  })

  test('backs off after failures, to the longest pause at most, and never before the server allows it', () => {
    const pauses = [1, 2, 3, 20].map((failures) => pauseAfterFailure(failures, undefined, () => 1))
    expect(pauses).toEqual([2000, 4000, 8000, pauseMsMax])
    expect(pauseAfterFailure(1, 30_000, () => 0.5)).toBe(30_000)
  })
})

describe('view', () => {
  test('people ahead are those between the frontier and the place', () => {
    expect(aheadOf(state())).toBe(200)
    expect(aheadOf(withLine({ frontier: 300 }))).toBe(0)
    expect(aheadOf(withLine({ frontier: 900 }))).toBe(0)
    expect(aheadOf(withLine({ phase: 'gathering' }))).toBeUndefined()
  })

  test('a place that is drawn has no position before the draw', () => {
    const draw = { commitment: 'c', entrants: 500 }
    expect(aheadOf(withLine({ draw }))).toBeUndefined()
    const own = { result: 'computed', position: 120, entrants: 500, isEntrant: true } as const
    expect(aheadOf(withLine({ draw }, { draw: own }))).toBe(19)
  })

  test('says that it is unlikely when more people are ahead than places can still be had', () => {
    expect(viewOf(state(), en).warning).toBeUndefined()
    expect(viewOf(withLine({ stock: { free: 100, held: 99, sold: 20 } }), en).warning).toBe(en.unlikely)
    expect(viewOf(withLine({ stock: { free: 100, held: 100, sold: 20 } }), en).warning).toBeUndefined()
  })

  test('the expected wait is told in minutes, and nothing is said where nothing is known', () => {
    const rate = (perMinute: number) => ({
      shoppersMax: 5000,
      admitPerMinute: perMinute,
      admittedPerMinute: perMinute,
      admission: { perMinute, limitedBy: 'rate', everyone: false } as const,
    })
    const waitOf = (change: Partial<LineDocument>) =>
      viewOf(withLine(change), en).facts.find(({ label }) => label === en.wait)?.value
    expect(waitOf(rate(60))).toBe(en.waitRange(3, 4))
    expect(waitOf(rate(600))).toBe(en.waitSoon)
    expect(waitOf({ ...rate(60), phase: 'paused' })).toBe(en.waitUnknown)
    expect(waitOf({ ...rate(60), frontier: 0 })).toBe(en.waitUnknown)
  })

  test('names what else there is: lines to move to while they gather, and what is left elsewhere when nothing is here', () => {
    const others = [
      { id: 'lin_b', name: '10K', phase: 'gathering' as const, free: 0, waiting: 3 },
      { id: 'lin_c', name: 'Half', phase: 'open' as const, free: 12, waiting: 1 },
      { id: 'lin_d', name: '5K', phase: 'open' as const, free: 0, waiting: 9 },
    ]
    expect(viewOf(withLine({ phase: 'gathering' }, { others }), en).others).toEqual({
      title: en.changeLine,
      isOpen: false,
      items: [{ label: '10K', note: '0 places left · 3 people in line', href: '/wait/lin_b?from=lin_a' }],
    })
    const rest = { title: en.stillOpen, isOpen: true }
    expect(viewOf(withLine({ phase: 'sold-out' }, { others }), en).others).toMatchObject({
      ...rest,
      items: [{ label: 'Half', href: '/wait/lin_c' }],
    })
    const unlikely = withLine({ stock: { free: 9, held: 0, sold: 361 } }, { others })
    expect(viewOf(unlikely, en).others).toMatchObject({ ...rest, items: [{ href: '/wait/lin_c' }] })
    expect(viewOf(state({ others }), en).others).toBeUndefined()
  })

  test('says what moving means before it is done, and what is left once the sale has opened', () => {
    const other = { ...state({ ended: { kind: 'other-line', lineId: 'lin_b' } }) }
    delete other.place
    const before = viewOf({ ...other, document: { ...line, phase: 'gathering', draw: { commitment: 'c' } } }, en)
    expect(before).toMatchObject({ heading: en.moveTitle, lead: en.moveLeadDraw })
    expect(before.actions).toMatchObject([{ press: 'move-here' }, { href: '/wait/lin_b', quiet: true }])
    const after = viewOf(other, en)
    expect(after).toMatchObject({ lead: en.startAnewLead })
    expect(after.actions).toMatchObject([{ href: '/wait/lin_b' }, { press: 'start-anew', quiet: true }])
  })

  test('every state has its own heading and a way on where one is needed', () => {
    const pass = { accountId: 'acc_a', passToken: 'p', expiresAt: '2026-11-21T11:20:00.000Z', sectionIds: ['sec_a'] }
    const nobody = { ...state() }
    delete nobody.place
    const states: [RoomState, string, string | undefined][] = [
      [state({ missing: true }), 'missing', '/'],
      [state({ who: 'signed-out' }), 'signed-out', '/sign-in?next=%2Fwait%2Flin_a'],
      [state({ who: 'unverified' }), 'unverified', '/verify?next=%2Fwait%2Flin_a'],
      [{ ...nobody, document: { ...line, phase: 'scheduled' } }, 'scheduled', '/events/evt_a'],
      [nobody, 'joining', undefined],
      [withLine({ phase: 'gathering' }), 'gathering', '/events/evt_a/code'],
      [state(), 'waiting', '/events/evt_a/code'],
      [withLine({ frontier: 299 }), 'nearly', '/events/evt_a/code'],
      [withLine({ phase: 'paused' }), 'paused', '/events/evt_a/code'],
      [state({ pass }), 'inside', '/lines/lin_a/shop'],
      [withLine({ phase: 'sold-out' }), 'sold-out', '/waitlists/sal_a'],
      [withLine({ phase: 'closed' }), 'closed', '/'],
      [{ ...nobody, ended: { kind: 'lapsed' } }, 'lapsed', 'join-again'],
      [{ ...nobody, ended: { kind: 'pass-used' } }, 'pass-used', 'join-again'],
      [{ ...nobody, ended: { kind: 'other-line', lineId: 'lin_b' } }, 'other-line', '/wait/lin_b'],
    ]
    for (const [given, key, way] of states) {
      const view = viewOf(given, en)
      const first = view.actions[0]
      expect({ key: view.key, way: first && ('href' in first ? first.href : first.press) }).toEqual({ key, way })
      expect(view.heading).not.toBe('')
      expect(announcementOf(view, en)).toContain(view.heading)
    }
    expect(new Set(states.map(([, key]) => key)).size).toBe(states.length)
  })

  test('whoever was called keeps the way in even when the line is sold out behind them', () => {
    const pass = { accountId: 'acc_a', passToken: 'p', expiresAt: '2026-11-21T11:20:00.000Z', sectionIds: ['sec_a'] }
    expect(viewOf(withLine({ phase: 'sold-out' }, { pass }), en).key).toBe('inside')
  })

  test('the clock counts up to the next whole second and never below zero', () => {
    const days = (count: number): string => (count === 1 ? '1 day' : `${count} days`)
    expect([-5, 0, 1, 59_001, 3_600_000, 90_061_000].map((ms) => clockText(ms, days))).toEqual([
      '00:00',
      '00:00',
      '00:01',
      '01:00',
      '01:00:00',
      '1 day 01:01:01',
    ])
  })

  test('both languages have the same texts', () => {
    expect(Object.keys(ko).sort()).toEqual(Object.keys(en).sort())
  })
})
