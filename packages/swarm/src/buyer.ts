import { ApiError } from '@fairgate/contracts/client'
import { getAvailability, placeHold, myHolds } from '@fairgate/contracts/http/inventory'
import { claimPass, getLine, joinLine, leaveLine, listLines } from '@fairgate/contracts/http/waiting-room'
import { getOrder, placeOrder, type Order } from '@fairgate/contracts/http/orders'
import { confirmPayment } from '@fairgate/contracts/http/payments'
import { seatId } from '@fairgate/contracts/ids'
import type { Answer } from '@fairgate/contracts/http/route'
import { goodCard, type Card } from './cards.ts'
import { ownEye, type Eye, type ParsedLines } from './eye.ts'
import type { Positions } from './positions.ts'
import type { Chance } from './random.ts'
import type { PreparedSale } from './sale.ts'
import type { Recorder } from './recorder.ts'
import { freeNumbers, type RefusalCheck } from './refusals.ts'
import { followWait, type Wait } from './waits.ts'
import { Unreachable, type Wire } from './wire.ts'

/** What a person intends. */
export type Intent = {
  lineId: string
  sectionIds: readonly string[]
  /** The sale, for who takes another line of it when nothing is left in the own. */
  orElse?: PreparedSale
  /** Seats wanted, and whether the section has numbered seats to choose from. */
  seats: number
  admission: 'reserved' | 'open'
  /** Side by side, chosen by the server. */
  together: boolean
  /** Leaves without paying once seats are held. */
  abandons: boolean
  /** How the first payment goes; who is declined takes another card. */
  payment: Card
  /** How long a person thinks before choosing and again before paying; none for a macro. */
  thinksMs: number
  /** The farm whose eye a macro looks through; a person looks with its own. */
  farm: number | undefined
}

/** What a person was told, to be compared with the database afterwards. */
export type Told = {
  places: string[]
  holds: string[]
  orders: string[]
  fulfilled: { orderId: string; sectionId: string; seats: string[] }[]
  outcome: 'bought' | 'sold-out' | 'abandoned' | 'lapsed' | 'not-paid' | 'gave-up'
}

export type World = {
  wire: Wire
  url: string
  recorder: Recorder
  now: () => number
  sleep: (ms: number) => Promise<void>
  /** Nobody waits longer than this (epoch ms). */
  until: number
  positions: Positions
  parsed: ParsedLines
  /** What joining takes where the operator asks for proofs of work. */
  prove: ((accessToken: string) => Promise<string>) | undefined
  refusals: RefusalCheck
  /** What people were told about their waits, and how they ended. */
  waits: Wait[]
  /** What all macros of a farm see of a line. */
  farmEye: (lineId: string, farm: number) => Eye
}

export type Person = { accessToken: string; chance: Chance }

type HoldAnswer = Answer<typeof placeHold>

/** One person's whole way: join, wait, go in, choose, pay, or leave. Never throws: what went wrong is in the recorder. */
export async function buy(world: World, person: Person, intent: Intent): Promise<Told> {
  const told: Told = { places: [], holds: [], orders: [], fulfilled: [], outcome: 'gave-up' }
  try {
    told.outcome = await visit(world, person, intent, told)
  } catch (error) {
    if (!(error instanceof Unreachable)) world.recorder.lost('other', error)
  }
  return told
}

async function visit(world: World, person: Person, wanted: Intent, told: Told): Promise<Told['outcome']> {
  let intent = wanted
  const tried = new Set<string>()
  while (world.now() < world.until) {
    const inside = await waitAndEnter(world, person, intent, told)
    const outcome = typeof inside === 'string' ? inside : await shop(world, person, intent, inside, told)
    if (outcome === 'again') continue
    if (outcome !== 'sold-out') return outcome
    const other = await anotherLine(world, person, intent, tried.add(intent.lineId))
    if (!other) return 'sold-out'
    intent = other
  }
  return 'gave-up'
}

/** The same wish in a line of the sale that still has places, more likely one where more are left than people wait for. */
async function anotherLine(
  world: World,
  person: Person,
  intent: Intent,
  tried: ReadonlySet<string>,
): Promise<Intent | undefined> {
  if (!intent.orElse) return undefined
  const { body } = await world.wire.call('other', listLines, { query: { saleId: intent.orElse.saleId } })
  const open = body.items.filter(({ id, phase, free }) => phase === 'open' && free > 0 && !tried.has(id))
  const left = open.map(({ free, waiting }) => Math.max(1, free - waiting))
  let drawn = person.chance.unit() * left.reduce((sum, count) => sum + count, 0)
  const chosen = open.find((_, i) => (drawn -= left[i]!) < 0)
  const line = intent.orElse.lines.find(({ id }) => id === chosen?.id)
  if (!line) return undefined
  await leave(world, person, intent)
  return { ...intent, lineId: line.id, sectionIds: line.sectionIds }
}

