import type { Hashes } from './draw.ts'
import type { DrawCheck } from './verify-draw.ts'
import {
  createMatching,
  firstHead,
  recordHash,
  type KeptSeat,
  type WaitlistRecord,
  type WaitWish,
} from './waitlist-order.ts'

/** Offers that follow a rule and those that do not; the first of these is named. */
type Rule = { name: string; good: number; bad: string[] }

/**
 * Replays the public records of a waitlist and checks that every offer was made to whoever was first in order.
 * @param texts  the records as published, from the first on
 * @param head  the hash that the waitlist's document shows, or that somebody noted earlier with as many records
 */
export function verifyWaitlist(hashes: Pick<Hashes, 'sha256'>, texts: readonly string[], head: string): DrawCheck[] {
  const chained = texts.reduce((before, text) => recordHash(hashes, before, text), firstHead)
  const records = texts.map((text) => JSON.parse(text) as WaitlistRecord)
  const misnumbered = records.findIndex((record, i) => record.n !== i + 1)
  const isWhole = chained === head && misnumbered < 0
  const chain: DrawCheck = {
    name: 'the records are those that the head stands for',
    result: isWhole ? 'right' : 'wrong',
    detail: isWhole
      ? `${records.length} records`
      : misnumbered < 0
        ? `their head is ${chained}`
        : `record ${misnumbered + 1} has another number`,
  }
  return isWhole ? [chain, ...replay(records)] : [chain]
}

function replay(records: readonly WaitlistRecord[]): DrawCheck[] {
  const order: Rule = {
    name: 'every offer went to the first in order whose wish the seats satisfied',
    good: 0,
    bad: [],
  }
  const once: Rule = {
    name: 'no seat was offered to two people, and nobody was offered twice at once',
    good: 0,
    bad: [],
  }
  const deadlines: Rule = { name: 'everybody had the full time, and seats went on only after it', good: 0, bad: [] }
  const idle: Rule = {
    name: 'no seat went back to the open sale while somebody waited who could use it',
    good: 0,
    bad: [],
  }
  const judge = (rule: Rule, isGood: boolean, record: WaitlistRecord, fault: string) => {
    if (isGood) rule.good++
    else rule.bad.push(`record ${record.n}: ${fault}`)
  }

  /** In the order of their numbers, because numbers rise. */
  const waiting = new Map<number, WaitWish>()
  const atHand = new Map<string, Map<number, KeptSeat>>()
  const offers = new Map<number, { until: number; isOver: boolean }>()
  /** By whose offer a seat is kept, by section and number. */
  const holders = new Map<string, number>()
  let closesAt = Infinity
  let offerMs = 0
  let isClosed = false

  /** Goes down the order with all that is at hand. Begun anew whenever somebody joins or leaves, or seats come. */
  let round: Iterator<{ number: number; sectionId: string; seats: number[] }, undefined> | undefined
  function* goDown(): Generator<{ number: number; sectionId: string; seats: number[] }, undefined> {
    const matching = createMatching(new Map([...atHand].map(([id, seats]) => [id, [...seats.values()]])))
    for (const [number, wish] of waiting) {
      const match = matching.give(wish)
      if (match) yield { number, ...match }
    }
    return undefined
  }
  const next = () => (round ??= goDown()).next().value
  const take = (sectionId: string, seats: readonly number[]): boolean => {
    const here = atHand.get(sectionId)
    return seats.reduce((all, number) => (here?.delete(number) ?? false) && all, true)
  }

  for (const record of records) {
    const at = Date.parse(record.at)
    if (record.kind === 'joined' || record.kind === 'left' || record.kind === 'kept') round = undefined
    switch (record.kind) {
      case 'opened':
        closesAt = Date.parse(record.closesAt)
        offerMs = record.offerSeconds * 1000
        break
      case 'offer-time':
        offerMs = record.offerSeconds * 1000
        break
      case 'closed':
        isClosed = true
        break
      case 'joined':
        waiting.set(record.n, record)
        break
      case 'left':
        judge(once, waiting.delete(record.number), record, `${record.number} was not waiting`)
        break
      case 'kept': {
        const here = atHand.get(record.sectionId) ?? new Map<number, KeptSeat>()
        for (const [number, run, place] of record.seats) {
          const key = `${record.sectionId} ${number}`
          const holder = holders.get(key) ?? null
          const isBack = holder === record.offer && (holder === null || offers.get(holder)!.isOver)
          judge(once, isBack && !here.has(number), record, `seat ${number} was somebody's`)
          holders.delete(key)
          here.set(number, { number, run, at: place })
        }
        atHand.set(record.sectionId, here)
        break
      }
      case 'offered': {
        const { number, sectionId, seats } = record
        const until = Date.parse(record.until)
        const right = next()
        const isRight = right?.number === number && right.sectionId === sectionId && right.seats.join() === seats.join()
        const wasRight = right ? `${right.number} was next, for seats ${right.seats.join(', ')}` : 'nobody was next'
        judge(order, isRight, record, wasRight)
        if (!isRight) round = undefined
        judge(deadlines, until - at === offerMs && until <= closesAt, record, 'another time than everybody has')
        judge(once, take(sectionId, seats) && waiting.delete(number) && !isClosed, record, 'was offered already')
        offers.set(record.n, { until, isOver: false })
        for (const seat of seats) holders.set(`${sectionId} ${seat}`, record.n)
        break
      }
      case 'offer-over': {
        const offer = offers.get(record.offer)
        const isTime = record.why !== 'deadline' || (offer !== undefined && at >= offer.until)
        judge(deadlines, offer?.isOver === false && isTime, record, 'the offer was not over')
        if (offer) offer.isOver = true
        break
      }
      case 'sold':
        for (const seat of record.seats) {
          const key = `${record.sectionId} ${seat}`
          judge(once, holders.get(key) === record.offer, record, `seat ${seat} was somebody else's`)
          holders.delete(key)
        }
        break
      case 'released': {
        const isClosing = record.closing && (isClosed || at + offerMs > closesAt)
        const other = isClosing ? undefined : next()
        judge(idle, other === undefined, record, `${other?.number} could have used them`)
        judge(once, take(record.sectionId, record.seats), record, 'they were not at hand')
        break
      }
    }
  }
  return [order, once, deadlines, idle].map(({ name, good, bad }) => ({
    name,
    result: bad.length === 0 ? 'right' : 'wrong',
    detail: bad.length === 0 ? `${good} times` : `${bad.length} times not: ${bad[0]}`,
  }))
}
