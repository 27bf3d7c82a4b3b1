import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { placeHold } from '@fairgate/contracts/http/inventory'
import { cancelOrder } from '@fairgate/contracts/http/orders'
import { verifySale } from '../../../../packages/swarm/src/verify-waitlist.ts'
import { buy, enter, mailsTo, newBuyer } from '../e2e/people.ts'
import { startOneProcess, until, type World } from '../e2e/world.ts'
import {
  launchBrowser,
  openEvent,
  payInWindow,
  phone,
  seats,
  seriousFaults,
  settled,
  sidewaysScrolling,
  visit,
  words,
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
  context.onTestFailed(async () => {
    console.error(world.log().slice(-4000))
    for (const { page } of visitors)
      console.error(`${page.url()}\n${await page.locator('body').ariaSnapshot({ timeout: 2000 }).catch(String)}`)
  })
})

afterEach(() => {
  expect(visitors.flatMap((visitor) => visitor.takeFaults())).toEqual([])
})

const found: Record<string, string[]> = {}

/** What is wrong with a page as it stands; a picture of it where `SCREENSHOTS` names a folder. */
async function look(visitor: Visitor, name: string): Promise<void> {
  const faults = [...(await seriousFaults(visitor)), ...(await sidewaysScrolling(visitor))]
  if (faults.length > 0) found[name] = faults
  const folder = process.env['SCREENSHOTS']
  if (folder) await visitor.page.screenshot({ path: `${folder}/${name}.png`, fullPage: true })
}

test('a sold-out sale: somebody joins the waitlist, is offered returned seats, takes them, pays and has tickets', async () => {
  const event = await openEvent(world, {
    event: { name: 'Evening of strings', refunds: { steps: [{ until: { hoursBefore: 0 }, percent: 100 }] } },
    sections: [seats('Stalls', 55_000, 1, 4)],
  })
  const [sale] = event.sales
  const [section] = event.sections
  const owner = await newBuyer(world)
  const { passToken } = await enter(world, sale!.lines[0]!.id, owner.accessToken)
  const held = await world.client.call(placeHold, {
    body: { passToken, sectionId: section!.id, count: 4, together: true },
    accessToken: owner.accessToken,
  })
  const order = await buy(world, held.holdToken, owner.accessToken)

  const visitor = await visit(browser, world, { screen: phone })
  visitors.push(visitor)
  // Nobody is on the list before joining.
  visitor.expects(404, 'GET', /\/entries\/mine$/)
  const { page, t } = visitor
  await visitor.signIn('buyer3')
  await visitor.go(`/events/${event.id}`)
  await page.getByRole('link', { name: t.waitlist.link }).click()
  await settled(visitor)
  await page.getByRole('button', { name: t.shop.moreOne }).click()
  await look(visitor, 'join')
  await page.getByRole('button', { name: t.waitlist.join }).click()
  await page.getByRole('heading', { name: t.waitlist.youWait }).waitFor()
  await look(visitor, 'waiting')
  // A second one is behind, and sees it.
  const other = await visit(browser, world, { language: 'ko' })
  visitors.push(other)
  other.expects(404, 'GET', /\/entries\/mine$/)
  await other.signIn('buyer4')
  await other.go(`/waitlists/${sale!.id}`)
  await other.page.getByRole('button', { name: other.t.waitlist.join }).click()
  await other.page.getByRole('heading', { name: other.t.waitlist.youWait }).waitFor()
  await other.page.getByText(other.t.waitlist.ahead(1)).waitFor()
  await look(other, 'waiting-ko')

  await world.client.call(cancelOrder, {
    params: { id: order.id },
    body: {
      seatIds: held.hold.seats.slice(0, 3).map(({ id }) => id),
      refund: { amount: 165_000, currency: 'KRW' },
    },
    accessToken: owner.accessToken,
  })
  await page.getByRole('heading', { name: t.waitlist.offerTitle }).waitFor()
  await look(visitor, 'offer')
  await until(
    async () => (await mailsTo(world, 'buyer3@demo.fairgate.test')).some(({ text }) => text.includes('/waitlists/')),
    {
      what: 'the mail of the offer',
    },
  )
  await visitor.go('/orders')
  await settled(visitor)
  await look(visitor, 'orders')
  await page.getByRole('link', { name: 'Evening of strings' }).click()
  await page.getByRole('button', { name: t.waitlist.take('₩110,000') }).click()
  await page.getByRole('heading', { level: 1, name: t.order.review }).waitFor()
  await page.getByRole('button', { name: words.en.pay }).click()
  await page.waitForURL(/\/sandbox\/window/)
  await payInWindow(visitor)
  await visitor.go(`/waitlists/${sale!.id}`)
  await page.getByText(t.waitlist.offerBodies.bought).waitFor()
  await page.getByRole('button', { name: t.waitlist.check }).click()
  await page.getByText(/^Checked: all \d+ records fit/).waitFor()
  await page.getByRole('button', { name: t.waitlist.more }).waitFor()
  await look(visitor, 'bought')

  // The one behind got the third seat, and lets it go: nobody else waits, so it is on open sale.
  await other.page.getByRole('heading', { name: other.t.waitlist.offerTitle }).waitFor()
  await look(other, 'offer-ko')
  const organiser = await visit(browser, world)
  visitors.push(organiser)
  await organiser.signIn('organiser')
  await organiser.go(`/organiser/events/${event.id}/watch`)
  await organiser.page.getByRole('region', { name: organiser.t.waitlist.title }).getByRole('table').waitFor()
  await look(organiser, 'watch')
  await other.page.getByRole('button', { name: other.t.waitlist.decline }).click()
  await other.page.getByRole('button', { name: other.t.waitlist.decline }).click()
  await other.page.getByText(other.t.waitlist.offerBodies.declined).waitFor()
  await visitor.go(`/events/${event.id}`)
  await page.getByText(t.event.left(1)).waitFor()

  expect(found).toEqual({})
  expect(await verifySale(world.url, sale!.id)).toMatchObject({ verified: true })
})
