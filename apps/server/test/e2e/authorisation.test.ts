import { afterAll, beforeAll, expect, test } from 'vitest'
import { urlOf } from '@fairgate/contracts/client'
import { listAuctionAwards, placeBid } from '@fairgate/contracts/http/auctions'
import { apply, listAwards as listBallotAwards } from '@fairgate/contracts/http/ballots'
import { addSection, createEvent, createSale, getEvent, publishSale } from '@fairgate/contracts/http/catalog'
import { beginCancellation, listCancellations } from '@fairgate/contracts/http/cancellations'
import { createPromotion } from '@fairgate/contracts/http/codes'
import { me, setRoles } from '@fairgate/contracts/http/identity'
import { placeHold } from '@fairgate/contracts/http/inventory'
import { audit } from '@fairgate/contracts/http/operations'
import { placeOrder } from '@fairgate/contracts/http/orders'
import { confirmPayment, listDeposits } from '@fairgate/contracts/http/payments'
import { addAllotment, blockSeats, unblockSeats } from '@fairgate/contracts/http/stock'
import { listTickets } from '@fairgate/contracts/http/tickets'
import { claimPass, joinLine } from '@fairgate/contracts/http/waiting-room'
import { joinWaitlist, myWaitlists } from '@fairgate/contracts/http/waitlist'
import { createEndpoint } from '@fairgate/contracts/http/webhooks'
import { contracts, table, type Row, type RouteName, type Things } from './authorisation.ts'
import { buy, hold, openSale, payInSandbox, signInAs } from './people.ts'
import { startOneProcess, until, type World } from './world.ts'

/** Who calls: the owners of all things in the table, and others of every role. */
type Person = 'nobody' | 'buyer' | 'otherBuyer' | 'staff' | 'organiser' | 'otherOrganiser' | 'admin'
const rolesOf: Record<Person, readonly string[]> = {
  nobody: [],
  buyer: ['buyer'],
  otherBuyer: ['buyer'],
  staff: ['buyer', 'staff'],
  organiser: ['buyer', 'organiser'],
  otherOrganiser: ['buyer', 'organiser'],
  admin: ['buyer', 'staff', 'organiser', 'admin'],
}
const people = Object.keys(rolesOf) as Person[]

const yes = () => true
const no = () => false

let world: World
let things: Things
let tokens: Record<Exclude<Person, 'nobody'>, string>
/** What only its owner, its event's organiser and admins may read. */
let secrets: Record<'buyer' | 'organiser', string[]>

beforeAll(async () => {
  world = await startOneProcess()
  const [buyer, otherBuyer, third, staff, organiser, admin] = await Promise.all(
    ['buyer1', 'buyer2', 'buyer3', 'staff', 'organiser', 'admin'].map((name) => signInAs(world, name)),
  )
  const promoted = await world.client.call(me, { accessToken: third! })
  await world.client.call(setRoles, {
    params: { id: promoted.id },
    body: { roles: ['organiser'] },
    accessToken: admin!,
  })
  tokens = {
    buyer: buyer!,
    otherBuyer: otherBuyer!,
    staff: staff!,
    organiser: organiser!,
    otherOrganiser: await signInAs(world, 'buyer3'),
    admin: admin!,
  }
  const [shopped, bought, ballot, auction, waited] = await Promise.all([
    shop(),
    purchase(),
    drawn('ballot'),
    drawn('auction'),
    offered(),
  ])
  const { id, email } = await world.client.call(me, { accessToken: tokens.buyer })
  things = {
    buyerId: id,
    buyerEmail: email,
    ...shopped,
    ...bought,
    ...waited,
    ballotId: ballot.saleId,
    ballotAwardId: ballot.awardId,
    lotId: auction.lotId,
    lotAwardId: auction.awardId,
  }
  const own = ['buyerId', 'buyerEmail', 'placeToken', 'passToken', 'holdId', 'depositOrderId', 'paidOrderId'] as const
  const rights = ['ticketId', 'ballotAwardId', 'lotAwardId', 'offerId'] as const
  const organisers = ['blockId', 'allotmentId', 'promotionId', 'promotionCode', 'cancellationId', 'endpointId'] as const
  secrets = {
    buyer: [...own, ...rights].map((name) => things[name]),
    organiser: organisers.map((name) => things[name]),
  }
}, 120_000)
afterAll(() => world?.stop())