/** With a pass: choose seats and pay. `again` when the person has to join anew. */
export async function shop(
  world: World,
  person: Person,
  intent: Intent,
  inside: { passToken: string },
  told: Told,
): Promise<Told['outcome'] | 'again'> {
  await think(world, intent)
  const held = await choose(world, person, intent, inside)
  if (held === 'pass-over') return 'again'
  if (held === 'nothing-left') {
    await leave(world, person, intent)
    // Others may still let seats go; whoever waits on joins again at the end.
    const line = (await world.wire.call('poll', getLine, { params: { id: intent.lineId } })).body
    if (line.phase === 'sold-out' || line.phase === 'closed') return 'sold-out'
    await world.sleep(500 + person.chance.unit() * 500)
    return 'again'
  }
  told.holds.push(held.hold.id)
  if (intent.abandons) return 'abandoned'
  await think(world, intent)
  const order = await pay(world, person, intent, held, told)
  if (order.state !== 'fulfilled') return 'not-paid'
  told.fulfilled.push({
    orderId: order.id,
    sectionId: order.section.id,
    seats: order.items.map((item) => item.seatId),
  })
  return 'bought'
}

const think = async (world: World, { thinksMs }: Intent): Promise<void> => {
  if (thinksMs > 0) await world.sleep(thinksMs)
}

/** Joins, polls as the document asks, and claims the pass when called. */
async function waitAndEnter(
  world: World,
  person: Person,
  intent: Intent,
  told: Told,
): Promise<Told['outcome'] | { passToken: string } | 'again'> {
  const { wire } = world
  const { accessToken, chance } = person
  let place: Answer<typeof joinLine>
  try {
    const body = world.prove ? { challenge: await world.prove(accessToken) } : {}
    place = (await wire.call('join', joinLine, { params: { id: intent.lineId }, body, accessToken })).body
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    if (error.problem.code === 'waiting-room.sold-out' || error.problem.code === 'waiting-room.closed')
      return 'sold-out' as const
    if (error.problem.code === 'waiting-room.not-open') {
      await world.sleep(intent.farm === undefined ? 1000 : 100)
      return 'again'
    }
    throw error
  }
  told.places.push(place.place.id)

  const eye =
    intent.farm === undefined ? ownEye(world, intent.lineId, chance) : world.farmEye(intent.lineId, intent.farm)
  try {
    return await waitForTurn(world, person, intent, place, eye)
  } finally {
    eye.close()
  }
}

/** Watches until it is this person's turn, and goes in. */
async function waitForTurn(
  world: World,
  person: Person,
  intent: Intent,
  place: Answer<typeof joinLine>,
  eye: Eye,
): Promise<Told['outcome'] | { passToken: string } | 'again'> {
  let position: number | undefined
  let ahead = Infinity
  const wait = followWait(world.now, world.waits)
  while (world.now() < world.until) {
    const line = await eye.look(ahead)
    position ??= world.positions.of(line, place.place.number)
    ahead = position === undefined ? Infinity : position - line.frontier
    if (intent.farm === undefined) wait.saw(line, ahead)
    if (line.phase === 'sold-out' || line.phase === 'closed') return 'sold-out'
    if (ahead > 0 || line.phase !== 'open') continue
    const claimed = await claim(world, person, intent.lineId, place.placeToken)
    if (claimed !== 'not-yet') return claimed
  }
  return 'gave-up'
}

/** The pass of somebody who was called. */
export async function claim(
  { wire }: Pick<World, 'wire'>,
  { accessToken }: Pick<Person, 'accessToken'>,
  lineId: string,
  placeToken: string,
): Promise<{ passToken: string } | 'again' | 'sold-out' | 'not-yet'> {
  try {
    return (await wire.call('pass', claimPass, { params: { id: lineId }, body: { placeToken }, accessToken })).body
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const { code } = error.problem
    if (code === 'waiting-room.lapsed' || code === 'waiting-room.pass-used') return 'again'
    if (code === 'waiting-room.sold-out' || code === 'waiting-room.closed') return 'sold-out'
    if (code === 'waiting-room.not-yet' || code === 'waiting-room.paused') return 'not-yet'
    throw error
  }
}

const triesMax = 30

