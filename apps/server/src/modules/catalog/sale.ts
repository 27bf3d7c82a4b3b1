import type { Body } from '@fairgate/contracts/http/route'
import type { Sale, createSale } from '@fairgate/contracts/http/catalog'
import { tidy } from '@fairgate/contracts/plans/text'
import type { Caller } from '#platform/access-token'
import { afterCommit, transaction, violatedConstraint, type Tx } from '#platform/db'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { mayManage } from './access.ts'
import { auctionOf } from './auction-rules.ts'
import * as store from './catalog-store.ts'
import type { NewSale, StoredEvent } from './catalog-store.ts'
import type { EventCache } from './event-cache.ts'
import { publishSaleFacts } from './events.ts'
import { refuseFaults } from './faults.ts'
import { checkSale, publishFaults } from './sale-rules.ts'
import { saleTable, type SaleEvent, type SaleState } from './sale-state.ts'

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'outbox' | 'metrics' | 'racepoints'> & { cache: EventCache }

export function createSales({ db, clock, ids, outbox, metrics, racepoints, cache }: Deps) {
  const published = metrics.counter('fairgate_catalog_sales_published_total', 'Sales published')

  /** Prepares a sale of an event that its caller may manage. @returns its id */
  async function insert(tx: Tx, event: StoredEvent, body: Body<typeof createSale>): Promise<string> {
    const { faults, inUse } = checkSale(body, event, clock.now())
    refuseFaults('catalog.invalid-sale', faults)
    refuseFaults('catalog.in-use', inUse)
    const sale: NewSale = {
      id: ids('sale'),
      eventId: event.id,
      method: body.method,
      opensAt: new Date(body.opensAt),
      closesAt: new Date(body.closesAt),
      holdSeconds: body.holdSeconds,
      limitPerAccount: body.limitPerAccount,
      order: body.order ?? 'draw',
      ballot: body.ballot && { ...body.ballot, drawAt: new Date(body.ballot.drawAt) },
      auction: body.auction && auctionOf(body.auction, event),
      lines: body.lines.map(({ name, sectionIds, shoppersMax, admitPerMinute, course }) => ({
        id: ids(body.method === 'auction' ? 'lot' : 'line'),
        name: tidy(name),
        sectionIds,
        // A ballot or an auction lets nobody in by a rate; its rows have the least that a row can have.
        shoppersMax: shoppersMax ?? 1,
        admitPerMinute: admitPerMinute ?? 1,
        course: course === undefined ? undefined : tidy(course),
      })),
    }
    await racepoints.reach('catalog.before-sale')
    await store.insertSale(tx, sale)
    return sale.id
  }

  async function create(caller: Caller, eventId: string, body: Body<typeof createSale>): Promise<Sale> {
    try {
      return await transaction(db, async (tx) => {
        const event = await store.storedEvent(tx, eventId)
        if (!event || !mayManage(caller, event.organiserId)) throw new Problem('catalog.event-not-found')
        return (await store.storedSale(tx, await insert(tx, event, body)))!.sale
      })
    } catch (error) {
      const constraint = violatedConstraint(error)
      // Somebody was faster since the check: another sale took a section, or a section was removed.
      if (constraint === 'line_sections_one_sale') {
        throw new Problem(
          'catalog.in-use',
          { detail: 'another sale has just taken one of the sections' },
          { cause: error },
        )
      }
      if (constraint === 'line_sections_section') {
        throw new Problem(
          'catalog.invalid-sale',
          { detail: 'one of the sections has just been removed' },
          { cause: error },
        )
      }
      throw error
    }
  }

  /** Publishes a sale in the transaction that also tells the other modules. */
  async function announce(tx: Tx, id: string): Promise<void> {
    await store.keepEvent(tx, id)
    const { sale, event } = known(await store.storedSale(tx, id))
    refuseIn(sale.state, 'publish')
    if (event.cancelledAt) throw new Problem('catalog.event-cancelled')
    const faults = publishFaults(sale, event, clock.now())
    if (faults.length > 0) {
      throw new Problem('catalog.invalid-sale', {
        detail: faults.map((fault) => fault.detail).join('; '),
        errors: faults,
      })
    }
    await racepoints.reach('catalog.before-publication')
    if (!(await store.insertPublication(tx, id, new Date(clock.now())))) throw new Problem('catalog.already-published')
    await publishSaleFacts(tx, outbox, event, sale)
    afterCommit(tx, () => {
      cache.forget(event.id)
      published.add({})
    })
  }

  async function publish(caller: Caller, id: string): Promise<Sale> {
    managed(caller, await store.storedSale(db, id))
    await transaction(db, (tx) => announce(tx, id))
    return known(await store.storedSale(db, id)).sale
  }

  async function remove(caller: Caller, id: string): Promise<void> {
    const { sale, event } = managed(caller, await store.storedSale(db, id))
    refuseIn(sale.state, 'remove')
    try {
      await store.deleteSale(db, id)
    } catch (error) {
      if (violatedConstraint(error) !== 'publications_sale') throw error
      throw new Problem('catalog.already-published', {}, { cause: error })
    }
    cache.forget(event.id)
  }

  async function show(caller: Caller | undefined, id: string): Promise<Sale> {
    const found = await store.storedSale(db, id)
    return found?.sale.state === 'published' ? found.sale : managed(caller, found).sale
  }

  return { insert, create, announce, publish, remove, show }
}

export type Sales = ReturnType<typeof createSales>

type Found = { sale: Sale; event: StoredEvent } | undefined

function known(found: Found) {
  if (!found) throw new Problem('catalog.sale-not-found')
  return found
}

/** A stranger's sale is as unknown as one that does not exist. */
function managed(caller: Caller | undefined, found: Found) {
  return known(found && mayManage(caller, found.event.organiserId) ? found : undefined)
}

function refuseIn(state: SaleState, event: SaleEvent): void {
  const outcome = saleTable[state][event]
  if ('refuse' in outcome) throw new Problem(outcome.refuse)
}