/** The buyer has a place, a pass, seats and an order that awaits a deposit; the organiser has everything of an event. */
async function shop() {
  const sale = await openSale(world, { lines: ['Stalls', 'Circle'], reserved: false, limit: 10 })
  const { lineId } = sale
  const sectionId = sale.sections[0]!.id
  const mine = { accessToken: tokens.buyer }
  const { placeToken } = await world.client.call(joinLine, { params: { id: lineId }, body: {}, ...mine })
  let passToken = ''
  await until(
    async () => {
      const claim = { params: { id: lineId }, body: { placeToken }, ...mine }
      const pass = await world.client.call(claimPass, claim).catch(() => undefined)
      passToken = pass?.passToken ?? ''
      return pass !== undefined
    },
    { what: 'the turn to come' },
  )
  const takeOne = () => world.client.call(placeHold, { body: { passToken, sectionId, count: 1 }, ...mine })
  const held = await takeOne()
  const { order, paymentRequestToken = '' } = await world.client.call(placeOrder, {
    body: { holdToken: (await takeOne()).holdToken },
    ...mine,
  })
  const paymentKey = await payInSandbox(world, order.id, order.total.amount, {
    method: 'VIRTUAL_ACCOUNT',
    validHours: 24,
  })
  const body = { paymentRequestToken, provider: 'toss', paymentKey, amount: order.total.amount }
  await world.client.call(confirmPayment, { body, ...mine })
  await until(async () => (await world.client.call(listDeposits, mine)).items.length > 0, { what: 'an account' })

  const organisers = { accessToken: tokens.organiser }
  const section = { params: { id: sectionId }, ...organisers }
  const event = { params: { id: sale.eventId }, ...organisers }
  const { block } = await world.client.call(blockSeats, { ...section, body: { count: 1, reason: 'camera' } })
  const releaseAt = new Date(Date.now() + 3_600_000).toISOString()
  const { allotment } = await world.client.call(addAllotment, {
    ...section,
    body: { name: 'Press', count: 1, releaseAt },
  })
  const promotion = await world.client.call(createPromotion, {
    ...event,
    body: { name: 'Fans', code: 'FANS-ONLY', percent: 10 },
  })
  const cancellation = await world.client.call(beginCancellation, {
    ...event,
    body: { sectionId: sale.sections[1]!.id, percent: 0, note: 'n' },
  })
  const isDone = async () => (await world.client.call(listCancellations, event)).items[0]!.state === 'done'
  await until(isDone, { what: 'the end of a cancellation' })
  const { endpoint } = await world.client.call(createEndpoint, {
    body: { url: 'http://localhost:1/hook', types: ['order.fulfilled'] },
    ...organisers,
  })
  return {
    eventId: sale.eventId,
    saleId: sale.sale.id,
    sectionId,
    lineId,
    placeToken,
    passToken,
    holdId: held.hold.id,
    holdToken: held.holdToken,
    depositOrderId: order.id,
    paymentRequestToken,
    blockId: block.id,
    allotmentId: allotment.id,
    promotionId: promotion.id,
    promotionCode: 'FANS-ONLY',
    cancellationId: cancellation.id,
    endpointId: endpoint.id,
  }
}

async function purchase() {
  const sale = await openSale(world, { reserved: false, refunds: true })
  const { holdToken } = await hold(world, sale, tokens.buyer, { count: 1 })
  const order = await buy(world, holdToken, tokens.buyer)
  let ticketId: string | undefined
  await until(
    async () => {
      ticketId = (await world.client.call(listTickets, { accessToken: tokens.buyer })).items[0]?.id
      return ticketId !== undefined
    },
    { what: 'a ticket' },
  )
  return { paidOrderId: order.id, ticketId: ticketId! }
}

