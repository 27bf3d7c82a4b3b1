import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { placeHold } from '@fairgate/contracts/http/inventory'
import { listTickets } from '@fairgate/contracts/http/tickets'
import { buy, enter, signInAs } from '../e2e/people.ts'
import { startOneProcess, until, type World } from '../e2e/world.ts'
import { desktop, launchBrowser, openEvent, phone, visit, type Visitor } from './browser.ts'

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
