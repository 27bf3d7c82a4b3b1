import type { Block } from '@fairgate/contracts/http/stock'
import { seatId } from '@fairgate/contracts/ids'
import type { Caller } from '#platform/access-token'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import type { Kept } from './kept.ts'
import { readWanted, seatNumbers, type Interventions, type Wanted } from './interventions.ts'
import * as store from './organiser-store.ts'

type Deps = Pick<Platform, 'db' | 'ids'> & { interventions: Interventions; kept: Pick<Kept, 'unblocked'> }

/** Seats that the organiser takes off sale and puts back. */
export function createBlocks({ db, ids, interventions, kept }: Deps) {
  /** All of the seats or none. @throws inventory.seat-taken with those that are not free */
  async function block(caller: Caller, sectionId: string, request: Wanted & { reason: string }): Promise<Block> {
    const section = await interventions.managed(caller, sectionId)
    const wanted = readWanted(section, request)
    return interventions.act(caller, section, async (tx, now) => {
      const seats = await interventions.lockWanted(tx, section, wanted, now)
      const numbers = seats.map(({ number }) => number)
      const { reason } = request
      const added = { id: ids('block'), reason, blockedBy: caller.accountId, blockedAt: now }
      await store.addBlock(tx, { ...added, sectionId, numbers })
      return { result: toBlock(sectionId, { ...added, seats }), note: { kind: 'block', reason, numbers } }
    })
  }

  /** Seats that are not blocked stay as they are. `toWaitlist`: those who wait are offered them first. @returns those that were */
  async function unblock(
    caller: Caller,
    sectionId: string,
    { seatIds, reason = '', toWaitlist = false }: { seatIds: readonly string[]; reason?: string; toWaitlist?: boolean },
  ) {
    const section = await interventions.managed(caller, sectionId)
    const numbers = seatNumbers(section, seatIds)
    return interventions.act(caller, section, async (tx) => {
      const seats = await store.unblock(tx, sectionId, { numbers })
      if (toWaitlist) await kept.unblocked(tx, sectionId, seats)
      return noted(seats, reason, { sectionId, seats: toSeats(sectionId, seats) })
    })
  }

  /** @throws inventory.block-not-found */
  async function remove(caller: Caller, sectionId: string, blockId: string): Promise<void> {
    const section = await interventions.managed(caller, sectionId)
    await interventions.act(caller, section, async (tx) => {
      if (!(await store.isBlockOf(tx, sectionId, blockId))) throw new Problem('inventory.block-not-found')
      return noted(await store.unblock(tx, sectionId, { blockId }), '', undefined)
    })
  }

  async function list(caller: Caller, sectionId: string): Promise<Block[]> {
    await interventions.managed(caller, sectionId)
    return (await store.liveBlocks(db, sectionId)).map((found) => toBlock(sectionId, found))
  }

  return { block, unblock, remove, list }
}

export type Blocks = ReturnType<typeof createBlocks>

const noted = <T>(seats: readonly store.LabelledSeat[], reason: string, result: T) =>
  seats.length === 0
    ? { result }
    : { result, note: { kind: 'unblock' as const, reason, numbers: seats.map(({ number }) => number) } }

export const toSeats = (sectionId: string, seats: readonly store.LabelledSeat[]) =>
  seats.map(({ number, label }) => ({ id: seatId(sectionId, number), label }))

const toBlock = (sectionId: string, { id, seats, reason, blockedBy, blockedAt }: store.Block): Block => ({
  id,
  sectionId,
  seats: toSeats(sectionId, seats),
  reason,
  blockedBy,
  blockedAt: blockedAt.toISOString(),
})
