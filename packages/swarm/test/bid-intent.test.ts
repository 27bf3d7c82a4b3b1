import { describe, expect, it } from 'vitest'
import { createWinners, judge, lowestAmount, type LotRules } from '@fairgate/contracts/auction'
import { amountOf, intentOf, lateMs } from '../src/bid-intent.ts'
import { chance } from '../src/random.ts'

const opensAt = 0
const endsAt = 25_000
/** What people see of the price is so old, and an answer takes so long. */
const seenMs = 300
const answerMs = 40

type Bid = { at: number; isAccepted: boolean }

/** Plays a lot by the rules alone: everybody looks, bids, and tries twice more with what a refusal names. */
function play(users: number, capacity: number, seed: number): Bid[] {
  const lot = { opensAt, endsAt, capacity, startAmount: 100_000, step: 5000 }
  const rules: LotRules = { seats: capacity, startAmount: 100_000, step: 5000, bidsMax: 3, opensAt, endsAt }
  const root = chance(seed)
  const people = Array.from({ length: users }, (_, i) => ({
    bidder: String(i),
    chance: root.fork(users + i),
    intent: intentOf(root.fork(i), lot, users),
  }))
  const winners = createWinners<{ bidder: string; amount: number; sequence: number }>(capacity)
  const own = new Map<string, { bidder: string; amount: number; sequence: number; used: number }>()
  const bids: Bid[] = []
  let seen: { at: number; lowest: number | null } = { at: -seenMs, lowest: null }
  const least = (bidder?: string) =>
    lowestAmount(rules, { own: own.get(bidder ?? '')?.amount, cutoff: winners.cutoff()?.amount })!
  const looks = people
    .flatMap((person) =>
      person.intent.bidsAt.map((at) => ({ ...person, at, tries: 1, named: undefined as number | undefined })),
    )
    .toSorted((a, b) => a.at - b.at)
  const waiting: typeof looks = []
  while (looks.length + waiting.length > 0) {
    const isRetry = waiting[0] !== undefined && waiting[0].at <= (looks[0]?.at ?? Infinity)
    const { bidder, chance: luck, intent, at, tries, named } = (isRetry ? waiting : looks).shift()!
    if (at - seen.at >= seenMs) seen = { at, lowest: least() }
    const before = own.get(bidder)
    const lowest = Math.max(named ?? seen.lowest!, before ? before.amount + lot.step : 0)
    const amount = amountOf(luck, intent, lot, lowest, at)
    if (amount === undefined) continue
    const used = before?.used ?? 0
    const floor = { own: before?.amount, cutoff: winners.cutoff()?.amount }
    const { kind } = judge(rules, { amount, at: at + answerMs / 2 }, { used, end: endsAt, ...floor })
    bids.push({ at, isAccepted: kind === 'accepted' })
    if (kind === 'accepted') {
      const bid = { bidder, amount, sequence: bids.length, used: used + 1 }
      winners.put(bid, before)
      own.set(bidder, bid)
    } else if (kind === 'too-low' && tries < 3)
      waiting.push({ bidder, chance: luck, intent, at: at + answerMs, tries: tries + 1, named: least(bidder) })
  }
  return bids
}

describe('a crowd of bidders', () => {
  it.each([
    [5000, 50],
    [2000, 300],
    [300, 20],
    [100, 1],
  ])(
    'of %d for %d seats sends half of its bids in the last ten seconds, and half of what is accepted, spread over them',
    (users, places) => {
      const bids = play(users, places, 7)
      const accepted = bids.filter(({ isAccepted }) => isAccepted)
      for (const some of [bids, accepted]) {
        const late = some.filter(({ at }) => at >= endsAt - lateMs)
        expect(late.length / some.length).toBeGreaterThan(0.5)
        const inSecond = Array.from(
          { length: 10 },
          (_, i) => late.filter(({ at }) => Math.floor((endsAt - at) / 1000) === i).length,
        )
        expect(Math.max(...inSecond) / late.length).toBeLessThan(0.25)
      }
    },
  )

  it('bids one to three times, never above what the seat is worth, and a third of it does not mean to pay', () => {
    const lot = { opensAt, endsAt, capacity: 50, startAmount: 100_000, step: 5000 }
    const root = chance(1)
    const intents = Array.from({ length: 3000 }, (_, i) => intentOf(root.fork(i), lot, 3000))
    expect(new Set(intents.map(({ bidsAt }) => bidsAt.length))).toEqual(new Set([1, 2, 3]))
    for (const intent of intents) {
      for (const at of intent.bidsAt) {
        const amount = amountOf(root, intent, lot, 300_000, at)
        expect(amount ?? 0).toBeLessThanOrEqual(intent.worth)
        expect((amount ?? 0) % lot.step).toBe(0)
        expect(at).toBeLessThan(endsAt)
      }
    }
    const paying = intents.filter(({ withAward }) => withAward === 'pay').length / intents.length
    expect(Math.abs(paying - 2 / 3)).toBeLessThan(0.03)
  })
})
