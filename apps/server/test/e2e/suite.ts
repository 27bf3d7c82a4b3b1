import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listEvents, myEvents, addSection, createEvent } from '@fairgate/contracts/http/catalog'
import { getAvailability, getHold, placeHold, releaseHold } from '@fairgate/contracts/http/inventory'
import { jwks, me, refreshSession, register, signIn } from '@fairgate/contracts/http/identity'
import { audit, listTroubledOrders, replayOrder, showOrder } from '@fairgate/contracts/http/operations'
import { cancelOrder, getOrder, listOrders, orderFigures, placeOrder } from '@fairgate/contracts/http/orders'
import { confirmPayment } from '@fairgate/contracts/http/payments'
import { checkIn, getTicket, listTickets } from '@fairgate/contracts/http/tickets'
import {
  changeLine,
  claimPass,
  getLine,
  joinLine,
  leaveLine,
  pauseLine,
  resumeLine,
} from '@fairgate/contracts/http/waiting-room'
import { getWaitlist, joinWaitlist, myWaitlistEntry, offerPass, type Offer } from '@fairgate/contracts/http/waitlist'
import { seatId } from '@fairgate/contracts/ids'
import { buy, enter, hold, mailsTo, newBuyer, openSale, payInSandbox, refusal, signInAs } from './people.ts'
import { until, type World } from './world.ts'

