import type { Hold as HoldDocument } from '@fairgate/contracts/http/inventory'
import { seatId, seatNumber } from '@fairgate/contracts/ids'
import { money, times, type Currency } from '@fairgate/contracts/money'
import type { TokenPayload } from '@fairgate/contracts/tokens'
import { transaction } from '#platform/db'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import * as store from './inventory-store.ts'
import type { Section } from './inventory-store.ts'
import { outcome, same, type OrderSteps } from './order-steps.ts'
import type { Placing, Wish } from './placing.ts'
import type { Sections } from './sections.ts'

export type HoldAnswer = { hold: HoldDocument; holdToken: string }

export type HoldRequest = {
  passToken: string
  sectionId: string
  seatIds?: readonly string[]
  count?: number
  together?: boolean
}

type Deps = Pick<Platform, 'db' | 'clock' | 'tokens'> & {
  sections: Sections
  placing: Placing
  steps: Pick<OrderSteps, 'move'>
}

/** What a buyer does with holds. */
export function createHolds({ db, clock, tokens, sections, placing, steps }: Deps) {
  /**
   * Keeps seats for an account. The pass is judged before anything is said of the section, the sale's hours before
   * anything is said of its seats.
   */
  async function place(accountId: string, request: HoldRequest): Promise<HoldAnswer> {
    const want = readWant(request)
    const pass = checkPass(accountId, request)
    const section = await sections.find(request.sectionId)
    if (!section || section.saleId !== pass.saleId) throw new Problem('inventory.section-not-found')
    const now = clock.now()
    if (now < section.opensAt.getTime() || now >= section.closesAt.getTime()) {
      throw new Problem('inventory.not-on-sale', {
        opensAt: section.opensAt.toISOString(),
        closesAt: section.closesAt.toISOString(),
      })
    }
    const asked = 'seatIds' in want ? { seats: seatNumbers(section, want.seatIds) } : want
    const wish: Wish = {
      section,
      lineId: pass.lineId,
      accountId,
      passUntil: pass.exp,
      seatsMax: pass.seatsMax,
      ...asked,
    }
    const answer = await placing.place(wish)
    switch (answer.kind) {
      case 'placed':
        return toAnswer(section, {
          ...answer.hold,
          unitAmount: section.priceAmount,
          currency: section.priceCurrency,
          accountId,
        })
      case 'pass-ended':
        throw new Problem('inventory.pass-ended')
      case 'seat-taken':
        throw new Problem('inventory.seat-taken', { taken: answer.seats.map((number) => seatId(section.id, number)) })
      case 'sold-out':
      case 'no-adjacent':
        throw new Problem(`inventory.${answer.kind}`, { free: answer.free })
      case 'limit-reached':
        throw new Problem('inventory.limit-reached', { limit: answer.limit, have: answer.have })
    }
  }

  /** A pass of somebody else is as invalid as a forged one, also when it has expired. */
  function checkPass(accountId: string, { passToken, sectionId }: HoldRequest): TokenPayload<'pass'> {
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

/** Either seats or a count, `together` only with a count. */
function readWant({
  seatIds,
  count,
  together,
}: HoldRequest): { seatIds: readonly string[] } | { count: number; together: boolean } {
  const errors: { pointer: string; detail: string }[] = []
  if (seatIds === undefined && count === undefined) errors.push({ pointer: '#/seatIds', detail: 'is needed, or count' })
  if (seatIds !== undefined && count !== undefined)
    errors.push({ pointer: '#/count', detail: 'cannot go with seatIds' })
  if (seatIds !== undefined && together !== undefined)
    errors.push({ pointer: '#/together', detail: 'goes with count only' })
  if (errors.length > 0) throw new Problem('http.invalid', { errors })
  return seatIds !== undefined ? { seatIds } : { count: count!, together: together ?? false }
}

/** The numbers of seats of this section, each once. All that are wrong are listed. */
function seatNumbers(section: Section, seatIds: readonly string[]): number[] {
  const numbers: number[] = []
  const errors: { pointer: string; detail: string }[] = []
  seatIds.forEach((id, i) => {
    const number = seatNumber(section.id, id)
    if (number === undefined || number > section.capacity)
      errors.push({ pointer: `#/seatIds/${i}`, detail: 'is not a seat of this section' })
    else if (numbers.includes(number)) errors.push({ pointer: `#/seatIds/${i}`, detail: 'is named twice' })
    else numbers.push(number)
  })
  if (errors.length > 0) {
    throw new Problem('inventory.invalid-seats', {
      errors,
      seats: errors.map(({ pointer }) => seatIds[Number(pointer.split('/').at(-1))]),
    })
  }
  return numbers
}
