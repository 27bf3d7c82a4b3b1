import type { Body } from '@fairgate/contracts/http/route'
import type { beginCancellation } from '@fairgate/contracts/http/cancellations'
import type { Currency } from '@fairgate/contracts/money'
import type { Caller } from '#platform/access-token'
import { transaction, type Db, type Tx } from '#platform/db'
import { pageOf } from '#platform/page'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { managedEvent, mayManage } from './access.ts'
import * as store from './cancellations-store.ts'
import type { Cancellation, Tally } from './cancellations-store.ts'
import type { UseCases } from './orders.ts'
import * as orders from './orders-store.ts'
import type { Returns } from './returns.ts'

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'log' | 'racepoints'>

/** One portion is one transaction, of the size of a batch of the bus. */
const portionMax = 100
/** So many refunds of a cancellation are under way at most: purchases ask the same provider. */
const openMax = 500
/** How long a cancellation rests when it waits for others. */
const restMs = 1000
const listMax = 100
/** An order that was just being placed when its event was cancelled is there after this long. */
const placingMsMax = 10_000
const pageSize = 50

const noTally: Tally = { asked: 0, refunding: 0, done: 0, refused: 0, seats: 0, refund: 0, refunded: 0 }

/**
 * Cancels many orders for their organiser, one portion after the other. A portion, the place reached and what is asked
 * of others are one transaction: whoever dies in between has done nothing, and the next one goes on from there.
 */
