import { createRoot, toHex } from '@fairgate/contracts/draw'
import { applicantOf, applicationLeaf } from '@fairgate/contracts/verify-ballot'
import { permutationOf } from '@fairgate/contracts/draw-record'
import { fetchRandomness } from '#platform/beacon'
import { afterCommit, exclusive, type Tx } from '#platform/db'
import type { Loop } from '#platform/loop'
import type { Platform } from '#platform/platform'
import { hashes } from '#platform/hashes'
import type { Ballot } from './ballot.ts'
import * as store from './ballots-store.ts'
import type { Application } from './ballots-store.ts'
import type { Documents } from './documents.ts'

type Deps = Pick<Platform, 'db' | 'clock' | 'metrics' | 'racepoints' | 'log'> & { documents: Documents }

const ballotsAtOnceMax = 50
const pageMax = 4096
const beaconTimeoutMs = 3000
const beaconEveryMs = 1000

/** What the tree of entrants has of an application: a withdrawn one wishes nothing. */
export function leafOfApplication(
  application: Pick<Application, 'number' | 'id' | 'preferences' | 'quantity' | 'state'>,
  lineIds: readonly string[],
): Uint8Array {
  const isActive = application.state === 'active'
  return applicationLeaf(hashes, application.number, {
    applicant: applicantOf(hashes, application.id),
    quantity: isActive ? application.quantity : 0,
    lineIds: isActive ? application.preferences.map((index) => lineIds[index]!) : [],
  })
}

/**
 * Draws ballots whose applications have ended. Without a beacon the applications are frozen, the seed is revealed and
 * every application gets its position in one transaction: a crash leaves nothing or all of it. With a beacon the frozen
 * root is shown first, and the seed follows with the randomness, which nobody could know before.
 */
export function createDrawing(
  { db, clock, metrics, racepoints, log, documents }: Deps,
  options: { beaconWaitSeconds: number },
): Loop {
  const draws = metrics.counter('fairgate_ballots_drawn_total', 'Ballots drawn', ['beacon'])
  const askedAt = new Map<string, number>()

  async function freeze(id: string): Promise<void> {
    await exclusive(db, lockOf(id), async (tx) => {
      const ballot = await store.lockForWork(tx, id)
      if (!ballot || ballot.drawEntrants !== null || ballot.cancelledAt !== null) return
      await racepoints.reach('ballots.before-freeze')
      const lineIds = ballot.lines.map((line) => line.id)
      const tree = createRoot(hashes)
      for (let after = 0; after < ballot.arrivals; after += pageMax) {
        const page = await store.applicationPage(tx, id, after, pageMax)
        for (const application of page) tree.push(leafOfApplication(application, lineIds))
      }
      const frozen = { ...ballot, drawEntrants: ballot.arrivals, drawEntrantsRoot: toHex(tree.root()) }
      await store.freezeDraw(tx, id, frozen.drawEntrants, frozen.drawEntrantsRoot)
      if (ballot.beaconRound === null) await reveal(tx, frozen, null, 'none')
      afterCommit(tx, () => documents.expire([id]))
    })
  }

  /** With the ballot locked: from here on everybody has a position. */
  async function reveal(tx: Tx, ballot: Ballot, randomness: string | null, beacon: 'none' | 'used' | 'missing') {
    const order = permutationOf(hashes, { ...ballot, beaconRandomness: randomness })
    for (let first = 1; first <= ballot.drawEntrants!; first += pageMax) {
      const count = Math.min(pageMax, ballot.drawEntrants! - first + 1)
      const positions = Array.from({ length: count }, (_, i) => order.positionOf(first + i))
      await store.writePositions(tx, ballot.id, first, positions)
    }
    await racepoints.reach('ballots.before-reveal')
    await store.revealDraw(tx, ballot.id, randomness, new Date(clock.now()))
    afterCommit(tx, () => {
      draws.add({ beacon })
      askedAt.delete(ballot.id)
      documents.expire([ballot.id])
    })
  }

  /** Asks for the promised randomness when it is time, and goes on without it when the time to wait is over. */
  async function revealWithBeacon(undrawn: store.Undrawn): Promise<void> {
    const now = clock.now()
    const dueAt = undrawn.beaconAt!.getTime()
    if (now < dueAt || now - (askedAt.get(undrawn.id) ?? 0) < beaconEveryMs) return
    askedAt.set(undrawn.id, now)
    const round = { url: undrawn.beaconUrl!, chain: undrawn.beaconChain!, round: undrawn.beaconRound! }
    const fetched = await fetchRandomness(round, clock, beaconTimeoutMs)
    const isOver = clock.now() >= dueAt + options.beaconWaitSeconds * 1000
    if ('failed' in fetched)
      log.warn(
        { saleId: undrawn.id, ...round, reason: fetched.failed, isOver },
        'the beacon of a ballot could not be had',
      )
    if ('failed' in fetched && !isOver) return
    await exclusive(db, lockOf(undrawn.id), async (tx) => {
      const ballot = await store.lockForWork(tx, undrawn.id)
      if (!ballot || ballot.drawnAt !== null || ballot.cancelledAt !== null) return
      if ('failed' in fetched) await reveal(tx, ballot, null, 'missing')
      else await reveal(tx, ballot, fetched.randomness, 'used')
    })
  }

  return {
    name: 'ballots.draw',
    intervalMs: 250,
    async run() {
      const undrawn = await store.undrawnBallots(db, new Date(clock.now()), ballotsAtOnceMax)
      for (const ballot of undrawn) if (ballot.drawEntrants === null) await freeze(ballot.id)
      for (const ballot of undrawn)
        if (ballot.beaconRound !== null && ballot.drawEntrants !== null) await revealWithBeacon(ballot)
      return false
    },
  }
}

const lockOf = (saleId: string): string => `ballots.draw ${saleId}`
