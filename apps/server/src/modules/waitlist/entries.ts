import type { ErrorCode } from '@fairgate/contracts/errors'
import { entrantOf } from '@fairgate/contracts/waitlist-order'
import { fact } from '#platform/bus'
import { createBatcher } from '#platform/batcher'
import { afterCommit, transaction, type Tx } from '#platform/db'
import { hashes } from '#platform/hashes'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { usedUp } from '#platform/rate-limit'
import type { Documents } from './documents.ts'
import { createJournal, phaseOf, type Journal, type Sale } from './waitlist.ts'
import * as store from './waitlist-store.ts'
import type { Entry, FullEntry, Who } from './waitlist-store.ts'

export type Wanted = { sectionIds: readonly string[]; quantity: number; together: boolean }
/** What an account wants of a waitlist; without `wanted` it leaves. */
type Request = Who & { wanted?: Wanted }
/** An entry with how many are ahead of it, null when it does not wait. */
export type StandingEntry = FullEntry & { ahead: number | null }

type Answer = { isNew: boolean } | { refused: ErrorCode; extensions: Record<string, unknown> }

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'outbox' | 'ephemeral' | 'metrics' | 'racepoints'> & {
  documents: Documents
}

const refused = (code: ErrorCode, extensions: Record<string, unknown> = {}): Answer => ({ refused: code, extensions })

/** An account may join, change its mind and leave this often in ten minutes. */
const changesMax = 30
const windowMs = 600_000
/** Most entries that an account is shown. */
const shownMax = 100

/** Joining a waitlist, changing one's wish, leaving. */
export function createEntries({ db, clock, ids, outbox, ephemeral, metrics, racepoints, documents }: Deps) {
  const outcomes = metrics.counter('fairgate_waitlist_requests_total', 'Requests to join or leave waitlists', [
    'outcome',
  ])
  const batches = createBatcher<Request, Answer>({
    batchMax: 256,
    queueMax: 20_000,
    run: (requests) => transaction(db, (tx) => decide(tx, requests)),
  })

  /** Decides requests in their order, all in one transaction. */
  async function decide(tx: Tx, requests: readonly Request[]): Promise<Answer[]> {
    const sales = new Map(
      (await store.lockSales(tx, new Set(requests.map(({ saleId }) => saleId)))).map((s) => [s.id, s]),
    )
    await racepoints.reach('waitlist.before-numbers')
    const known = new Map((await store.entriesOf(tx, requests)).map((entry) => [personKey(entry), entry]))
    const now = new Date(clock.now())
    const journals = new Map([...sales.values()].map((sale) => [sale.id, createJournal(sale, now)]))
    const written = new Map<string, Entry>()
    const answers = requests.map((request): Answer => {
      const sale = sales.get(request.saleId)
      if (!sale) return refused('waitlist.waitlist-not-found')
      if (sale.method !== 'queue') return refused('waitlist.not-for-this-sale')
      const journal = journals.get(sale.id)!
      const before = known.get(personKey(request))
      if (before?.state === 'offered') return refused('waitlist.offer-open')
      if (!request.wanted) {
        if (!before) return refused('waitlist.entry-not-found')
        if (before.state === 'waiting') {
          journal.add({ kind: 'left', number: before.number, why: 'left' })
          write({ ...before, state: 'left' })
        }
        return { isNew: false }
      }
      const refusal = whyNot(sale, request.wanted, before, now)
      if (refusal) return refusal
      const { sectionIds, quantity, together } = request.wanted
      if (before?.state === 'waiting') {
        if (sameWish(before, request.wanted)) return { isNew: false }
        journal.add({ kind: 'left', number: before.number, why: 'changed' })
      }
      const entry: Entry = {
        saleId: sale.id,
        accountId: request.accountId,
        id: before?.id ?? ids('entry'),
        number: 0,
        sectionIds: [...sectionIds],
        quantity,
        together,
        state: 'waiting',
        joinedAt: now,
      }
      write({ ...entry, number: joined(journal, entry) })
      return { isNew: before?.state !== 'waiting' }
    })
    if (written.size === 0) return answers
    await store.writeEntries(tx, [...written.values()])
    await tellWaited(
      tx,
      [...written.values()].map((entry) => ({ entry, sale: sales.get(entry.saleId)! })),
    )
    await store.appendRecords(tx, journals.values(), true)
    afterCommit(tx, () => documents.expire(sales.keys()))
    return answers

    function write(entry: Entry): void {
      known.set(personKey(entry), entry)
      written.set(personKey(entry), entry)
    }
  }

  /** Tells the inventory, in the same commit, of sections that nobody waited for before. */
  async function tellWaited(tx: Tx, entries: readonly { entry: Entry; sale: Sale }[]): Promise<void> {
    const newly = new Map(
      entries.flatMap(({ entry, sale }) =>
        entry.state !== 'waiting'
          ? []
          : sale.sections
              .filter((section) => entry.sectionIds.includes(section.id) && !section.isWaited)
              .map((section) => [section.id, sale.id] as const),
      ),
    )
    if (newly.size === 0) return
    await store.setWaited(tx, newly.keys(), true)
    await outbox.publish(
      tx,
      [...newly].map(([sectionId, saleId]) =>
        fact('waitlist.section-waited.v1', { saleId, sectionId, isWaited: true }),
      ),
    )
  }

  const standing = async (entry: FullEntry): Promise<StandingEntry> => ({
    ...entry,
    ahead: await documents.ahead(entry),
  })

  async function ask(request: Request): Promise<{ isNew: boolean }> {
    const { count, resetAt } = await ephemeral.count(`waitlist.changes:${request.accountId}`, windowMs)
    if (count > changesMax) throw usedUp({ max: changesMax, windowMs, leftMs: resetAt - clock.now() })
    const answer = await batches.add(request)
    outcomes.add({ outcome: 'refused' in answer ? answer.refused : request.wanted ? 'joined' : 'left' })
    if ('refused' in answer) throw new Problem(answer.refused, answer.extensions)
    return answer
  }

  return {
    /**
     * Puts the account at the end of the order with this wish; the same wish again changes nothing. @throws Problem when
     * the waitlist is unknown or closed, when seats are on sale, an offer is open, or the wish has faults
     */
    async join(who: Who, wanted: Wanted): Promise<{ isNew: boolean; entry: StandingEntry }> {
      const { isNew } = await ask({ ...who, wanted })
      return { isNew, entry: await standing((await store.fullEntryOf(db, who))!) }
    },
    /** Joining without its answer, for crowds. @throws Problem */
    enter: (who: Who, wanted: Wanted) => ask({ ...who, wanted }),
    /** @throws Problem when there is no entry, or an offer is open */
    leave: (who: Who) => ask(who),
    /** @throws waitlist.waitlist-not-found, waitlist.not-for-this-sale, waitlist.entry-not-found */
    async mine(who: Who): Promise<StandingEntry> {
      await documents.read(who.saleId)
      const entry = await store.fullEntryOf(db, who)
      if (!entry) throw new Problem('waitlist.entry-not-found')
      return standing(entry)
    },
    all: async (accountId: string): Promise<StandingEntry[]> =>
      Promise.all((await store.fullEntriesOf(db, accountId, shownMax)).map(standing)),
  }
}

