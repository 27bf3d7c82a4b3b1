import type { ErrorCode } from '@fairgate/contracts/errors'
import { createBatcher } from '#platform/batcher'
import { afterCommit, transaction, type Tx } from '#platform/db'
import { keep } from '#platform/keep'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { usedUp } from '#platform/rate-limit'
import { phaseOf, type Ballot } from './ballot.ts'
import type { Documents } from './documents.ts'
import * as store from './ballots-store.ts'
import type { Application } from './ballots-store.ts'

/** What an account wants of a ballot; `withdraw` takes its application back. */
export type ApplicationRequest = { saleId: string; accountId: string } & (
  | { preferences: readonly string[]; quantity: number }
  | { withdraw: true }
)
export type Applied = { isNew: boolean; application: Application; lineIds: string[] }

type Fault = { pointer: string; detail: string }
type Answer = Applied | { refused: ErrorCode; extensions: Record<string, unknown> }

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'ephemeral' | 'metrics' | 'racepoints'> & { documents: Documents }

const refused = (code: ErrorCode, extensions: Record<string, unknown> = {}): Answer => ({ refused: code, extensions })

/** An account may change its mind this often in ten minutes. */
const changesMax = 30
const windowMs = 600_000
/** Ballots whose end is remembered by a process. */
const endsMax = 10_000

/** Applying, changing one's wishes, withdrawing: all of it until the draw. */
export function createApplications({ db, clock, ids, ephemeral, metrics, racepoints, documents }: Deps) {
  const outcomes = metrics.counter('fairgate_applications_total', 'Applications to ballots, changed ones too', [
    'outcome',
  ])
  const batches = createBatcher<ApplicationRequest, Answer>({
    batchMax: 512,
    queueMax: 20_000,
    run: (requests) => transaction(db, (tx) => decide(tx, requests)),
  })

  /** Decides requests in their order, all in one transaction. */
  async function decide(tx: Tx, requests: readonly ApplicationRequest[]): Promise<Answer[]> {
    const saleIds = [...new Set(requests.map((request) => request.saleId))]
    const ballots = new Map((await store.lockBallots(tx, saleIds)).map((ballot) => [ballot.id, ballot]))
    await racepoints.reach('ballots.before-numbers')
    const known = new Map((await store.applicationsOf(tx, requests)).map((found) => [personKey(found), found]))
    const now = clock.now()
    const arrivals = new Map<string, number>()
    const written = new Map<string, Application>()
    const answers = requests.map((request): Answer => {
      const ballot = ballots.get(request.saleId)
      if (!ballot) return refused('ballots.ballot-not-found')
      const phase = phaseOf(ballot, now)
      if (phase === 'scheduled') return refused('ballots.not-open', { opensAt: ballot.opensAt.toISOString() })
      // The phase alone is not enough: the draw may have been frozen by a process whose clock is ahead.
      if (phase !== 'open') return refused('ballots.closed')
      const before = known.get(personKey(request))
      if ('withdraw' in request) {
        if (!before) return refused('ballots.application-not-found')
        return write(ballot, { ...before, state: 'withdrawn', changedAt: new Date(now) }, false)
      }
      const { preferences, faults } = readWishes(ballot, request)
      if (faults.length > 0) return refused('ballots.invalid-application', { errors: faults })
      const { quantity } = request
      if (before)
        return write(ballot, { ...before, preferences, quantity, state: 'active', changedAt: new Date(now) }, false)
      const number = (arrivals.get(ballot.id) ?? ballot.arrivals) + 1
      arrivals.set(ballot.id, number)
      const fresh: Application = {
        saleId: ballot.id,
        number,
        id: ids('application'),
        accountId: request.accountId,
        preferences,
        quantity,
        state: 'active',
        appliedAt: new Date(now),
        changedAt: new Date(now),
        position: null,
      }
      return write(ballot, fresh, true)
    })
    if (written.size > 0) await store.writeApplications(tx, [...written.values()], arrivals)
    afterCommit(tx, () => documents.expire(new Set([...written.values()].map((application) => application.saleId))))
    return answers

    function write(ballot: Ballot, application: Application, isNew: boolean): Answer {
      known.set(personKey(application), application)
      written.set(personKey(application), application)
      return { isNew, application, lineIds: lineIdsOf(ballot, application) }
    }
  }

  /** When applications end, which never changes: latecomers do not wait for the draw that holds the ballot's row. */
  const ends = new Map<string, number>()
  async function endOf(saleId: string): Promise<number> {
    const known = ends.get(saleId)
    if (known !== undefined) return known
    const ballot = await store.readBallot(db, saleId)
    if (!ballot) throw new Problem('ballots.ballot-not-found')
    keep(ends, endsMax, saleId, ballot.drawAt.getTime())
    return ballot.drawAt.getTime()
  }

  async function ask(request: ApplicationRequest): Promise<Applied> {
    if (clock.now() >= (await endOf(request.saleId))) {
      outcomes.add({ outcome: 'ballots.closed' })
      throw new Problem('ballots.closed')
    }
    const { count, resetAt } = await ephemeral.count(`ballots.changes:${request.accountId}`, windowMs)
    if (count > changesMax) throw usedUp({ max: changesMax, windowMs, leftMs: resetAt - clock.now() })
    const answer = await batches.add(request)
    outcomes.add({ outcome: 'refused' in answer ? answer.refused : answer.isNew ? 'new' : answer.application.state })
    if ('refused' in answer) throw new Problem(answer.refused, answer.extensions)
    return answer
  }

  return {
    /**
     * The account's application with these wishes: a new one, or its own changed. @throws Problem when the ballot is
     * unknown, does not take applications, when the wishes have faults, or an account changes them too often
     */
    apply: (request: { saleId: string; accountId: string; preferences: readonly string[]; quantity: number }) =>
      ask(request),
    /** Takes the application back; its number stays its own. @throws Problem */
    withdraw: (request: { saleId: string; accountId: string }) => ask({ ...request, withdraw: true }),
    /** @throws ballots.ballot-not-found, ballots.application-not-found */
    async mine(saleId: string, accountId: string): Promise<Omit<Applied, 'isNew'>> {
      const ballot = await store.readBallot(db, saleId)
      if (!ballot) throw new Problem('ballots.ballot-not-found')
      const [application] = await store.applicationsOf(db, [{ saleId, accountId }])
      if (!application) throw new Problem('ballots.application-not-found')
      return { application, lineIds: lineIdsOf(ballot, application) }
    },
  }
}

const personKey = (person: { saleId: string; accountId: string }): string => `${person.saleId} ${person.accountId}`

const lineIdsOf = (ballot: Ballot, application: Application): string[] =>
  application.preferences.map((index) => ballot.lines[index]!.id)

/** The wishes as indices of lines, and everything that is wrong with them. */
function readWishes(
  ballot: Ballot,
  { preferences: wanted, quantity }: { preferences: readonly string[]; quantity: number },
): { preferences: number[]; faults: Fault[] } {
  const preferences: number[] = []
  const faults: Fault[] = []
  wanted.forEach((id, place) => {
    const pointer = `#/preferences/${place}`
    const index = ballot.lines.findIndex((line) => line.id === id)
    if (index < 0) faults.push({ pointer, detail: 'is not a line of this ballot' })
    else if (preferences.includes(index)) faults.push({ pointer, detail: 'is named twice' })
    else preferences.push(index)
  })
  if (quantity > ballot.limitPerAccount)
    faults.push({ pointer: '#/quantity', detail: `is more than the limit of ${ballot.limitPerAccount}` })
  return { preferences, faults }
}