/** A sale that is over in a second, whose only place the buyer gets. */
async function drawn(method: 'ballot' | 'auction') {
  const organisers = { accessToken: tokens.organiser }
  const mine = { accessToken: tokens.buyer }
  const at = (ms: number) => new Date(Date.now() + ms).toISOString()
  const day = 86_400_000
  const event = await world.client.call(createEvent, {
    body: { kind: 'race', name: method, venue: 'V', startsAt: at(40 * day), timeZone: 'Asia/Seoul', currency: 'KRW' },
    ...organisers,
  })
  const params = { id: event.id }
  const section = await world.client.call(addSection, {
    params,
    body: { name: 'All', admission: 'open', capacity: 1, price: 1000 },
    ...organisers,
  })
  const sale = await world.client.call(createSale, {
    params,
    body: {
      method,
      opensAt: at(-1000),
      closesAt: at(day),
      holdSeconds: 60,
      limitPerAccount: 1,
      ...(method === 'ballot'
        ? { ballot: { drawAt: at(1500), payBySeconds: 3600, moves: 'none' as const } }
        : { auction: { endsAt: at(1500), payBySeconds: 3600, step: 100 } }),
      lines: [{ name: 'All', sectionIds: [section.id] }],
    },
    ...organisers,
  })
  await world.client.call(publishSale, { params: { id: sale.id }, ...organisers })
  const lotId = (await world.client.call(getEvent, { params, ...organisers })).sales[0]!.lines[0]!.lotId ?? ''
  const wish = () =>
    method === 'ballot'
      ? world.client.call(apply, {
          params: { id: sale.id },
          body: { preferences: [sale.lines[0]!.id], quantity: 1 },
          ...mine,
        })
      : world.client.call(placeBid, { params: { id: lotId }, body: { amount: 1000 }, ...mine })
  await until(() => wish().then(yes, no), { what: `a wish in the ${method}` })
  let awardId: string | undefined
  await until(
    async () => {
      const { items } = await world.client.call(method === 'ballot' ? listBallotAwards : listAuctionAwards, mine)
      awardId = items[0]?.id
      return awardId !== undefined
    },
    { what: `an award of the ${method}` },
  )
  return { saleId: sale.id, lotId, awardId: awardId! }
}

/** A sale without free seats, in which the buyer waits and is offered one. */
async function offered() {
  const sale = await openSale(world, { places: 1, reserved: false })
  const mine = { accessToken: tokens.buyer }
  const sectionId = sale.sections[0]!.id
  const section = { params: { id: sectionId }, accessToken: tokens.organiser }
  const keep = () => world.client.call(blockSeats, { ...section, body: { count: 1, reason: 'kept' } })
  let { block } = await keep()
  const join = () =>
    world.client.call(joinWaitlist, {
      params: { id: sale.sale.id },
      body: { sectionIds: [sectionId], quantity: 1 },
      ...mine,
    })
  await until(() => join().then(yes, no), { what: 'the waitlist to open' })
  let offerId: string | undefined
  // The inventory hears a moment later that somebody waits; until then the seat goes back on sale.
  await until(
    async () => {
      const seatIds = block.seats.map(({ id }) => id)
      await world.client.call(unblockSeats, { ...section, body: { seatIds, toWaitlist: true } })
      const again = await keep().catch(() => undefined)
      if (again) ({ block } = again)
      else offerId = (await world.client.call(myWaitlists, mine)).offers[0]?.id
      return offerId !== undefined
    },
    { what: 'an offer' },
  )
  return { waitlistId: sale.sale.id, offerId: offerId! }
}

