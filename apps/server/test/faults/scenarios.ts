import { seatId } from '@fairgate/contracts/ids'
import { fact } from '#platform/bus'
import { transaction } from '#platform/db'
import type { World } from './world.ts'

const price = 55_000
const hour = 3_600_000

/** One purchase in a sale of its own, so that the audit of its event speaks of nothing else. */
export type Cell = Awaited<ReturnType<typeof openCell>>

let opened = 0

async function openCell(world: World, { rows = 2, isFree = false }: { rows?: number; isFree?: boolean } = {}) {
  const { platform, send } = world
  const { clock } = platform
  const n = ++opened
  const ids = { event: `evt_${n}`, sale: `sal_${n}`, line: `lin_${n}`, section: `sec_${n}` }
  const seatsPerRow = 2
  const seats = Array.from({ length: rows * seatsPerRow }, (_, i) => {
    const row = String.fromCharCode(65 + Math.floor(i / seatsPerRow))
    const number = String((i % seatsPerRow) + 1)
    const at = { x: (i % seatsPerRow) * 50, y: Math.floor(i / seatsPerRow) * 80 }
    return { label: `${row}-${number}`, row, number, ...at, accessible: false }
  })
  const event = {
    id: ids.event,
    organiserId: 'acc_organiser',
    kind: 'concert' as const,
    name: 'Night',
    venue: 'Hall',
    startsAt: new Date(clock.now() + 1000 * hour).toISOString(),
    timeZone: 'Asia/Seoul',
    currency: 'KRW' as const,
  }
  const section = {
    id: ids.section,
    name: 'Hall',
    admission: 'reserved' as const,
    capacity: seats.length,
    price: { amount: isFree ? 0 : price, currency: 'KRW' as const },
    attributes: {},
  }
  await transaction(platform.db, (tx) =>
    platform.outbox.publish(tx, [
      fact('catalog.sale-published.v1', {
        saleId: ids.sale,
        event,
        method: 'queue',
        opensAt: new Date(clock.now()).toISOString(),
        closesAt: new Date(clock.now() + 100 * hour).toISOString(),
        holdSeconds: 300,
        limitPerAccount: 4,
        lines: [{ id: ids.line, name: 'All', sectionIds: [ids.section], shoppersMax: 10, admitPerMinute: 10 }],
        sections: [section],
      }),
      fact('catalog.seats-published.v1', { saleId: ids.sale, sectionId: ids.section, from: 1, seats }),
    ]),
  )
  await world.rest()

  const buyer = `acc_${n}`
  const payments: { key: string; amount: number }[] = []

  function pass(accountId: string): string {
    return platform.tokens.sign('pass', {
      passId: `pas_${n}`,
      lineId: ids.line,
      saleId: ids.sale,
      accountId,
      sectionIds: [ids.section],
      exp: clock.now() + hour,
    })
  }

  async function hold(accountId: string, numbers: readonly number[]) {
    const seatIds = numbers.map((number) => seatId(ids.section, number))
    const answer = await send('POST', '/api/holds', accountId, {
      passToken: pass(accountId),
      sectionId: ids.section,
      seatIds,
    })
    return answer.status === 201 ? (answer.body as { hold: { id: string }; holdToken: string }) : undefined
  }

  let orderId = ''
  const cell = {
    world,
    ids,
    buyer,
    payments,
    seats: seats.length,
    get orderId() {
      return orderId
    },
    hold,
    /** The buyer holds seats 1 and 2 and orders them. */
    async order(wishes: { acceptEqualSeats?: boolean } = {}): Promise<string> {
      const held = await hold(buyer, [1, 2])
      const { status, body } = await send('POST', '/api/orders', buyer, { holdToken: held!.holdToken, ...wishes })
      if (status !== 201) throw new Error(JSON.stringify(body))
      orderId = (body['order'] as { id: string }).id
      return held!.hold.id
    },
    look: () => world.order(orderId, buyer),
    /** The buyer pays, if the order can be paid. @returns the payment's key */
    async pay(manner: Record<string, unknown> = {}): Promise<string | undefined> {
      const { paymentRequestToken, total } = await cell.look()
      if (!paymentRequestToken) return undefined
      const paymentKey = await world.provider.window(orderId, total.amount, manner)
      const body = { paymentRequestToken, provider: 'toss', paymentKey, amount: total.amount }
      const answer = await send('POST', '/api/payments/confirm', buyer, body)
      if (answer.status !== 202) return undefined
      payments.push({ key: paymentKey, amount: total.amount })
      return paymentKey
    },
    /** Somebody else takes what there is of these seats. */
    async taken(numbers: readonly number[]): Promise<void> {
      for (const number of numbers) await hold('acc_other', [number])
    },
    /** The provider's notice that something became of a payment. */
    async notice(key: string): Promise<void> {
      const payment = world.provider.payment(key)
      const data = { paymentKey: key, orderId, status: payment?.status }
      await send('POST', '/api/payments/toss/webhook', buyer, { eventType: 'PAYMENT_STATUS_CHANGED', data })
    },
    /** Money that nobody asked for: the provider takes it although the order has ended, and says so. */
    async capturedUnasked(): Promise<void> {
      const { key, amount } = payments.at(-1)!
      const { status, json } = await world.provider.elsewhere('/v1/payments/confirm', {
        paymentKey: key,
        orderId,
        amount,
      })
      if (status !== 200) throw new Error(JSON.stringify(json))
      await cell.notice(key)
    },
  }
  return cell
}

