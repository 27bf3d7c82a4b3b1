import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { myBids, placeBid } from '@fairgate/contracts/http/auctions'
import { apply } from '@fairgate/contracts/http/ballots'
import {
  addSection,
  cancelEvent,
  createEvent,
  createSale,
  getEvent,
  publishSale,
  type Sale,
} from '@fairgate/contracts/http/catalog'
import { placeHold } from '@fairgate/contracts/http/inventory'
import type { Body } from '@fairgate/contracts/http/route'
import { listTickets } from '@fairgate/contracts/http/tickets'
import { joinWaitlist } from '@fairgate/contracts/http/waitlist'
import { buy, enter, mailsTo, signInAs } from '../e2e/people.ts'
import { startOneProcess, until, type World } from '../e2e/world.ts'
import {
  desktop,
  launchBrowser,
  openEvent,
  phone,
  seriousFaults,
  settled,
  sidewaysScrolling,
  visit,
  type Visitor,
} from './browser.ts'

let world: World
let browser: Browser
const visitors: Visitor[] = []

beforeAll(async () => {
  ;[world, browser] = await Promise.all([startOneProcess(), launchBrowser()])
})

afterAll(async () => {
  await browser?.close()
  await world?.stop()
})

beforeEach((context) => {
  context.onTestFailed(() => console.error(world.log().slice(-4000)))
})

afterEach(() => {
  expect(visitors.flatMap((visitor) => visitor.takeFaults())).toEqual([])
})

async function open(name: string, look?: Parameters<typeof visit>[2]): Promise<Visitor> {
  const visitor = await visit(browser, world, look)
  visitors.push(visitor)
  await visitor.signIn(name)
  return visitor
}

test('a buyer cancels a seat with the refund shown before confirming; then the organiser calls the event off, and all comes back', async () => {
  const event = await openEvent(world, {
    event: {
      name: 'Songs of autumn',
      refunds: {
        steps: [
          { until: { daysBefore: 10 }, percent: 80 },
          { until: { hoursBefore: 0 }, percent: 10 },
        ],
      },
    },
    sections: [{ name: 'Floor', admission: 'open', capacity: 30, price: { amount: 44_000, currency: 'KRW' } }],
  })
  const accessToken = await signInAs(world, 'buyer1')
  const { passToken } = await enter(world, event.sales[0]!.lines[0]!.id, accessToken)
  const { holdToken } = await world.client.call(placeHold, {
    body: { passToken, sectionId: event.sections[0]!.id, count: 3 },
    accessToken,
  })
  const order = await buy(world, holdToken, accessToken)
  expect(order.state).toBe('fulfilled')
  const valid = async () => {
    const { items } = await world.client.call(listTickets, { query: { orderId: order.id }, accessToken })
    return items.filter(({ state }) => state === 'valid').length
  }
  await until(async () => (await valid()) === 3, { what: 'the tickets' })

  const buyer = await open('buyer1', { screen: phone })
  const { page, t } = buyer
  await buyer.go(`/orders/${order.id}`)
  await page.getByRole('row', { name: new RegExp(t.refunds.percent(80)) }).waitFor()
  await page.getByRole('button', { name: t.refunds.begin }).click()
  await page.getByRole('button', { name: t.refunds.confirm('₩105,600') }).waitFor()
  await page.getByRole('checkbox').nth(0).uncheck()
  await page.getByRole('checkbox').nth(1).uncheck()
  await page.getByRole('row', { name: `${t.refunds.refund} ₩35,200` }).waitFor()
  await page.getByRole('button', { name: t.refunds.confirm('₩35,200') }).click()
  await page.getByText(t.refunds.doneTitle).waitFor()
  await page.getByText(t.refunds.returned, { exact: true }).waitFor()
  expect(await valid()).toBe(2)

  const organiser = await open('organiser', { screen: desktop })
  const { page: desk, t: words } = organiser
  await organiser.go(`/organiser/events/${event.id}/orders`)
  await desk.getByRole('row', { name: /₩35,200/ }).waitFor()
  await desk.getByRole('region', { name: words.refunds.offTitle }).getByRole('textbox').fill('The singer is ill')
  await desk.getByRole('button', { name: words.refunds.offButton }).click()
  await desk.getByRole('button', { name: words.refunds.offYes }).click()
  await desk.getByText(words.refunds.jobState.done, { exact: true }).waitFor({ timeout: 60_000 })
  await desk.getByText(words.refunds.back('₩88,000', '₩88,000')).waitFor()

  await buyer.go(`/orders/${order.id}`)
  await page.getByText(t.refunds.eventOff).waitFor()
  await page.getByText(t.refunds.organiserSays('The singer is ill')).waitFor()
  await page.getByText(t.refunds.paidBack('₩88,000')).waitFor()
  expect(await valid()).toBe(0)
  await buyer.go(`/events/${event.id}`)
  await page.getByText(t.refunds.eventOff).waitFor()
})