/** What Fairgate promises to a program over HTTP, in whatever shape it runs. */
export function endToEnd(shape: string, start: () => Promise<World>): void {
  describe(`a sale over HTTP, ${shape}`, () => {
    let world: World
    beforeAll(async () => {
      world = await start()
    }, 120_000)
    afterAll(() => world?.stop())

    test('a buyer registers, waits, holds two seats, pays, gets tickets and a mail, and is let in once', async () => {
      const sale = await openSale(world)
      const buyer = await newBuyer(world)
      const sectionId = sale.sections[0]!.id
      const seatIds = [seatId(sectionId, 3), seatId(sectionId, 4)]
      const { hold: held, holdToken } = await hold(world, sale, buyer.accessToken, { seatIds })
      expect(held).toMatchObject({ sectionId, total: { amount: 110_000, currency: 'KRW' } })
      expect(held.seats).toEqual([
        { id: seatIds[0], label: 'A-3' },
        { id: seatIds[1], label: 'A-4' },
      ])

      const order = await buy(world, holdToken, buyer.accessToken)
      expect(order).toMatchObject({ state: 'fulfilled', total: { amount: 110_000 } })
      await until(
        async () =>
          (await world.client.call(listTickets, { query: { orderId: order.id }, accessToken: buyer.accessToken })).items
            .length === 2,
        { what: 'two tickets' },
      )
      const { items } = await world.client.call(listTickets, {
        query: { orderId: order.id },
        accessToken: buyer.accessToken,
      })
      expect(items.map((ticket) => ticket.seat.label).toSorted()).toEqual(['A-3', 'A-4'])
      await until(async () => (await mailsTo(world, buyer.email)).length >= 2, { what: 'the mail with the tickets' })

      const staff = await signInAs(world, 'staff')
      const code = items[0]!.code
      const entered = await world.client.call(checkIn, { body: { code }, accessToken: staff })
      expect(entered.ticket.label).toBe(items[0]!.seat.label)
      expect(await refusal(world.client.call(checkIn, { body: { code }, accessToken: staff }))).toBe(
        'tickets.already-used',
      )
      expect(
        await refusal(world.client.call(checkIn, { body: { code: `${code.slice(0, -6)}AAAAAA` }, accessToken: staff })),
      ).toBe('tickets.code-invalid')
      expect(await refusal(world.client.call(checkIn, { body: { code }, accessToken: buyer.accessToken }))).toBe(
        'identity.not-allowed',
      )

      const availability = await world.client.call(getAvailability, { params: { id: sectionId } })
      expect(availability).toMatchObject({ free: 8, sold: 2, held: 0 })
    })

    test('places that cost nothing are ordered and issued without a payment', async () => {
      const sale = await openSale(world, { price: 0 })
      const buyer = await newBuyer(world)
      const { holdToken } = await hold(world, sale, buyer.accessToken, { count: 2 })
      const order = await buy(world, holdToken, buyer.accessToken)
      expect(order).toMatchObject({ state: 'fulfilled', total: { amount: 0 } })
      expect(order.paymentRequestToken).toBeUndefined()
      await until(
        async () =>
          (await world.client.call(listTickets, { query: { orderId: order.id }, accessToken: buyer.accessToken })).items
            .length === 2,
        { what: 'two tickets' },
      )
      const admin = await signInAs(world, 'admin')
      const record = await world.client.call(showOrder, { params: { id: order.id }, accessToken: admin })
      expect(record.history.map(({ event }) => event)).toEqual([
        'placed',
        'nothing-to-pay',
        'hold-secured-free',
        'seats-sold',
      ])
      expect(await world.client.call(replayOrder, { params: { id: order.id }, accessToken: admin })).toEqual({
        asked: 0,
        retried: 0,
      })
      expect((await world.client.call(listTroubledOrders, { accessToken: admin })).items).toEqual([])
      expect(await refusal(world.client.call(listTroubledOrders, { accessToken: buyer.accessToken }))).toBe(
        'identity.not-allowed',
      )
    })

    test('a runner buys one entry of an open section', async () => {
      const sale = await openSale(world, { kind: 'race', reserved: false, places: 3, limit: 1 })
      const buyer = await newBuyer(world)
      const { hold: held, holdToken } = await hold(world, sale, buyer.accessToken, { count: 1 })
      expect(held.seats).toHaveLength(1)
      const order = await buy(world, holdToken, buyer.accessToken)
      expect(order.state).toBe('fulfilled')
    })

    test('joining twice gives the same place, the first number first, and only verified people join', async () => {
      const sale = await openSale(world)
      const buyer = await newBuyer(world)
      const call = { params: { id: sale.lineId }, body: {}, accessToken: buyer.accessToken }
      const first = await world.client.send(joinLine, call)
      const again = await world.client.send(joinLine, call)
      expect([first.status, again.status]).toEqual([201, 200])
      expect(again.body.place).toEqual(first.body.place)
      expect(first.body.place.number).toBe(1)

      const email = `unverified-${process.pid}@example.test`
      const { accessToken } = await world.client.call(register, {
        body: { email, password: 'correct horse battery', name: 'X' },
      })
      expect(await refusal(world.client.call(joinLine, { ...call, accessToken }))).toBe('identity.not-verified')
      expect(await refusal(world.client.call(joinLine, { params: { id: sale.lineId }, body: {} }))).toBe(
        'identity.sign-in-required',
      )
    })

    test('a line that has not opened keeps its door shut, and the document says when it opens', async () => {
      const sale = await openSale(world, { opensInMs: 600_000 })
      const buyer = await newBuyer(world)
      const { placeToken } = await world.client.call(joinLine, {
        params: { id: sale.lineId },
        body: {},
        accessToken: buyer.accessToken,
      })
      expect(
        await refusal(
          world.client.call(claimPass, {
            params: { id: sale.lineId },
            body: { placeToken },
            accessToken: buyer.accessToken,
          }),
        ),
      ).toBe('waiting-room.not-yet')
      const line = await world.client.send(getLine, { params: { id: sale.lineId } })
      expect(line.body).toMatchObject({ phase: 'gathering', frontier: 0 })
      expect(line.headers.get('cache-control')).toBe('public, max-age=1')
      const etag = line.headers.get('etag')!
      expect(etag).toMatch(/^"/)
    })

    test('tokens of other people, other lines and other hands open nothing', async () => {
      const sale = await openSale(world)
      const other = await openSale(world)
      const [alice, bob] = [await newBuyer(world), await newBuyer(world)]
      const place = await world.client.call(joinLine, {
        params: { id: sale.lineId },
        body: {},
        accessToken: alice.accessToken,
      })
      const claim = (lineId: string, placeToken: string, accessToken: string) =>
        refusal(world.client.call(claimPass, { params: { id: lineId }, body: { placeToken }, accessToken }))
      expect(await claim(sale.lineId, place.placeToken, bob.accessToken)).toBe('waiting-room.place-invalid')
      expect(await claim(other.lineId, place.placeToken, alice.accessToken)).toBe('waiting-room.place-invalid')
      expect(await claim(sale.lineId, `${place.placeToken.slice(0, -4)}AAAA`, alice.accessToken)).toBe(
        'waiting-room.place-invalid',
      )

      const pass = await enter(world, sale.lineId, alice.accessToken)
      const sectionId = sale.sections[0]!.id
      const wish = (passToken: string, accessToken: string, section = sectionId) =>
        refusal(
          world.client.call(placeHold, {
            body: { passToken, sectionId: section, seatIds: [seatId(section, 1)] },
            accessToken,
          }),
        )
      expect(await wish(pass.passToken, bob.accessToken)).toBe('inventory.pass-invalid')
      expect(await wish(place.placeToken, alice.accessToken)).toBe('inventory.pass-invalid')
      expect(await wish(pass.passToken, alice.accessToken, other.sections[0]!.id)).toBe('inventory.pass-invalid')

      const held = await world.client.call(placeHold, {
        body: { passToken: pass.passToken, sectionId, count: 1 },
        accessToken: alice.accessToken,
      })
      expect(
        await refusal(
          world.client.call(placeOrder, { body: { holdToken: held.holdToken }, accessToken: bob.accessToken }),
        ),
      ).toBe('orders.hold-invalid')
      expect(
        await refusal(world.client.call(getHold, { params: { id: held.hold.id }, accessToken: bob.accessToken })),
      ).toBe('inventory.hold-not-found')
      expect(
        await refusal(world.client.call(releaseHold, { params: { id: held.hold.id }, accessToken: bob.accessToken })),
      ).toBe('inventory.hold-not-found')
      const { order, paymentRequestToken } = await world.client.call(placeOrder, {
        body: { holdToken: held.holdToken },
        accessToken: alice.accessToken,
      })
      expect(
        await refusal(world.client.call(getOrder, { params: { id: order.id }, accessToken: bob.accessToken })),
      ).toBe('orders.order-not-found')
      expect(
        await refusal(world.client.call(cancelOrder, { params: { id: order.id }, accessToken: bob.accessToken })),
      ).toBe('orders.order-not-found')
      const confirm = (accessToken: string, amount: number, provider = 'toss') =>
        refusal(
          world.client.call(confirmPayment, {
            body: { paymentRequestToken: paymentRequestToken!, provider, paymentKey: 'k', amount },
            accessToken,
          }),
        )
      expect(await confirm(bob.accessToken, order.total.amount)).toBe('payments.request-invalid')
      expect(await confirm(alice.accessToken, 1)).toBe('payments.wrong-amount')
      expect(await confirm(alice.accessToken, order.total.amount, 'barter')).toBe('payments.unknown-provider')
    })

    test('seats that are taken, unknown, named twice or too many are refused, and nothing is held', async () => {
      const sale = await openSale(world, { limit: 2 })
      const sectionId = sale.sections[0]!.id
      const [alice, bob] = [await newBuyer(world), await newBuyer(world)]
      await hold(world, sale, alice.accessToken, { seatIds: [seatId(sectionId, 1)] })
      const { passToken } = await enter(world, sale.lineId, bob.accessToken)
      const wish = (body: { seatIds?: string[]; count?: number }) =>
        refusal(world.client.call(placeHold, { body: { passToken, sectionId, ...body }, accessToken: bob.accessToken }))
      expect(await wish({ seatIds: [seatId(sectionId, 1), seatId(sectionId, 2)] })).toBe('inventory.seat-taken')
      expect(await wish({ seatIds: [seatId(sectionId, 2), seatId(sectionId, 2)] })).toBe('inventory.invalid-seats')
      expect(await wish({ seatIds: [seatId(sectionId, 99)] })).toBe('inventory.invalid-seats')
      expect(await wish({ seatIds: [2, 3, 4].map((n) => seatId(sectionId, n)) })).toBe('inventory.limit-reached')
      await until(async () => (await world.client.call(getAvailability, { params: { id: sectionId } })).held === 1, {
        what: 'one held seat',
      })
    })

    test('an order that is cancelled, and a hold that is released, give the seats back at once', async () => {
      const sale = await openSale(world, { places: 2 })
      const [alice, bob] = [await newBuyer(world), await newBuyer(world)]
      const held = await hold(world, sale, alice.accessToken, { count: 2 })
      const { order } = await world.client.call(placeOrder, {
        body: { holdToken: held.holdToken },
        accessToken: alice.accessToken,
      })
      const again = await world.client.send(placeOrder, {
        body: { holdToken: held.holdToken },
        accessToken: alice.accessToken,
      })
      expect(again.body.order.id).toBe(order.id)
      const cancelled = await world.client.call(cancelOrder, {
        params: { id: order.id },
        accessToken: alice.accessToken,
      })
      expect(cancelled.state).toBe('cancelled')
      const { passToken } = await enter(world, sale.lineId, bob.accessToken)
      await until(
        async () => {
          try {
            const second = await world.client.call(placeHold, {
              body: { passToken, sectionId: sale.sections[0]!.id, count: 2 },
              accessToken: bob.accessToken,
            })
            await world.client.call(releaseHold, { params: { id: second.hold.id }, accessToken: bob.accessToken })
            return true
          } catch {
            return false
          }
        },
        { what: 'the seats to be free again' },
      )
      await until(
        async () => (await world.client.call(getAvailability, { params: { id: sale.sections[0]!.id } })).free === 2,
        { what: 'both free' },
      )
    })

    test('a refused card gives another chance, and the second card buys the same seats', async () => {
      const sale = await openSale(world)
      const buyer = await newBuyer(world)
      const held = await hold(world, sale, buyer.accessToken, { count: 2 })
      const refused = await buy(world, held.holdToken, buyer.accessToken, { outcome: 'decline' })
      expect(refused).toMatchObject({ state: 'awaiting-payment', refusal: { code: 'REJECT_CARD_PAYMENT' } })
      const paymentKey = await payInSandbox(world, refused.id, refused.total.amount)
      await world.client.call(confirmPayment, {
        body: {
          paymentRequestToken: refused.paymentRequestToken!,
          provider: 'toss',
          paymentKey,
          amount: refused.total.amount,
        },
        accessToken: buyer.accessToken,
      })
      await until(
        async () =>
          (
            await world.client.call(getOrder, {
              params: { id: refused.id },
              query: { waitSeconds: 5 },
              accessToken: buyer.accessToken,
            })
          ).state === 'fulfilled',
        { what: 'the order to be fulfilled' },
      )
    })

    test('a provider that captures and then answers 500, or whose notices are late, twice or never: one ticket, one payment', async () => {
      for (const manner of [
        { outcome: 'capture-then-500' },
        { webhook: 'twice' },
        { webhook: 'never' },
        { webhook: 'early' },
      ]) {
        const sale = await openSale(world)
        const buyer = await newBuyer(world)
        const held = await hold(world, sale, buyer.accessToken, { count: 1 })
        const order = await buy(world, held.holdToken, buyer.accessToken, manner)
        expect(order.state, JSON.stringify(manner)).toBe('fulfilled')
      }
    })

    test('a forged notice of payment changes nothing', async () => {
      const sale = await openSale(world)
      const buyer = await newBuyer(world)
      const held = await hold(world, sale, buyer.accessToken, { count: 1 })
      const { order } = await world.client.call(placeOrder, {
        body: { holdToken: held.holdToken },
        accessToken: buyer.accessToken,
      })
      const response = await fetch(`${world.url}/api/payments/toss/webhook`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'tosspayments-webhook-transmission-id': 'forged-1' },
        body: JSON.stringify({
          eventType: 'PAYMENT_STATUS_CHANGED',
          data: { paymentKey: 'forged', orderId: order.id, status: 'DONE', totalAmount: order.total.amount },
        }),
      })
      expect(response.status).toBe(200)
      const seen = await world.client.call(getOrder, {
        params: { id: order.id },
        query: { waitSeconds: 2 },
        accessToken: buyer.accessToken,
      })
      expect(seen.state).toBe('awaiting-payment')
    })

    test('the organiser pauses, changes and resumes the line; nobody else may', async () => {
      const sale = await openSale(world)
      const organiser = await signInAs(world, 'organiser')
      const buyer = await newBuyer(world)
      expect(
        await refusal(world.client.call(pauseLine, { params: { id: sale.lineId }, accessToken: buyer.accessToken })),
      ).toBe('identity.not-allowed')
      expect((await world.client.call(pauseLine, { params: { id: sale.lineId }, accessToken: organiser })).phase).toBe(
        'paused',
      )
      expect(
        (
          await world.client.call(changeLine, {
            params: { id: sale.lineId },
            body: { shoppersMax: 5 },
            accessToken: organiser,
          })
        ).phase,
      ).toBe('paused')
      expect((await world.client.call(resumeLine, { params: { id: sale.lineId }, accessToken: organiser })).phase).toBe(
        'open',
      )
      const { items } = await world.client.call(myEvents, { accessToken: organiser })
      expect(items.some((event) => event.id === sale.eventId)).toBe(true)
      const figures = await world.client.call(orderFigures, { params: { id: sale.eventId }, accessToken: organiser })
      expect(figures.revenue.amount).toBe(0)
    })

    test('who leaves has left: the pass ends and joining again gives a new place at the end', async () => {
      const sale = await openSale(world)
      const buyer = await newBuyer(world)
      await enter(world, sale.lineId, buyer.accessToken)
      await world.client.call(leaveLine, { params: { id: sale.lineId }, accessToken: buyer.accessToken })
      const again = await world.client.call(joinLine, {
        params: { id: sale.lineId },
        body: {},
        accessToken: buyer.accessToken,
      })
      expect(again.place.number).toBe(2)
    })

    test('unknown things are 404 with a code, whatever their id looks like', async () => {
      const { accessToken } = await newBuyer(world)
      const organiser = await signInAs(world, 'organiser')
      expect(await refusal(world.client.call(getLine, { params: { id: 'lin_nothing' } }))).toBe(
        'waiting-room.line-not-found',
      )
      expect(await refusal(world.client.call(getAvailability, { params: { id: 'x' } }))).toBe(
        'inventory.section-not-found',
      )
      expect(await refusal(world.client.call(getOrder, { params: { id: 'ord_nothing' }, accessToken }))).toBe(
        'orders.order-not-found',
      )
      expect(await refusal(world.client.call(getTicket, { params: { id: 'tkt_nothing' }, accessToken }))).toBe(
        'tickets.ticket-not-found',
      )
      expect(
        await refusal(world.client.call(orderFigures, { params: { id: 'evt_nothing' }, accessToken: organiser })),
      ).toBe('catalog.event-not-found')
      for (const path of [
        '/api/nothing',
        '/api/events/evt_nothing',
        '/api/sales/sal_nothing',
        '/api/sections/sec_nothing/seats',
      ]) {
        const response = await fetch(world.url + path)
        expect(response.status, path).toBe(404)
        expect(response.headers.get('content-type'), path).toContain('application/problem+json')
      }
    })

    test('a client that sends its own identity or its own price gains nothing', async () => {
      const sale = await openSale(world)
      const [alice, bob] = [await newBuyer(world), await newBuyer(world)]
      const headers = {
        'content-type': 'application/json',
        authorization: `Bearer ${bob.accessToken}`,
        'x-user-id': alice.accountId,
        'x-forwarded-user': alice.accountId,
      }
      const response = await fetch(`${world.url}/api/accounts/me`, { headers })
      expect(((await response.json()) as { id: string }).id).toBe(bob.accountId)
      expect((await fetch(`${world.url}/api/accounts/me`, { headers: { 'x-user-id': alice.accountId } })).status).toBe(
        401,
      )
      const { passToken } = await enter(world, sale.lineId, bob.accessToken)
      const priced = await fetch(`${world.url}/api/holds`, {
        method: 'POST',
        headers,
        body: JSON.stringify({
          passToken,
          sectionId: sale.sections[0]!.id,
          count: 1,
          price: { amount: 1, currency: 'KRW' },
        }),
      })
      expect(priced.status).toBe(400)
      expect(await priced.json()).toMatchObject({ code: 'http.invalid', errors: [{ pointer: '#/price' }] })
    })

    test('broken bodies and broken seating plans: every fault is listed, nothing is kept', async () => {
      const organiser = await signInAs(world, 'organiser')
      const post = (path: string, body: string) =>
        fetch(world.url + path, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${organiser}` },
          body,
        })
      expect(await (await post('/api/events', '{"kind":')).json()).toMatchObject({ code: 'http.malformed-json' })
      expect((await post('/api/holds', JSON.stringify({ passToken: 'x'.repeat(1_100_000) }))).status).toBe(413)
      const faults = (await (await post('/api/events', '{"kind":"opera","venue":7,"extra":1}')).json()) as {
        errors: { pointer: string }[]
      }
      expect(faults.errors.map((fault) => fault.pointer)).toEqual(
        expect.arrayContaining(['#/kind', '#/venue', '#/extra']),
      )
      const event = await world.client.call(createEvent, {
        body: {
          kind: 'concert',
          name: 'Plan',
          venue: 'Hall',
          startsAt: new Date(Date.now() + 1e9).toISOString(),
          timeZone: 'Asia/Seoul',
          currency: 'KRW',
        },
        accessToken: organiser,
      })
      const seats = [1, 2, 2, 3].map((number, x) => ({ row: 'A', number: String(number), x, y: 0 }))
      expect(
        await refusal(
          world.client.call(addSection, {
            params: { id: event.id },
            body: { name: 'S', admission: 'reserved', price: 1000, seats },
            accessToken: organiser,
          }),
        ),
      ).toBe('catalog.invalid-plan')
    })

    test('the same Idempotency-Key gives the same hold, with another body it is refused', async () => {
      const sale = await openSale(world, { limit: 4 })
      const buyer = await newBuyer(world)
      const { passToken } = await enter(world, sale.lineId, buyer.accessToken)
      const call = (count: number) =>
        world.client.call(placeHold, {
          body: { passToken, sectionId: sale.sections[0]!.id, count },
          accessToken: buyer.accessToken,
          idempotencyKey: 'once',
        })
      const [first, second] = [await call(1), await call(1)]
      expect(second.hold.id).toBe(first.hold.id)
      expect(await refusal(call(2))).toBe('http.idempotency-key-reused')
    })

    test('public documents can be asked for again cheaply, limits are announced, a page that does not exist is said', async () => {
      const known = async (path: string) => {
        const { status, headers } = await fetch(world.url + path)
        expect([status, headers.get('cache-control')], path).toEqual([200, expect.stringMatching(/^public, max-age=/)])
        return (await fetch(world.url + path, { headers: { 'if-none-match': headers.get('etag')! } })).status
      }
      for (const path of ['/api/openapi.json', '/api/events', '/.well-known/jwks.json'])
        expect(await known(path), path).toBe(304)
      const buyer = await newBuyer(world)
      const slip = await fetch(`${world.url}/api/sessions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email: buyer.email, password: 'not this one' }),
      })
      expect([slip.status, slip.headers.get('ratelimit-policy'), slip.headers.get('ratelimit')]).toEqual([
        401,
        '"e-mail";q=10;w=900',
        '"e-mail";r=9;t=900',
      ])
      for (const list of [listOrders, listTickets])
        expect(
          await refusal(world.client.call(list, { query: { cursor: 'nowhere' }, accessToken: buyer.accessToken })),
        ).toBe('http.invalid')
    })

    test('sessions: wrong passwords are refused alike, keys are public, a refresh cookie works once', async () => {
      const buyer = await newBuyer(world)
      expect(await refusal(world.client.call(signIn, { body: { email: buyer.email, password: 'wrong' } }))).toBe(
        'identity.wrong-credentials',
      )
      expect(
        await refusal(world.client.call(signIn, { body: { email: 'nobody@example.test', password: 'wrong' } })),
      ).toBe('identity.wrong-credentials')
      expect((await world.client.call(jwks, {})).keys.length).toBeGreaterThan(0)
      expect((await world.client.call(me, { accessToken: buyer.accessToken })).email).toBe(buyer.email)
      expect(await refusal(world.client.call(refreshSession, {}))).toBe('identity.session-ended')
    })

    test('lists are one’s own, and public lists have published sales only', async () => {
      const buyer = await newBuyer(world)
      expect((await world.client.call(listOrders, { accessToken: buyer.accessToken })).items).toEqual([])
      const sale = await openSale(world)
      await until(
        async () =>
          (await world.client.call(listEvents, { query: { limit: 100 } })).items.some(
            (item) => item.id === sale.eventId,
          ),
        { what: 'the event to be listed' },
      )
    })

    test('a returned seat is offered to who waits, bought with the offer, and nobody on the open sale gets it', async () => {
      const sale = await openSale(world, { places: 2, refunds: true })
      const [section] = sale.sections
      const [owner, waiting, other] = [await newBuyer(world), await newBuyer(world), await newBuyer(world)]
      const { passToken: otherPass } = await enter(world, sale.lineId, other.accessToken)
      const { holdToken } = await hold(world, sale, owner.accessToken, { count: 2 })
      const order = await buy(world, holdToken, owner.accessToken)
      const params = { id: sale.sale.id }
      await until(
        async () => (await world.client.call(getWaitlist, { params })).sections.every(({ soldOut }) => soldOut),
        { what: 'the waitlist to know that all is sold' },
      )
      const { entry } = await world.client.call(joinWaitlist, {
        params,
        body: { sectionIds: [section!.id], quantity: 1 },
        accessToken: waiting.accessToken,
      })
      expect(entry).toMatchObject({ state: 'waiting', ahead: 0 })
      const back = seatId(section!.id, 2)
      await world.client.call(cancelOrder, {
        params: { id: order.id },
        body: { seatIds: [back], refund: section!.price },
        accessToken: owner.accessToken,
      })
      const offers: Offer[] = []
      await until(
        async () => {
          const mine = await world.client.call(myWaitlistEntry, { params, accessToken: waiting.accessToken })
          if (mine.offer) offers.push(mine.offer)
          return mine.offer !== null
        },
        { what: 'an offer' },
      )
      const { id, seats } = offers[0]!
      expect(seats.map((seat) => seat.id)).toEqual([back])
      const place = (passToken: string, accessToken: string) =>
        world.client.call(placeHold, { body: { passToken, sectionId: section!.id, seatIds: [back] }, accessToken })
      expect(await refusal(place(otherPass, other.accessToken))).toBe('inventory.seat-taken')
      const { passToken } = await world.client.call(offerPass, { params: { id }, accessToken: waiting.accessToken })
      expect(await refusal(place(passToken, other.accessToken))).toBe('inventory.pass-invalid')
      const held = await place(passToken, waiting.accessToken)
      expect(await buy(world, held.holdToken, waiting.accessToken)).toMatchObject({ state: 'fulfilled' })
      await until(
        async () =>
          (await world.client.call(myWaitlistEntry, { params, accessToken: waiting.accessToken })).offer?.state ===
          'bought',
        { what: 'the offer to be bought' },
      )
    })

    test('after all that, every invariant holds in the database', async () => {
      const admin = await signInAs(world, 'admin')
      await until(
        async () => {
          const { figures } = await world.client.call(audit, { accessToken: admin })
          return (figures['orders.pending'] ?? 0) === 0 && (figures['payments.pending'] ?? 0) === 0
        },
        { what: 'purchases under way to end' },
      )
      const report = await world.client.call(audit, { accessToken: admin })
      expect(report.checks.filter((check) => !check.held)).toEqual([])
      expect(report.invariantsHeld).toBe(true)
      expect(report.figures['inventory.sold']).toBeGreaterThan(0)
    })
  })
}