async function choose(
  world: World,
  person: Person,
  intent: Intent,
  inside: { passToken: string },
): Promise<HoldAnswer | 'nothing-left' | 'pass-over'> {
  const { wire } = world
  const { accessToken, chance } = person
  let wanted = intent.seats
  for (let attempt = 0; attempt < triesMax; attempt++) {
    const sectionId = chance.pick(intent.sectionIds)
    const body: Parameters<typeof holdBody>[0] = { passToken: inside.passToken, sectionId }
    if (intent.admission === 'open' || intent.together) {
      body.count = wanted
      if (intent.together) body.together = true
    } else {
      const seats = await freeSeats(wire, sectionId, wanted, chance)
      if (seats.length === 0) {
        if (attempt < 3) {
          await world.sleep(100 + 200 * chance.unit())
          continue
        }
        return 'nothing-left'
      }
      body.seatIds = seats
    }
    try {
      return (await wire.call('hold', placeHold, { body: holdBody(body), accessToken })).body
    } catch (error) {
      if (error instanceof Unreachable) {
        const mine = (await wire.call('other', myHolds, { accessToken })).body.items[0]
        if (mine) return mine
        continue
      }
      if (!(error instanceof ApiError)) throw error
      const { code } = error.problem
      if (code.startsWith('inventory.pass-')) return 'pass-over'
      if (code === 'inventory.limit-reached') {
        // An answer that was lost on the way may have given the seats already.
        const mine = (await wire.call('other', myHolds, { accessToken })).body.items[0]
        if (mine) return mine
        throw error
      }
      if (code === 'inventory.sold-out' || code === 'inventory.no-adjacent') {
        world.refusals.check({ sectionId, count: wanted, together: intent.together })
        const free = typeof error.problem['free'] === 'number' ? error.problem['free'] : 0
        if (wanted > 1) wanted = Math.max(1, Math.min(wanted - 1, free || 1))
        else if (attempt >= 3) return 'nothing-left'
        else await world.sleep(100 + 200 * chance.unit())
        continue
      }
      if (code === 'inventory.seat-taken') continue
      throw error
    }
  }
  return 'nothing-left'
}

type HoldWish = { passToken: string; sectionId: string; seatIds?: string[]; count?: number; together?: boolean }
const holdBody = (wish: HoldWish): HoldWish => wish

/** Looks at the availability document as the seat map does, and picks free seats next to each other if it can. */
async function freeSeats(wire: Wire, sectionId: string, count: number, chance: Chance): Promise<string[]> {
  const { body } = await wire.call('other', getAvailability, { params: { id: sectionId } })
  const usable = freeNumbers(body.status, body.free + body.held + body.sold + body.blocked)
  if (usable.length === 0) return []
  const start = chance.index(usable.length)
  return Array.from({ length: Math.min(count, usable.length) }, (_, i) =>
    seatId(sectionId, usable[(start + i) % usable.length]!),
  )
}

/** Nobody takes another card out when the time to pay is as good as over. */
const anotherCardMs = 2000

/** Makes an order of a hold and pays it; who is declined takes another card. */
export async function pay(
  world: Pick<World, 'wire' | 'recorder' | 'now' | 'until'>,
  person: Pick<Person, 'accessToken'>,
  intent: Pick<Intent, 'payment'>,
  held: HoldAnswer,
  told: Pick<Told, 'orders'>,
): Promise<Order> {
  const { wire, recorder } = world
  const { accessToken } = person
  const placed = (await wire.call('order', placeOrder, { body: { holdToken: held.holdToken }, accessToken })).body
  told.orders.push(placed.order.id)
  const startedAt = world.now()
  const { orderId, amount } = { orderId: placed.order.id, amount: placed.order.total.amount }

  async function handOver(paymentRequestToken: string, card: Card): Promise<void> {
    const window = await wire.post('pay', '/sandbox/payments', { orderId, amount, ...card })
    const paymentKey = String(window['paymentKey'])
    await wire.call('pay', confirmPayment, {
      body: { paymentRequestToken, provider: 'toss', paymentKey, amount },
      accessToken,
      idempotencyKey: `${orderId}:${paymentKey}`,
    })
  }

  const { paymentRequestToken } = placed
  if (paymentRequestToken) await handOver(paymentRequestToken, intent.payment)
  for (let cards = 1; ;) {
    const order = (
      await wire.call('other', getOrder, { params: { id: orderId }, query: { waitSeconds: 10 }, accessToken })
    ).body
    if (order.state === 'fulfilled') recorder.time('fulfilled', world.now() - startedAt)
    const hasTime = Date.parse(order.payBy) - world.now() > anotherCardMs
    if (order.state === 'awaiting-payment' && order.refusal && order.paymentRequestToken && cards === 1 && hasTime) {
      cards++
      await handOver(order.paymentRequestToken, goodCard)
      continue
    }
    // The second card is good: what is still told of the first is old.
    if (!['awaiting-payment', 'paying'].includes(order.state) || (order.refusal && cards === 1)) return order
    if (world.now() > world.until) return order
  }
}

async function leave(world: World, person: Pick<Person, 'accessToken'>, intent: Intent): Promise<void> {
  await world.wire.call('other', leaveLine, { params: { id: intent.lineId }, accessToken: person.accessToken })
}