/** One event of which some places go by ballot, some by auction, and one to the first in line. */
async function openThreeSales(): Promise<{ eventId: string; sales: [ballot: Sale, auction: Sale, queue: Sale] }> {
  const accessToken = await signInAs(world, 'organiser')
  const now = Date.now()
  const at = (hours: number) => new Date(now + hours * 3600_000).toISOString()
  const { id } = await world.client.call(createEvent, {
    body: {
      kind: 'concert',
      name: '비 오는 날의 음악회',
      venue: '작은 홀',
      startsAt: at(960),
      timeZone: 'Asia/Seoul',
      currency: 'KRW',
    },
    accessToken,
  })
  const params = { id }
  const times = { opensAt: at(-0.001), closesAt: at(240), holdSeconds: 480 }
  const methods = [
    { ...times, method: 'ballot', limitPerAccount: 2, ballot: { drawAt: at(24), payBySeconds: 3600, moves: 'none' } },
    {
      ...times,
      method: 'auction',
      limitPerAccount: 1,
      auction: { endsAt: at(24), payBySeconds: 3600, bidsMax: 3, step: { amount: 5000, currency: 'KRW' } },
    },
    { ...times, method: 'queue', limitPerAccount: 1 },
  ] satisfies Omit<Body<typeof createSale>, 'lines'>[]
  const drafts: Sale[] = []
  for (const [i, method] of methods.entries()) {
    const section = await world.client.call(addSection, {
      params,
      body:
        method.method === 'auction'
          ? {
              name: 'Front',
              admission: 'reserved',
              price: 50_000,
              seats: [{ row: 'A', number: '1', x: 0, y: 0 }],
            }
          : { name: `Floor ${i}`, admission: 'open', capacity: method.method === 'queue' ? 1 : 5, price: 50_000 },
      accessToken,
    })
    const pace = method.method === 'queue' ? { shoppersMax: 50, admitPerMinute: 6000 } : {}
    const lines = [{ name: section.name, sectionIds: [section.id], ...pace }]
    drafts.push(await world.client.call(createSale, { params, body: { ...method, lines }, accessToken }))
  }
  for (const draft of drafts) await world.client.call(publishSale, { params: { id: draft.id }, accessToken })
  let sales: Sale[] = []
  await until(
    async () => {
      sales = (await world.client.call(getEvent, { params, accessToken })).sales
      return sales.every(({ readiness }) => readiness.inventory && readiness.waitingRoom)
    },
    { what: 'the three sales to be ready' },
  )
  const of = (method: Sale['method']) => sales.find((sale) => sale.method === method)!
  return { eventId: id, sales: [of('ballot'), of('auction'), of('queue')] }
}

test('whoever applied, bid or waited for an event that is called off sees it on the page that is open, and gets one letter', async () => {
  const { eventId, sales } = await openThreeSales()
  const [ballot, auction, queue] = sales
  const lotId = auction.lines[0]!.lotId!
  const owner = await signInAs(world, 'buyer2')
  const { passToken } = await enter(world, queue.lines[0]!.id, owner)
  const { holdToken } = await world.client.call(placeHold, {
    body: { passToken, sectionId: queue.lines[0]!.sectionIds[0]!, count: 1 },
    accessToken: owner,
  })
  await buy(world, holdToken, owner)

  const accessToken = await signInAs(world, 'buyer3')
  await world.client.call(apply, {
    params: { id: ballot.id },
    body: { preferences: [ballot.lines[0]!.id], quantity: 1 },
    accessToken,
  })
  await world.client.call(placeBid, { params: { id: lotId }, body: { amount: 50_000 }, accessToken })
  await until(
    () =>
      world.client
        .call(joinWaitlist, {
          params: { id: queue.id },
          body: { sectionIds: queue.lines[0]!.sectionIds, quantity: 1 },
          accessToken,
        })
        .then(
          () => true,
          () => false,
        ),
    { what: 'the section to be sold out' },
  )
  const pages: [path: string, said: (t: Visitor['t']) => string][] = [
    [`/ballots/${ballot.id}`, (t) => t.ballot.cancelled],
    [`/lots/${lotId}`, (t) => t.auction.cancelled],
    [`/waitlists/${queue.id}`, (t) => t.waitlist.cancelled],
  ]
  const watching: Visitor[] = []
  for (const [index, [path]] of pages.entries()) {
    const visitor = await open('buyer3', index === 0 ? { screen: desktop } : { language: 'ko', screen: phone })
    await visitor.go(path)
    await settled(visitor)
    watching.push(visitor)
  }
  await world.client.call(cancelEvent, {
    params: { id: eventId },
    body: { note: '강풍 때문에 무대를 세울 수 없습니다.' },
    accessToken: await signInAs(world, 'organiser'),
    idempotencyKey: crypto.randomUUID(),
  })
  for (const [index, visitor] of watching.entries()) {
    const { page, t } = visitor
    const [path, said] = pages[index]!
    await page.getByText(said(t)).waitFor()
    await page.getByText(t.refunds.organiserSays('강풍 때문에 무대를 세울 수 없습니다.')).waitFor()
    expect([...(await seriousFaults(visitor)), ...(await sidewaysScrolling(visitor))]).toEqual([])
    const folder = process.env['SCREENSHOTS']
    if (folder) await page.screenshot({ path: `${folder}/cancelled-${path.split('/')[1]}.png`, fullPage: true })
  }
  const letters = async () =>
    (await mailsTo(world, 'buyer3@demo.fairgate.test')).filter(({ text }) => text.includes(`/events/${eventId}`))
  await until(async () => (await letters()).length > 0, { what: 'the letter' })
  expect((await world.client.call(myBids, { params: { id: lotId }, accessToken })).lowestAmount).toBeNull()
  expect(await letters()).toHaveLength(1)
})
