import type { ErrorCode } from '@fairgate/contracts/errors'
import { afterCommit, transaction, violatedConstraint, type Tx } from '#platform/db'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import type { Documents } from './documents.ts'
import type { Positions } from './draw.ts'
import { createLanes } from './lanes.ts'
import { claimWindowMs, isGathering, joining, phaseOf, type Line } from './line.ts'
import { dueEvent, transitions, type Place, type PlaceEvent } from './place.ts'
import { passesEnded } from './passes-ended.ts'
import * as store from './waiting-room-store.ts'
import type { Board } from './waiting-room-store.ts'

/**
 * `unproven` is the refusal for an account that would need a new place and has not proved what that takes. `moveFrom` is
 * the line whose place is to be given up for the new one.
 */
export type JoinRequest = {
  lineId: string
  accountId: string
  unproven?: ErrorCode | undefined
  moveFrom?: string | undefined
}
export type Joined = { isNew: boolean; place: Place }

type Wish = JoinRequest & { board: Board }
type Leaving = { lineId: string; saleId: string; accountId: string }
type Answer = Joined | { refused: ErrorCode; extensions: Record<string, unknown> }

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'outbox' | 'metrics' | 'racepoints'> & {
  documents: Documents
  positions: Positions
  /** Somebody's room is free again. */
  tickSoon: () => void
}
type Options = { gatherMs: number; claimSeconds: number; joinBatchMax: number; joinQueueMax: number }

const refused = (code: ErrorCode, extensions: Record<string, unknown> = {}): Answer => ({ refused: code, extensions })

