import { seatStatus, type Hold as HoldDocument } from '@fairgate/contracts/http/inventory'
import { seatId } from '@fairgate/contracts/ids'
import { money, times, type Currency, type Money } from '@fairgate/contracts/money'
import type { TokenPayload } from '@fairgate/contracts/tokens'
import { transaction } from '#platform/db'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import type { Allotments } from './allotments.ts'
import type { AvailabilityReader } from './availability.ts'
import { chooseNear } from './best-seats.ts'
import { seatNumbers } from './interventions.ts'
import * as store from './inventory-store.ts'
import { accessible, type Entitled, type Section } from './inventory-store.ts'
import { outcome, same } from './hold-requests.ts'
import type { OrderSteps } from './order-steps.ts'
import type { Placing } from './placing.ts'
import type { Sections } from './sections.ts'
import type { Wish } from './wish.ts'

export type HoldAnswer = { hold: HoldDocument; holdToken: string }

export type HoldRequest = {
  passToken?: string
  allotmentCode?: string
  sectionId: string
  seatIds?: readonly string[]
  count?: number
  together?: boolean
  accessible?: boolean
}

type Deps = Pick<Platform, 'db' | 'clock' | 'tokens'> & {
  sections: Sections
  placing: Placing
  steps: Pick<OrderSteps, 'move'>
  allotments: Pick<Allotments, 'entitledBy'>
  availability: Pick<AvailabilityReader, 'read'>
}

/** What a pass or the code of an allotment allows. With `seatIds` these seats only, with `unitPrice` at this price. */
type Right = {
  lineId: string
  saleId: string
  passUntil: number
  seatsMax?: number | undefined
  entitled: Entitled
  unitPrice?: Money | undefined
  seatIds?: readonly string[] | undefined
}

type Want = { seatIds: readonly string[] } | { count: number; together: boolean }

/** Groups of seats proposed to who was slower, and the most seats he may have wanted. */
const nearbyMax = 3
const nearbySeatsMax = 20

