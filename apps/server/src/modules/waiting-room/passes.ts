import type { ErrorCode } from '@fairgate/contracts/errors'
import type { TokenPayload } from '@fairgate/contracts/tokens'
import { pollEveryMs } from '@fairgate/contracts/wait'
import { createBatcher } from '#platform/batcher'
import { afterCommit, transaction, type Tx } from '#platform/db'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { keptPerMinute } from './admission.ts'
import type { Documents } from './documents.ts'
import { isOrdered, type Positions } from './draw.ts'
import { claiming, claimWindowMs, phaseOf, pollOf, type Line } from './line.ts'
import { hasLapsed, isPassLive, transitions, type Call } from './place.ts'
import { move } from './places.ts'
import * as store from './waiting-room-store.ts'

export type ClaimRequest = { lineId: string; placeToken: string; accountId: string }
export type Claimed = { isNew: boolean; passToken: string; expiresAt: Date; sectionIds: string[] }

type Receipt = TokenPayload<'place'>
type Pass = { id: string; expiresAt: Date }
type Answer = { isNew: boolean; pass: Pass; line: Line } | { refused: ErrorCode; extensions: Record<string, unknown> }

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'tokens' | 'metrics' | 'racepoints'> & {
  documents: Documents
  positions: Positions
}
type Options = { gatherMs: number; claimSeconds: number }

/** Turning a called place into a pass. */
export function createPasses(
  { db, clock, ids, tokens, metrics, racepoints, documents, positions }: Deps,
  options: Options,
) {
  const outcomes = metrics.counter('fairgate_claims_total', 'Requests for a pass', ['outcome'])
  const claims = createBatcher<Receipt, Answer>({
    batchMax: 256,
    queueMax: 5000,
    run: (receipts) => transaction(db, (tx) => decide(tx, receipts)),
  })

  async function decide(tx: Tx, receipts: readonly Receipt[]): Promise<Answer[]> {
    const places = new Map((await store.lockPlaces(tx, receipts)).map((place) => [store.placeKey(place), place]))
    const lines = new Map(
      (await store.readLines(tx, [...new Set(receipts.map((receipt) => receipt.lineId))])).map((line) => [
        line.id,
        line,
      ]),
    )
    const spots = receipts.map((receipt) => {
      const line = lines.get(receipt.lineId)
      const position = line ? positions.of(line, receipt.number) : null
      return position === null ? undefined : { lineId: receipt.lineId, position }
    })
    const calls = await store.lockCalls(
      tx,
      spots.filter((spot) => spot !== undefined),
    )
    await racepoints.reach('waiting-room.before-pass')

    // Read after the calls are locked: from here on the ticker cannot end their time to claim.
    const now = clock.now()
    const fresh: store.NewPass[] = []
    const moves: store.Moved[] = []
    const issued = new Map<string, Pass>()
    const answers = receipts.map((receipt, index): Answer => {
      const line = lines.get(receipt.lineId)
      const place = places.get(store.placeKey(receipt))
      if (!line || !place || place.id !== receipt.placeId || place.accountId !== receipt.accountId)
        return { refused: 'waiting-room.place-invalid', extensions: {} }
      const earlier = issued.get(store.placeKey(place))
      if (earlier) return { isNew: false, pass: earlier, line }
      const outcome = transitions[place.state].claim
      if (typeof outcome === 'string' && outcome !== 'same') return { refused: outcome, extensions: {} }
      if (place.pass)
        return isPassLive(place.pass, now)
          ? { isNew: false, pass: place.pass, line }
          : { refused: 'waiting-room.pass-used', extensions: {} }
      const spot = spots[index]
      const at = spot?.position ?? null
      const call = spot && calls.get(store.callKey(spot))
      const refusal = refusalOf(line, at, call, now)
      if (refusal) return { refused: refusal, extensions: whereabouts(line, place.number, at, now) }
      const pass = { id: ids('pass'), expiresAt: new Date(now + line.holdSeconds * 1000) }
      fresh.push({ ...pass, lineId: line.id, number: place.number, accountId: place.accountId })
      moves.push(move(place, at, 'claim')!)
      issued.set(store.placeKey(place), pass)
      return { isNew: true, pass, line }
    })
    if (fresh.length > 0) {
      await store.movePlaces(tx, moves)
      await store.insertPasses(tx, fresh, new Date(now))
      afterCommit(tx, () => documents.expire(new Set(fresh.map((pass) => pass.lineId))))
    }
    return answers
  }

  /** Why a waiting place does not become a pass now. Without a call the door stays shut. */
  function refusalOf(line: Line, at: number | null, call: Call | undefined, now: number): ErrorCode | undefined {
    const rule = claiming[phaseOf(line, now, options.gatherMs)]
    if (at === null || at > line.frontier || !call) return rule.uncalled
    if (rule.called !== 'yes') return rule.called
    return hasLapsed(call, now, claimWindowMs(line, options.claimSeconds)) ? 'waiting-room.lapsed' : undefined
  }

  /** What somebody is told who is not called yet: before the draw `position` is null, because nobody has one. */
  function whereabouts(line: Line, number: number, at: number | null, now: number): Record<string, unknown> {
    if (at !== null && at <= line.frontier) return {}
    const crowd = { ...line, perMinute: keptPerMinute(line) }
    const poll = pollOf(phaseOf(line, now, options.gatherMs), isOrdered(line), crowd, documents.everybody())
    const { frontier } = line
    const ahead = at === null ? Infinity : at - frontier - 1
    return { number, position: at, frontier, retryAfterMs: pollEveryMs(poll, ahead) }
  }

  return {
    /**
     * The pass of a called place; again, the same pass while it lives. @throws Problem when the token is not the
     * caller's receipt of this line, it is not its turn yet, its turn is over, or the pass has ended
     */
    async claim({ lineId, placeToken, accountId }: ClaimRequest): Promise<Claimed> {
      const { board } = await documents.read(lineId)
      const receipt = tokens.verify('place', placeToken)
      const refuse = (code: ErrorCode, extensions: Record<string, unknown>): never => {
        outcomes.add({ outcome: code })
        throw new Problem(code, extensions)
      }
      if (receipt.kind !== 'valid' || receipt.payload.lineId !== lineId || receipt.payload.accountId !== accountId)
        return refuse('waiting-room.place-invalid', {})
      // Whoever asks before the turn is answered from memory: impatience costs the database nothing.
      const now = clock.now()
      const at = positions.of(board, receipt.payload.number)
      if (at === null || at > board.frontier)
        return refuse(
          claiming[phaseOf(board, now, options.gatherMs)].uncalled,
          whereabouts(board, receipt.payload.number, at, now),
        )
      const answer = await claims.add(receipt.payload)
      if ('refused' in answer) return refuse(answer.refused, answer.extensions)
      outcomes.add({ outcome: answer.isNew ? 'admitted' : 'again' })
      const { line, pass } = answer
      const passToken = tokens.sign('pass', {
        passId: pass.id,
        lineId,
        saleId: line.saleId,
        accountId,
        sectionIds: line.sectionIds,
        exp: pass.expiresAt.getTime(),
      })
      return { isNew: answer.isNew, passToken, expiresAt: pass.expiresAt, sectionIds: line.sectionIds }
    },
  }
}