/** Joining a line and leaving it. */
export function createPlaces(
  { db, clock, ids, outbox, metrics, racepoints, documents, positions, tickSoon }: Deps,
  options: Options,
) {
  const outcomes = metrics.counter('fairgate_joins_total', 'Requests to join a line', ['outcome'])

  const joins = createLanes<Wish, Answer>({
    // Who moves waits for two lines, so apart from those who join: a line that hangs must not hold up the other.
    laneOf: ({ lineId, moveFrom }) => (moveFrom === undefined ? lineId : `${moveFrom} ${lineId}`),
    mayShare: ({ moveFrom, unproven }) => moveFrom === undefined && unproven === undefined,
    batchMax: options.joinBatchMax,
    queueMax: options.joinQueueMax,
    together: placeNewcomers,
    async alone(requests) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await transaction(db, (tx) => decide(tx, requests))
        } catch (error) {
          // Another process has just given one of these accounts a place in another line of the sale: now it is visible.
          if (attempt >= 3 || violatedConstraint(error) !== 'places_one_live') throw error
        }
      }
    },
  })

  /** Places for those who have none, in lines that take newcomers; undefined for everybody else. */
  async function placeNewcomers(wishes: readonly Wish[]): Promise<(Answer | undefined)[]> {
    const joinedAt = new Date(clock.now())
    const seen = new Set<string>()
    const newcomers = wishes.map(({ board, accountId }) => {
      const mayJoin = joining[phaseOf(board, joinedAt.getTime(), options.gatherMs)] === 'yes'
      if (!mayJoin || seen.has(accountId)) return undefined
      seen.add(accountId)
      return { lineId: board.id, saleId: board.saleId, accountId, id: ids('place') }
    })
    const numbers = await transaction(db, async (tx) => {
      const given = await store.placeNewcomers(
        tx,
        newcomers.filter((newcomer) => newcomer !== undefined),
        joinedAt,
      )
      if (given.size > 0) await racepoints.reach('waiting-room.after-numbers')
      return given
    })
    const arrivals = new Map<string, number>()
    const answers = newcomers.map((newcomer): Answer | undefined => {
      const number = newcomer && numbers.get(newcomer.accountId)
      if (number === undefined) return undefined
      arrivals.set(newcomer!.lineId, Math.max(number, arrivals.get(newcomer!.lineId) ?? 0))
      return { isNew: true, place: { ...newcomer!, number, joinedAt, state: 'waiting' } }
    })
    documents.arrived(arrivals)
    return answers
  }

  /** Gives each request its place, all in one transaction. */
  async function decide(tx: Tx, requests: readonly JoinRequest[]): Promise<Answer[]> {
    const lineIds = new Set(requests.map((request) => request.lineId))
    const left = new Set(requests.flatMap(({ moveFrom }) => (moveFrom === undefined ? [] : [moveFrom])))
    // Kept from being drawn only: whoever moves away does not wait for those who join there. A line that people of the
    // same batch join is locked already.
    const others = [...left].filter((lineId) => !lineIds.has(lineId))
    const kept = others.length > 0 ? await store.keepLines(tx, others) : []
    const lines = byId([...kept, ...(await store.lockLines(tx, [...lineIds]))])
    const who = requests.flatMap(({ lineId, accountId }) => {
      const line = lines.get(lineId)
      return line ? [{ saleId: line.saleId, accountId }] : []
    })
    const live = new Map<string, Place>()
    const over = new Map<string, store.Moved>()
    const standing = who.length > 0 ? await store.lockLivePlaces(tx, distinct(who)) : []
    if (left.size > 0) standing.push(...(await movedMeanwhile(tx, who, standing)))
    for (const { place, moved } of await review(tx, standing, lines)) {
      if (moved) over.set(personKey(place), moved)
      else live.set(personKey(place), place)
    }
    await racepoints.reach('waiting-room.before-numbers')

    const now = clock.now()
    const fresh: Place[] = []
    const moves: store.Moved[] = []
    const arrivals = new Map<string, number>()
    const answers = requests.map(({ lineId, accountId, unproven, moveFrom }): Answer => {
      const line = lines.get(lineId)
      if (!line) return refused('waiting-room.line-not-found')
      const person = personKey({ saleId: line.saleId, accountId })
      const known = live.get(person)
      if (known?.lineId === lineId) return { isNew: false, place: known }
      if (known && (known.lineId !== moveFrom || fresh.includes(known)))
        return refused('waiting-room.in-another-line', { lineId: known.lineId })
      if (known) {
        const from = lines.get(known.lineId)!
        const moved = move(known, positions.of(from, known.number), 'leave')
        const mayMove = [line, from].every((one) => isGathering(one, now, options.gatherMs))
        if (!mayMove || !moved) return refused('waiting-room.too-late-to-move', { lineId: known.lineId })
        moves.push(moved)
      }
      const allowed = joining[phaseOf(line, now, options.gatherMs)]
      if (allowed !== 'yes')
        return refused(allowed, allowed === 'waiting-room.not-open' ? { opensAt: line.opensAt.toISOString() } : {})
      if (unproven && !known) return refused(unproven, { challengeUrl: '/api/challenges?purpose=join' })
      const number = (arrivals.get(lineId) ?? line.arrivals) + 1
      const place: Place = {
        lineId,
        number,
        id: ids('place'),
        saleId: line.saleId,
        accountId,
        joinedAt: new Date(now),
        state: 'waiting',
      }
      arrivals.set(lineId, number)
      live.set(person, place)
      fresh.push(place)
      const ended = over.get(person)
      if (ended) moves.push(ended)
      return { isNew: true, place }
    })
    if (moves.length > 0) await store.movePlaces(tx, moves)
    if (fresh.length > 0) await store.insertPlaces(tx, fresh, arrivals)
    afterCommit(tx, () => documents.arrived(arrivals))
    return answers
  }

  /** The live places of those who had none in sight: one that was moved while we waited for it stands elsewhere now. */
  async function movedMeanwhile(
    tx: Tx,
    who: readonly { saleId: string; accountId: string }[],
    found: readonly store.LivePlace[],
  ): Promise<store.LivePlace[]> {
    const seen = new Set(found.map(personKey))
    const missing = who.filter((person) => !seen.has(personKey(person)))
    return missing.length > 0 ? store.lockLivePlaces(tx, distinct(missing)) : []
  }

  /** What has become of live places: whose pass ran out or who missed the call has moved on. */
  async function review(tx: Tx, places: readonly store.LivePlace[], known: ReadonlyMap<string, Line>) {
    const missing = [...new Set(places.map((place) => place.lineId))].filter((id) => !known.has(id))
    const lines = missing.length > 0 ? new Map([...known, ...byId(await store.readLines(tx, missing))]) : known
    const at = (place: Place) => positions.of(lines.get(place.lineId)!, place.number)
    const called = places.flatMap((place) => {
      const position = at(place)
      const isCalled = place.state === 'waiting' && position !== null && position <= lines.get(place.lineId)!.frontier
      return isCalled ? [{ lineId: place.lineId, position }] : []
    })
    const calls = await store.lockCalls(tx, called)
    const now = clock.now()
    return places.map((place) => {
      const position = at(place)
      const call = position === null ? undefined : calls.get(store.callKey({ lineId: place.lineId, position }))
      const event = dueEvent(
        place,
        place.pass,
        call,
        now,
        claimWindowMs(lines.get(place.lineId)!, options.claimSeconds),
      )
      return { place, moved: event && move(place, position, event) }
    })
  }

  // When a hot line sells out, thousands leave it at once. Each line for itself: who leaves waits for the draw of its line.
  const leaves = createLanes<Leaving, true>({
    laneOf: ({ lineId }) => lineId,
    async alone(requests) {
      await transaction(db, (tx) => endVisits(tx, requests))
      return requests.map(() => true)
    },
    batchMax: options.joinBatchMax,
    queueMax: options.joinQueueMax,
  })

  /** Ends the places, and the passes, of accounts in one line; who has none there is passed over. */
  async function endVisits(tx: Tx, requests: readonly Leaving[]): Promise<void> {
    const { lineId } = requests[0]!
    // Kept from being drawn: who leaves before has no position, who leaves afterwards has one.
    const [line] = await store.keepLines(tx, [lineId])
    await racepoints.reach('waiting-room.before-leaving')
    const left = (await store.lockLivePlaces(tx, distinct(requests))).flatMap((place) => {
      const moved = place.lineId === lineId && move(place, positions.of(line!, place.number), 'leave')
      return moved ? [{ place, moved }] : []
    })
    if (left.length === 0) return
    await store.movePlaces(
      tx,
      left.map(({ moved }) => moved),
    )
    const inside = left.flatMap(({ place }) => (place.pass ? [place] : []))
    if (inside.length > 0)
      await outbox.publish(tx, passesEnded(await store.endPasses(tx, inside, new Date(clock.now()))))
    afterCommit(tx, () => {
      documents.expire([lineId])
      tickSoon()
    })
  }

  return {
    /**
     * The account's place in the line: a new one at the end, or the one it has. With `moveFrom` a place in that line is
     * given up for it in the same commit, while both gather. @throws Problem when the line is unknown, not open yet, sold
     * out or closed, when the account stands in another line of the sale, or too many are waiting
     */
    async join(request: JoinRequest): Promise<Joined> {
      const { board } = await documents.read(request.lineId)
      const answer = await joins.add({ ...request, board })
      const outcome = 'refused' in answer ? answer.refused : answer.isNew ? 'placed' : 'again'
      outcomes.add({ outcome })
      if ('refused' in answer) throw new Problem(answer.refused, answer.extensions)
      return answer
    },

    /** Gives up the place or the pass; without one nothing happens. @throws waiting-room.line-not-found */
    async leave({ lineId, accountId }: JoinRequest): Promise<void> {
      const { board } = await documents.read(lineId)
      await leaves.add({ lineId, accountId, saleId: board.saleId })
    },
  }
}

/** The row's change when an event moves a place to another state. */
export function move(place: Place, at: number | null, event: PlaceEvent): store.Moved | undefined {
  const outcome = transitions[place.state][event]
  return typeof outcome === 'object'
    ? { lineId: place.lineId, number: place.number, position: at, state: outcome.to }
    : undefined
}

const byId = (lines: readonly Line[]): Map<string, Line> => new Map(lines.map((line) => [line.id, line]))

const personKey = (person: { saleId: string; accountId: string }): string => `${person.saleId} ${person.accountId}`

const distinct = <P extends { saleId: string; accountId: string }>(people: readonly P[]): P[] => [
  ...new Map(people.map((person) => [personKey(person), person])).values(),
]