/** What a buyer does with holds. */
export function createHolds({ db, clock, tokens, sections, placing, steps, allotments, availability }: Deps) {
  /**
   * Keeps seats for an account. The pass is judged before anything is said of the section, the sale's hours before
   * anything is said of its seats.
   */
  async function place(accountId: string, request: HoldRequest): Promise<HoldAnswer> {
    const want = readWant(request)
    const right = checkRight(accountId, request)
    const section = await sections.find(request.sectionId)
    if (!section || section.saleId !== right.saleId) throw new Problem('inventory.section-not-found')
    const now = clock.now()
    const isEarly = now < section.opensAt.getTime() && right.entitled === null
    if (isEarly || now >= section.closesAt.getTime()) {
      throw new Problem('inventory.not-on-sale', {
        opensAt: section.opensAt.toISOString(),
        closesAt: section.closesAt.toISOString(),
      })
    }
    const { seatIds: promised, unitPrice, ...asker } = right
    if (unitPrice && unitPrice.currency !== section.priceCurrency) throw new Problem('inventory.pass-invalid')
    const wanted = promised ? promisedOf(promised, want) : want
    const asked = 'seatIds' in wanted ? { seats: seatNumbers(section, wanted.seatIds) } : wanted
    const wish: Wish = {
      section,
      accountId,
      ...asker,
      entitled: right.entitled ?? (await needOf(request, section, asked)),
      unitAmount: unitPrice?.amount ?? null,
      isPromised: promised !== undefined,
      ...asked,
    }
    const answer = await placing.place(wish)
    switch (answer.kind) {
      case 'placed':
        return toAnswer(section, {
          ...answer.hold,
          currency: section.priceCurrency,
          accountId,
        })
      case 'pass-ended':
        throw new Problem('inventory.pass-ended')
      case 'seat-taken':
        throw await seatTaken(wish, answer.seats, 'seats' in wish ? wish.seats : [])
      case 'sold-out':
      case 'no-adjacent':
        throw new Problem(`inventory.${answer.kind}`, { free: answer.free })
      case 'limit-reached':
        throw new Problem('inventory.limit-reached', { limit: answer.limit, have: answer.have })
    }
  }

  /**
   * A gentle answer when someone was faster: what is free near the wanted seats, by the picture that this process has
   * anyway. It is no promise, and costs the database nothing.
   */
  async function seatTaken({ section, entitled }: Wish, taken: readonly number[], wanted: readonly number[]) {
    const isFor = section.admission === 'reserved' && entitled === null && wanted.length <= nearbySeatsMax
    const near = isFor ? await freeNear(section, wanted, taken).catch(() => []) : []
    return new Problem('inventory.seat-taken', {
      taken: taken.map((number) => seatId(section.id, number)),
      nearby: near.map((seats) => seats.map((number) => seatId(section.id, number))),
    })
  }

  async function freeNear(section: Section, wanted: readonly number[], taken: readonly number[]): Promise<number[][]> {
    const [hall, { picture }] = await Promise.all([sections.hall(section.id), availability.read(section.id)])
    const isFree = (number: number) =>
      ((picture[(number - 1) >> 2]! >> (((number - 1) & 3) * 2)) & 3) === seatStatus.free && !taken.includes(number)
    return chooseNear(hall, isFree, wanted, nearbyMax)
  }

  /** A pass, or the code of an allotment, which has a line of its own and needs not wait for the opening. */
  function checkRight(accountId: string, request: HoldRequest): Right {
    const { passToken, allotmentCode, sectionId } = request
    if (allotmentCode !== undefined) {
      const { allotmentId, saleId } = allotments.entitledBy(allotmentCode, sectionId)
      return { lineId: allotmentId, saleId, passUntil: Infinity, entitled: allotmentId }
    }
    const { lineId, saleId, exp, seatsMax, unitPrice, seatIds, offerId } = checkPass(accountId, passToken!, sectionId)
    // The seats themselves say when an offer is over, and other passes of its owner have nothing to do with it.
    if (offerId !== undefined) return { lineId, saleId, passUntil: Infinity, entitled: offerId, seatIds }
    return { lineId, saleId, passUntil: exp, seatsMax, entitled: null, unitPrice, seatIds }
  }

  /** Who declares the need may take kept seats, companions only with an accessible seat in the same hold. */
  async function needOf({ accessible: isNeeded }: HoldRequest, section: Section, asked: object): Promise<Entitled> {
    if (!isNeeded || section.admission === 'open') return null
    if (!('seats' in asked)) return accessible
    const hall = await sections.hall(section.id)
    return (asked.seats as readonly number[]).some((number) => hall.accessible[number]) ? accessible : null
  }

  /** A pass of somebody else is as invalid as a forged one, also when it has expired. */
  function checkPass(accountId: string, passToken: string, sectionId: string): TokenPayload<'pass'> {
    const verified = tokens.verify('pass', passToken)
    if (verified.kind === 'forged' || verified.payload.accountId !== accountId)
      throw new Problem('inventory.pass-invalid')
    if (verified.kind === 'expired')
      throw new Problem('inventory.pass-expired', { expiredAt: new Date(verified.payload.exp).toISOString() })
    if (!verified.payload.sectionIds.includes(sectionId)) throw new Problem('inventory.pass-invalid')
    return verified.payload
  }

  /** Live holds of an account, oldest first. */
  async function list(accountId: string, holdId?: string): Promise<HoldAnswer[]> {
    const holds = await store.liveHolds(db, accountId, new Date(clock.now()), holdId)
    return Promise.all(holds.map(async (hold) => toAnswer((await sections.find(hold.sectionId))!, hold)))
  }

  async function get(accountId: string, holdId: string): Promise<HoldAnswer> {
    const [found] = await list(accountId, holdId)
    if (!found) throw new Problem('inventory.hold-not-found')
    return found
  }

  /** Gives the seats back at once. Doing it again does nothing. */
  async function release(accountId: string, holdId: string): Promise<void> {
    await transaction(db, async (tx) => {
      const [hold] = await store.lockHolds(tx, [holdId])
      if (!hold || hold.accountId !== accountId) throw new Problem('inventory.hold-not-found')
      const decided = outcome(hold, 'drop')
      if (decided === 'no') throw new Problem('inventory.hold-in-use')
      if (decided === 'free' || decided === 'end') await steps.move(tx, [{ ...same(hold), to: 'released' }], 'free')
    })
  }

  type Kept = {
    id: string
    lineId: string
    accountId: string
    seats: readonly number[]
    labels: readonly string[]
    unitAmount: number
    currency: Currency
    expiresAt: Date
  }

  function toAnswer(section: Section, hold: Kept): HoldAnswer {
    const unitPrice = money(hold.unitAmount, hold.currency)
    const total = times(unitPrice, hold.seats.length)
    const seats = hold.seats.map((number, i) => ({ number, label: hold.labels[i]! }))
    return {
      hold: {
        id: hold.id,
        sectionId: section.id,
        seats: seats.map(({ number, label }) => ({ id: seatId(section.id, number), label })),
        total,
        expiresAt: hold.expiresAt.toISOString(),
      },
      holdToken: tokens.sign('hold', {
        holdId: hold.id,
        lineId: hold.lineId,
        saleId: section.saleId,
        accountId: hold.accountId,
        event: section.event,
        section: { id: section.id, name: section.name },
        seats,
        unitPrice,
        total,
        exp: hold.expiresAt.getTime(),
      }),
    }
  }

  return { place, list, get, release }
}

export type Holds = ReturnType<typeof createHolds>

/** The seats that a pass names, in its order; of others it says nothing. */
function promisedOf(promised: readonly string[], want: Want): { seatIds: readonly string[] } {
  if ('seatIds' in want) {
    if (!want.seatIds.every((id) => promised.includes(id))) throw new Problem('inventory.pass-invalid')
    return want
  }
  if (want.count <= promised.length) return { seatIds: promised.slice(0, want.count) }
  const detail = `must be at most ${promised.length}: the pass names its seats`
  throw new Problem('inventory.invalid-seats', { errors: [{ pointer: '#/count', detail }] })
}

/** Either seats or a count, `together` only with a count. */
function readWant({ passToken, allotmentCode, seatIds, count, together, accessible: isNeeded }: HoldRequest): Want {
  const errors: { pointer: string; detail: string }[] = []
  if (passToken === undefined && allotmentCode === undefined)
    errors.push({ pointer: '#/passToken', detail: 'is needed, or allotmentCode' })
  if (allotmentCode !== undefined && isNeeded)
    errors.push({ pointer: '#/accessible', detail: 'cannot go with allotmentCode' })
  if (seatIds === undefined && count === undefined) errors.push({ pointer: '#/seatIds', detail: 'is needed, or count' })
  if (seatIds !== undefined && count !== undefined)
    errors.push({ pointer: '#/count', detail: 'cannot go with seatIds' })
  if (seatIds !== undefined && together !== undefined)
    errors.push({ pointer: '#/together', detail: 'goes with count only' })
  if (errors.length > 0) throw new Problem('http.invalid', { errors })
  return seatIds !== undefined ? { seatIds } : { count: count!, together: together ?? false }
}