async function call(name: RouteName, row: Row, person: Person) {
  const contract = contracts.get(name)!
  const { params, query, body } = row.input(things)
  const leave = new AbortController()
  const response = await fetch(world.url + urlOf(contract, params, query), {
    method: contract.method,
    headers: {
      ...(person === 'nobody' ? {} : { authorization: `Bearer ${tokens[person]}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: leave.signal,
  })
  const isStream = response.headers.get('content-type') === 'text/event-stream'
  const text = isStream ? '' : await response.text()
  leave.abort()
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json')
  return { status: response.status, code: isProblem ? (JSON.parse(text) as { code: string }).code : undefined, text }
}

/** Why a person is refused by a route; undefined for whom it is for. */
function refusalOf(row: Row, person: Person): string | undefined {
  if (row.kind === 'anyone') return undefined
  if (person === 'nobody') return 'identity.sign-in-required'
  const role = row.kind === 'role' ? row.role : row.ownedBy
  if (!rolesOf[person].includes(role)) return 'identity.not-allowed'
  return row.kind === 'owned' && person !== row.ownedBy ? row.refusal : undefined
}

const rows = Object.entries(table) as [RouteName, Row][]
/** An admin may do what organisers do. */
const isStranger = (row: Row, person: Person) =>
  !(row.kind === 'owned' && row.ownedBy === 'organiser' && person === 'admin')

/** What owners see of their things, but for how the process fares, and the figures of the whole database. */
async function books() {
  const { figures, invariantsHeld } = await world.client.call(audit, { accessToken: tokens.admin })
  // Letters of the preparations may still be on their way.
  delete figures['notifications.mailsWaiting']
  const seen: Record<string, string> = {}
  for (const [name, row] of rows)
    if (row.kind === 'owned' && contracts.get(name)!.method === 'GET' && name !== 'waitingRoom.getAdmission')
      seen[name] = (await call(name, row, row.ownedBy)).text
  return { figures, invariantsHeld, seen }
}

test('every route that is served has its row', async () => {
  const { paths } = (await (await fetch(`${world.url}/api/openapi.json`)).json()) as { paths: Record<string, object> }
  const served = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const listed = rows.map(([name]) => `${contracts.get(name)!.method} ${contracts.get(name)!.path}`)
  expect(listed.toSorted()).toEqual(served.toSorted())
})

test('whom a route is not for is refused, learns nothing and changes nothing', async () => {
  const before = await books()
  for (const [name, row] of rows)
    for (const person of people) {
      const expected = refusalOf(row, person)
      const isRead = contracts.get(name)!.method === 'GET'
      if (!isStranger(row, person) || (expected === undefined && !isRead)) continue
      const { code, text } = await call(name, row, person)
      expect({ name, person, code: expected && code }).toEqual({ name, person, code: expected })
      const hidden = [
        ...(person === 'buyer' || person === 'organiser' || person === 'admin' ? [] : secrets.buyer),
        ...(person === 'organiser' || person === 'admin' ? [] : secrets.organiser),
      ]
      const sent = JSON.stringify(row.input(things))
      const shown = hidden.filter((secret) => text.includes(secret) && !sent.includes(secret))
      expect({ name, person, shown }).toEqual({ name, person, shown: [] })
    }
  expect(await books()).toEqual(before)
})

test('control: whom a route is for is let in, so the refusals above are for who somebody is', async () => {
  for (const [name, row] of rows) {
    const person =
      row.kind === 'anyone'
        ? 'nobody'
        : row.kind === 'owned'
          ? row.ownedBy
          : row.role === 'buyer'
            ? 'otherBuyer'
            : row.role
    const { status, code } = await call(name, row, person)
    const isRefused = row.kind === 'owned' ? code === row.refusal : row.kind === 'role' && [401, 403].includes(status)
    expect({ name, person, isRefused, code }).toEqual({ name, person, isRefused: false, code })
    expect({ name, isServed: status < 500 }).toEqual({ name, isServed: true })
  }
})