export function createCancellations(
  { db, clock, ids, log, racepoints }: Deps,
  { step }: Pick<UseCases, 'step'>,
  { begin }: Returns,
) {
  async function begun(caller: Caller, eventId: string, body: Body<typeof beginCancellation>) {
    const event = await managedEvent(db, caller, eventId)
    if (body.orderIds && body.sectionId !== undefined)
      throw new Problem('orders.invalid-cancellation', {
        errors: [{ pointer: '#/sectionId', detail: 'cannot be given together with orderIds' }],
      })
    if (body.orderIds) await refuseForeign(eventId, body.orderIds)
    const id = ids('cancellation')
    await transaction(db, (tx) =>
      store.insertCancellation(tx, {
        id,
        eventId,
        orderIds: body.orderIds ? [...new Set(body.orderIds)] : null,
        sectionId: body.sectionId ?? null,
        percent: body.percent,
        reason: 'organiser',
        note: body.note,
        evenUsed: body.evenUsed ?? false,
        accountId: caller.accountId,
        createdAt: clock.now(),
      }),
    )
    return shown(id, event.currency)
  }

  async function refuseForeign(eventId: string, orderIds: readonly string[]): Promise<void> {
    const own = new Set(
      (await orders.ordersById(db, orderIds)).filter(({ event }) => event.id === eventId).map(({ id }) => id),
    )
    const errors = orderIds.flatMap((id, i) =>
      own.has(id) ? [] : [{ pointer: `#/orderIds/${i}`, detail: 'is no order of this event' }],
    )
    if (errors.length > 0) throw new Problem('orders.invalid-cancellation', { errors })
  }

  /** A whole event is off: everybody gets everything back, whoever was let in too. */
  async function cancelEvents(
    tx: Tx,
    cancelled: readonly { eventId: string; accountId: string; note: string }[],
  ): Promise<void> {
    const now = clock.now()
    await store.noteCancelled(
      tx,
      cancelled.map(({ eventId }) => eventId),
      now,
    )
    for (const { eventId, accountId, note } of cancelled)
      await store.insertCancellation(tx, {
        id: ids('cancellation'),
        eventId,
        orderIds: null,
        sectionId: null,
        percent: 100,
        reason: 'event-cancelled',
        note,
        evenUsed: true,
        accountId,
        createdAt: now,
      })
  }

  /** Works on a portion of a cancellation. @returns whether there is more to do at once */
  async function work(): Promise<boolean> {
    return transaction(db, async (tx) => {
      const cancellation = await store.lockDue(tx, clock.now())
      if (!cancellation) return false
      const next = await portion(tx, cancellation)
      await store.updateCancellation(tx, next)
      await racepoints.reach('orders.cancellation-written')
      if (next.state === 'done')
        log.info({ cancellationId: next.id, eventId: next.eventId, orders: next.ordersSeen }, 'cancellation finished')
      return true
    })
  }

  async function portion(tx: Tx, cancellation: Cancellation): Promise<Cancellation> {
    const now = clock.now()
    const resting = { ...cancellation, nextAt: now + restMs }
    const room = openMax - (await store.openReturns(tx, cancellation.id))
    if (room <= 0) return resting
    const found = await store.ordersToCancel(tx, cancellation, Math.min(portionMax, room))
    await racepoints.reach('orders.cancellation-chosen')
    if (found.length > 0) {
      const begunHere = await cancelAll(tx, cancellation, found)
      return {
        ...cancellation,
        cursor: found.at(-1)!.id,
        ordersSeen: cancellation.ordersSeen + begunHere,
        nextAt: now,
      }
    }
    const open = await store.openWithin(tx, cancellation)
    // What was being paid for meanwhile, or asked back by its buyer, is looked at again from the beginning.
    const mayBePlaced = cancellation.reason === 'event-cancelled' && now < cancellation.createdAt + placingMsMax
    if (open.orders + open.asked > 0 || mayBePlaced) return { ...resting, cursor: '' }
    if (open.own > 0) return resting
    return { ...cancellation, state: 'done', finishedAt: now }
  }

  /** @returns how many returns were begun */
  async function cancelAll(
    tx: Tx,
    cancellation: Cancellation,
    found: readonly { id: string; state: string }[],
  ): Promise<number> {
    const { id, reason, note, evenUsed, percent } = cancellation
    const books = await orders.lockBooks(tx, found.map((order) => order.id).toSorted())
    await racepoints.reach('orders.cancellation-locked')
    const returns = await begin(
      tx,
      books,
      found.map((order) => ({ orderId: order.id, cancellationId: id, reason, note, evenUsed, percent, feePerSeat: 0 })),
    )
    // Nobody should pay for what is cancelled.
    const unpaid = [...books.values()].filter(({ order }) => order.state === 'awaiting-payment')
    if (unpaid.length > 0)
      await step(
        tx,
        unpaid.map(({ order }) => ({ orderId: order.id, happening: { type: 'cancel', reason } as const })),
      )
    return returns.length
  }

  async function change(caller: Caller, id: string, state: 'running' | 'paused') {
    return transaction(db, async (tx) => {
      const cancellation = await store.cancellationById(tx, id, { locked: true })
      const event = cancellation && (await orders.eventById(tx, cancellation.eventId))
      if (!event || !mayManage(caller, event.organiserId)) throw new Problem('orders.cancellation-not-found')
      if (cancellation.state === 'done') throw new Problem('orders.cancellation-done')
      await store.updateCancellation(tx, { ...cancellation, state, nextAt: clock.now() })
      return shown(id, event.currency, tx)
    })
  }

  async function list(caller: Caller, eventId: string) {
    const { currency } = await managedEvent(db, caller, eventId)
    const found = await store.cancellationsOfEvent(db, eventId, listMax)
    const by = await store.tallies(
      db,
      found.map(({ id }) => id),
    )
    return found.map((cancellation) => ({ cancellation, tally: by.get(cancellation.id) ?? noTally, currency }))
  }

  async function shown(id: string, currency: Currency, on: Db | Tx = db) {
    const cancellation = (await store.cancellationById(on, id))!
    return { cancellation, tally: (await store.tallies(on, [id])).get(id) ?? noTally, currency }
  }

  /** Paid orders of an own event, a page of them. */
  async function eventOrders(
    caller: Caller,
    eventId: string,
    query: { cursor?: string | undefined; sectionId?: string | undefined },
  ) {
    await managedEvent(db, caller, eventId)
    const found = await store.paidOrders(db, eventId, {
      before: query.cursor,
      sectionId: query.sectionId,
      limit: pageSize + 1,
    })
    return pageOf(found, pageSize, ({ id }) => id)
  }

  return { begun, cancelEvents, work, change, list, eventOrders }
}

export type Cancellations = ReturnType<typeof createCancellations>
export type Shown = Awaited<ReturnType<Cancellations['list']>>[number]