export type Scenario = {
  name: string
  /** One sentence for the reader of the table. */
  about: string
  begin(world: World): Promise<Cell>
  /** What the buyer does whenever nothing else happens. */
  react?(cell: Cell): Promise<void>
}

/** An order whose time was over a moment before its payment came. */
async function tooLate(world: World, wishes: { acceptEqualSeats?: boolean } = {}): Promise<Cell> {
  const cell = await openCell(world)
  await cell.order(wishes)
  world.platform.clock.advance(299_000)
  await cell.pay()
  world.platform.clock.advance(2000)
  await world.process.timely[0]!.run()
  return cell
}

/** Once the order has ended, the provider takes the money all the same; somebody else took seats before. */
async function captureAfterEnd(cell: Cell, taken: readonly number[] = []): Promise<void> {
  const payment = cell.payments[0]
  if (!payment || (await cell.look()).state !== 'expired') return
  if (cell.world.provider.payment(payment.key)?.approvedAt !== null) return
  await cell.taken(taken)
  await cell.capturedUnasked()
}

/** Ways a purchase goes. Between them every message of the saga is sent, which a test checks against the table. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'purchase',
    about: 'The buyer pays and gets two tickets.',
    async begin(world) {
      const cell = await openCell(world)
      await cell.order()
      await cell.pay()
      return cell
    },
  },
  {
    name: 'refused card',
    about: 'The first card is refused; the buyer tries another one in the time given.',
    async begin(world) {
      const cell = await openCell(world)
      await cell.order()
      await cell.pay({ outcome: 'decline' })
      return cell
    },
    async react(cell) {
      const { state, refusal } = await cell.look()
      if (state === 'awaiting-payment' && refusal && cell.payments.length < 2) await cell.pay()
    },
  },
  {
    name: 'unclear answer',
    about: 'The provider fails at first and has to be asked how things stand.',
    async begin(world) {
      const cell = await openCell(world)
      await cell.order()
      await cell.pay({ outcome: '500', times: 1 })
      return cell
    },
  },
  {
    name: 'deposit',
    about: 'The buyer chooses a virtual account and pays into it an hour later.',
    async begin(world) {
      const cell = await openCell(world)
      await cell.order()
      await cell.pay({ method: 'VIRTUAL_ACCOUNT', validHours: 12, deposit: 'late:3600000', webhook: 'never' })
      return cell
    },
  },
  {
    name: 'not paid',
    about: 'The buyer does not pay.',
    async begin(world) {
      const cell = await openCell(world)
      await cell.order()
      return cell
    },
  },
  {
    name: 'seats lost',
    about: 'The buyer let the seats go in another window and somebody else took them before the payment came.',
    async begin(world) {
      const cell = await openCell(world)
      const holdId = await cell.order()
      await world.send('DELETE', `/api/holds/${holdId}`, cell.buyer)
      await cell.taken([1, 2])
      await cell.pay()
      return cell
    },
  },
  {
    name: 'late, same seats',
    about: 'Money comes after the time to pay; the seats are still free.',
    begin: tooLate,
    react: captureAfterEnd,
  },
  {
    name: 'late, equal seats',
    about: 'Money comes after the time to pay; the seats are gone, and the buyer agreed to equal ones.',
    begin: (world) => tooLate(world, { acceptEqualSeats: true }),
    react: (cell) => captureAfterEnd(cell, [1]),
  },
  {
    name: 'late, refund',
    about: 'Money comes after the time to pay; the seats are gone, and the buyer did not agree to others.',
    begin: (world) => tooLate(world),
    react: (cell) => captureAfterEnd(cell, [1]),
  },
  {
    name: 'seats freed by hand',
    about: 'While the provider takes the money, somebody frees the secured seats in the database.',
    async begin(world) {
      const cell = await openCell(world)
      const holdId = await cell.order()
      await cell.pay()
      world.meanwhile({
        type: 'payments.payment-captured.v1',
        async run() {
          await world.query(
            `with freed as (update inventory.holds set state = 'lapsed' where id = $1 and state = 'secured' returning id)
             update inventory.seats set state = 0, hold_id = null, held_until = null where hold_id in (select id from freed)`,
            [holdId],
          )
        },
      })
      return cell
    },
  },
  {
    name: 'given back',
    about: 'An operator gives the money of a fulfilled order back.',
    async begin(world) {
      const cell = await openCell(world)
      await cell.order()
      await cell.pay()
      return cell
    },
    async react(cell) {
      if ((await cell.look()).state === 'fulfilled')
        await cell.world.process.orders.refund(cell.orderId, 'the concert is off')
    },
  },
  {
    name: 'free',
    about: 'The order costs nothing.',
    async begin(world) {
      const cell = await openCell(world, { isFree: true })
      await cell.order()
      return cell
    },
  },
]