export type Entries = ReturnType<typeof createEntries>

/** Records that an entry has joined. @returns its place in the order */
export function joined(journal: Journal, { id, sectionIds, quantity, together }: Entry): number {
  const entrant = entrantOf(hashes, id, journal.next())
  return journal.add({ kind: 'joined', entrant, sectionIds, quantity, together })
}

const personKey = ({ saleId, accountId }: Who): string => `${saleId} ${accountId}`

const sameWish = (entry: Entry, { sectionIds, quantity, together }: Wanted): boolean =>
  entry.quantity === quantity && entry.together === together && entry.sectionIds.join() === sectionIds.join()

/** Why nobody, or not with this wish, may join now. Who waits already may change to sections that are on sale nowhere. */
function whyNot(
  sale: Sale,
  { sectionIds, quantity }: Wanted,
  before: Entry | undefined,
  now: Date,
): Answer | undefined {
  const phase = phaseOf(sale, now.getTime())
  if (phase === 'scheduled') return refused('waitlist.not-open', { opensAt: sale.opensAt.toISOString() })
  if (phase === 'closed') return refused('waitlist.closed')
  const errors: { pointer: string; detail: string }[] = []
  sectionIds.forEach((id, i) => {
    const pointer = `#/sectionIds/${i}`
    if (!sale.sections.some((section) => section.id === id))
      errors.push({ pointer, detail: 'is not a section of this sale' })
    else if (sectionIds.indexOf(id) < i) errors.push({ pointer, detail: 'is named twice' })
  })
  if (quantity > sale.limitPerAccount)
    errors.push({ pointer: '#/quantity', detail: `is more than the limit of ${sale.limitPerAccount}` })
  if (errors.length > 0) return refused('waitlist.invalid-wish', { errors })
  // A wish that is waiting stays as it is when something comes on sale.
  if (before?.state === 'waiting' && sectionIds.every((id) => before.sectionIds.includes(id))) return undefined
  const onSale = sale.sections.filter(({ id, isFull }) => sectionIds.includes(id) && !isFull).map(({ id }) => id)
  return onSale.length > 0 ? refused('waitlist.not-sold-out', { sectionIds: onSale }) : undefined
}
