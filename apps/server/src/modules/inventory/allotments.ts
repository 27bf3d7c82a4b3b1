import type { Allotment } from '@fairgate/contracts/http/stock'
import { seatId } from '@fairgate/contracts/ids'
import type { TokenPayload } from '@fairgate/contracts/tokens'
import type { Caller } from '#platform/access-token'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { besides } from './best-seats.ts'
import { toSeats } from './blocks.ts'
import { readWanted, type Interventions, type Wanted } from './interventions.ts'
import { accessible, type Section } from './inventory-store.ts'
import * as store from './organiser-store.ts'
import type { Sections } from './sections.ts'

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'tokens'> & { sections: Sections; interventions: Interventions }

export type NewAllotment = Wanted & { name: string; releaseAt: string }

/** Seats that are kept for somebody until a time: allotments, and accessible seats with their companions. */
export function createAllotments({ db, clock, ids, tokens, sections, interventions }: Deps) {
  /** Sets free seats aside, all of them or none. The code is the right to hold them. */
  async function add(caller: Caller, sectionId: string, request: NewAllotment) {
    const section = await interventions.managed(caller, sectionId)
    const wanted = readWanted(section, request)
    const releaseAt = releaseTime(section, request.releaseAt)
    const { name } = request
    return interventions.act(caller, section, async (tx, now) => {
      const seats = await interventions.lockWanted(tx, section, wanted, now)
      const numbers = seats.map(({ number }) => number)
      const id = ids('allotment')
      await store.addAllotment(tx, { id, sectionId, name, numbers, releaseAt })
      const result = withCode(section, { id, name, releaseAt, seats, free: seats.length, taken: 0 })
      return { result, note: { kind: 'allot', reason: name, numbers } }
    })
  }

  async function list(caller: Caller, sectionId: string) {
    const section = await interventions.managed(caller, sectionId)
    const found = await store.allotmentsOf(db, sectionId, new Date(clock.now()))
    return found.map((allotment) => withCode(section, allotment))
  }

  /** Its free seats are for everybody from now on. @throws inventory.allotment-not-found */
  async function release(caller: Caller, sectionId: string, id: string): Promise<void> {
    const section = await interventions.managed(caller, sectionId)
    await interventions.act(caller, section, async (tx, now) => {
      const [found] = await store.allotmentsOf(tx, sectionId, now, id)
      if (!found) throw new Problem('inventory.allotment-not-found')
      if (found.releaseAt <= now) return { result: undefined }
      const numbers = await store.releaseAllotment(tx, sectionId, id, now)
      return { result: undefined, note: { kind: 'release-allotment', reason: found.name, numbers } }
    })
  }

  /** Keeps accessible seats, and so many beside each, for who declares the need. Those of an allotment stay its own. */
  async function keepAccessible(caller: Caller, sectionId: string, until: string, companions: number) {
    const section = await interventions.managed(caller, sectionId)
    const releaseAt = releaseTime(section, until)
    const hall = await sections.hall(sectionId)
    const wanted = [...hall.accessible.keys()].filter((number) => hall.accessible[number])
    const beside = besides(hall, wanted, companions)
    return interventions.act(caller, section, async (tx, now) => {
      const kept = new Set(await store.lockKeepable(tx, sectionId, [...wanted, ...beside], now))
      await store.keepSeats(tx, sectionId, [...kept], accessible, releaseAt)
      const idsOf = (numbers: readonly number[]) =>
        numbers.filter((number) => kept.has(number)).map((number) => seatId(sectionId, number))
      const result = {
        sectionId,
        releaseAt: releaseAt.toISOString(),
        accessibleSeatIds: idsOf(wanted),
        companionSeatIds: idsOf(beside),
      }
      return { result, note: { kind: 'keep-accessible', reason: '', numbers: [...kept].toSorted((a, b) => a - b) } }
    })
  }

  /** What a code entitles to, if it is one for this section. @throws inventory.allotment-invalid | inventory.allotment-over */
  function entitledBy(code: string, sectionId: string): TokenPayload<'allotment'> {
    const verified = tokens.verify('allotment', code)
    if (verified.kind === 'forged' || verified.payload.sectionId !== sectionId)
      throw new Problem('inventory.allotment-invalid')
    if (verified.kind === 'expired')
      throw new Problem('inventory.allotment-over', { releasedAt: new Date(verified.payload.exp).toISOString() })
    return verified.payload
  }

  /** Something to come, and not after the sale has closed. @throws inventory.invalid-release */
  function releaseTime({ closesAt }: Section, text: string): Date {
    const at = new Date(text)
    const detail =
      at.getTime() <= clock.now()
        ? 'is over'
        : at > closesAt
          ? `is after the sale closes, ${closesAt.toISOString()}`
          : ''
    if (detail !== '') throw new Problem('inventory.invalid-release', { errors: [{ pointer: '#/releaseAt', detail }] })
    return at
  }

  function withCode(section: Section, found: store.Allotment): { allotment: Allotment; code: string } {
    const { id, name, releaseAt, seats, free, taken } = found
    return {
      allotment: {
        id,
        sectionId: section.id,
        name,
        seats: toSeats(section.id, seats),
        releaseAt: releaseAt.toISOString(),
        free,
        taken,
      },
      code: tokens.sign('allotment', {
        allotmentId: id,
        saleId: section.saleId,
        sectionId: section.id,
        exp: releaseAt.getTime(),
      }),
    }
  }

  return { add, list, release, keepAccessible, entitledBy }
}

export type Allotments = ReturnType<typeof createAllotments>
