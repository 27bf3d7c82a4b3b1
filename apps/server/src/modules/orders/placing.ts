import { feeOf, money, type Money } from '@fairgate/contracts/money'
import type { TokenPayload } from '@fairgate/contracts/tokens'
import { createBatcher } from '#platform/batcher'
import { fact } from '#platform/bus'
import { afterCommit, transaction, type Tx } from '#platform/db'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { isOfAllotment, type Codes, type Granted } from './codes.ts'
import * as store from './orders-store.ts'
import { isFree, orderFacts, type Book, type Happening, type Order } from './saga.ts'

const batchMax = 128
const queueMax = 20_000

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'tokens' | 'outbox'>

type Others = {
  codes: Codes
  /** Takes orders a step on: those that cost nothing are under way at once. */
  step(tx: Tx, items: readonly { orderId: string; happening: Happening }[]): Promise<ReadonlyMap<string, Book>>
  /** Told how many orders a commit has made. */
  placed(count: number): void
}

/** An order to be made, under this id unless its hold has one. */
type Wanted = {
  id: string
  hold: TokenPayload<'hold'>
  acceptEqualSeats: boolean
  promoCode: string | undefined
}
type Placed = { order: Order; isNew: boolean }

const noneGranted: ReadonlyMap<string, Granted> = new Map()

/** Makes the orders of holds. Those that are asked for together are made in one commit. */
export function createPlacing({ db, clock, ids, tokens, outbox }: Deps, { codes, step, placed }: Others) {
  /** Gives no order where the event has been cancelled meanwhile. */
  const plain = createBatcher<Wanted, Placed | undefined>({
    batchMax,
    queueMax,
    run: (wanted) => transaction(db, (tx) => placeAll(tx, wanted, noneGranted)),
  })

  /** Orders with codes wait for those who use the same ones; nobody else waits for them. */
  const withCodes = createBatcher<Wanted, Placed | Problem | undefined>({
    batchMax,
    queueMax,
    run: (wanted) => transaction(db, (tx) => placeWithCodes(tx, wanted)),
  })

  async function placeWithCodes(tx: Tx, wanted: readonly Wanted[]): Promise<(Placed | Problem | undefined)[]> {
    // The same hold sent again while the first is decided is one order, and uses its code once.
    const first = [...new Map(wanted.toReversed().map((want) => [want.hold.holdId, want])).values()]
    const holdIds = first.map(({ hold }) => hold.holdId)
    const claims = first.map(({ id: orderId, hold, promoCode }) => ({ orderId, hold, promoCode }))
    const granted = await codes.claim(tx, claims, () => store.ordersOfHolds(tx, holdIds))
    const refused = new Map(
      first.flatMap(({ id, hold }) => {
        const problem = granted.get(id)
        return problem instanceof Problem ? [[hold.holdId, problem] as const] : []
      }),
    )
    const accepted = wanted.filter(({ hold }) => !refused.has(hold.holdId))
    const made = accepted.length === 0 ? [] : await placeAll(tx, accepted, granted as Map<string, Granted>)
    const fresh = new Set(made.flatMap((one) => (one?.isNew ? [one.order.id] : [])))
    await codes.release(
      tx,
      [...granted.keys()].filter((id) => !fresh.has(id) && !(granted.get(id) instanceof Problem)),
    )
    return wanted.map(
      ({ hold }) => refused.get(hold.holdId) ?? made[accepted.findIndex((want) => want.hold.holdId === hold.holdId)],
    )
  }

  async function placeAll(
    tx: Tx,
    wanted: readonly Wanted[],
    granted: ReadonlyMap<string, Granted>,
  ): Promise<(Placed | undefined)[]> {
    const now = clock.now()
    const orders = wanted.map((want) => newOrder(want, now, granted.get(want.id)))
    const inserted = await store.insertOrders(tx, orders)
    const fresh = orders.filter(({ id }) => inserted.has(id))
    await store.insertHistory(
      tx,
      fresh.map(({ id, version, state }) => ({
        orderId: id,
        version,
        at: now,
        event: 'placed',
        from: null,
        to: state,
      })),
    )
    await outbox.publish(
      tx,
      fresh.map((order) =>
        fact('orders.order-placed.v1', { ...orderFacts(order), payBy: new Date(order.payBy).toISOString() }),
      ),
    )
    const known =
      inserted.size === orders.length
        ? new Map<string, Order>()
        : await store.ordersOfHolds(
            tx,
            orders.map(({ holdId }) => holdId),
          )
    const free = fresh.filter(isFree)
    const begun =
      free.length === 0
        ? new Map<string, Book>()
        : await step(
            tx,
            free.map(({ id }) => ({ orderId: id, happening: { type: 'nothing-to-pay' } as const })),
          )
    afterCommit(tx, () => placed(fresh.length))
    return orders.map((order) => {
      if (inserted.has(order.id)) return { order: begun.get(order.id)?.order ?? order, isNew: true }
      const earlier = known.get(order.holdId)
      return earlier && { order: earlier, isNew: false }
    })
  }

  /**
   * Makes the order of a hold, or finds the one it already has. One that costs nothing is under way to its tickets at
   * once. @param acceptEqualSeats  should money come late and the seats be gone, equal ones will do
   */
  async function place(
    accountId: string,
    {
      holdToken,
      acceptEqualSeats = false,
      promoCode,
    }: { holdToken: string; acceptEqualSeats?: boolean; promoCode?: string },
  ): Promise<Placed> {
    const verified = tokens.verify('hold', holdToken)
    if (verified.kind === 'forged' || verified.payload.accountId !== accountId) throw new Problem('orders.hold-invalid')
    const hold = verified.payload
    if (verified.kind === 'valid') {
      const want = { id: ids('order'), hold, acceptEqualSeats, promoCode }
      const isPlain = promoCode === undefined && !isOfAllotment(hold)
      const made = await (isPlain ? plain.add(want) : placeWithCode(accountId, want))
      if (!made) throw new Problem('orders.event-cancelled')
      return made
    }
    const known = (await store.ordersOfHolds(db, [hold.holdId])).get(hold.holdId)
    if (!known) throw new Problem('orders.hold-expired', { expiredAt: new Date(hold.exp).toISOString() })
    return { order: known, isNew: false }
  }

  const placeWithCode = (accountId: string, want: Wanted): Promise<Placed | undefined> =>
    codes.guessing(accountId, async () => {
      const made = await withCodes.add(want)
      if (made instanceof Problem) throw made
      return made
    })

  return { place }
}

function newOrder({ id, hold, acceptEqualSeats }: Wanted, now: number, granted: Granted | undefined): Order {
  const { holdId, accountId, saleId, lineId, event, section, seats, unitPrice, total: price } = hold
  const discount: Money = granted?.discount ?? money(0, price.currency)
  const reduced = money(price.amount - discount.amount, price.currency)
  const fee = feeOf(reduced, seats.length, event.fees)
  return {
    id,
    holdId,
    accountId,
    saleId,
    lineId,
    event,
    section,
    seats,
    unitPrice,
    fee,
    discount,
    total: money(reduced.amount + fee.amount, price.currency),
    promoCode: granted?.promoCode ?? null,
    state: 'awaiting-payment',
    version: 0,
    attempt: 0,
    paymentId: null,
    refusals: 0,
    sellRefusals: 0,
    refusal: null,
    refusedAt: null,
    holdSeconds: Math.ceil((hold.exp - now) / 1000),
    acceptEqualSeats,
    isLate: false,
    firstSeats: null,
    returns: 0,
    returnsAsked: 0,
    placedAt: now,
    payBy: hold.exp,
    updatedAt: now,
  }
}
