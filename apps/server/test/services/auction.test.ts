import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFailed, test } from 'vitest'
import { getLot } from '@fairgate/contracts/http/auctions'
import { addSection, createEvent, createSale, getEvent, publishSale } from '@fairgate/contracts/http/catalog'
import { mailsTo, signInAs } from '../e2e/people.ts'
import { startOneProcess, until, type World } from '../e2e/world.ts'
import { desktop, launchBrowser, payInWindow, phone, seats, settled, visit, words, type Visitor } from './browser.ts'

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

/** A window whose faults fail the test, and which shows what it had on screen when the test fails. */
async function open(name?: string, look?: Parameters<typeof visit>[2]): Promise<Visitor> {
  const visitor = await visit(browser, world, look)
  visitors.push(visitor)
  const { page } = visitor
  onTestFailed(async () => {
    console.error(`${name} ${page.url()}\n${await page.locator('body').ariaSnapshot({ timeout: 2000 }).catch(String)}`)
  })
  if (name) await visitor.signIn(name)
  return visitor
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Nothing about the page is wrong for axe, and nothing sticks out of the screen, on the phone and on the desktop. */
async function looksRight(visitor: Visitor): Promise<void> {
  const { page } = visitor
  await settled(visitor)
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe)
  for (const screen of [phone, desktop]) {
    await page.setViewportSize(screen)
    const { violations } = await page.evaluate(() =>
      (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
    )
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
  }
}

const day = 24 * 3600_000
const at = (ms: number): string => new Date(ms).toISOString()

/** An event of the demo organiser with one section, whose sale is not prepared yet. */
async function prepareEvent(name: string, amount: number, count: number) {
  const accessToken = await signInAs(world, 'organiser')
  const body = {
    kind: 'concert',
    name,
    venue: 'Small hall',
    startsAt: at(Date.now() + 10 * day),
    timeZone: 'Asia/Seoul',
    currency: 'KRW',
  } as const
  const { id: eventId } = await world.client.call(createEvent, { accessToken, body })
  const section = await world.client.call(addSection, {
    params: { id: eventId },
    accessToken,
    body: seats('Front row', amount, 1, count),
  })
  return { eventId, sectionId: section.id, accessToken }
}

/** An auction of `count` seats from 100,000 won in steps of 5,000, two bids each, that is open and ends soon. */
async function openAuction(name: string, count: number, endsInMs: number) {
  const { eventId, sectionId, accessToken } = await prepareEvent(name, 100_000, count)
  const now = Date.now()
  const sale = await world.client.call(createSale, {
    params: { id: eventId },
    accessToken,
    body: {
      method: 'auction',
      opensAt: at(now - 1000),
      closesAt: at(now + 9 * day),
      holdSeconds: 480,
      limitPerAccount: 1,
      auction: { endsAt: at(now + endsInMs), payBySeconds: 3600, bidsMax: 2, step: { amount: 5000, currency: 'KRW' } },
      lines: [{ name: 'Front row', sectionIds: [sectionId] }],
    },
  })
  await world.client.call(publishSale, { params: { id: sale.id }, accessToken })
  await until(
    async () => {
      const event = await world.client.call(getEvent, { params: { id: eventId }, accessToken })
      return event.sales[0]!.readiness.inventory && event.sales[0]!.readiness.waitingRoom
    },
    { what: 'the auction to be ready' },
  )
  return { lotId: sale.lines[0]!.lotId!, eventId }
}

const won = (amount: number): string => `₩${amount.toLocaleString('en')}`

/** Types an amount, looks at it once more, and bids. @param lastChance  whether the page says so */
async function bid({ page, t }: Visitor, amount: number, { chancesLeft }: { chancesLeft: number }): Promise<void> {
  await page.getByLabel(t.auction.amount('KRW')).fill(String(amount))
  await page
    .locator('form')
    .getByRole('button', { name: chancesLeft === 2 ? t.auction.bid : t.auction.raise })
    .click()
  await page.getByRole('group', { name: t.auction.ask(won(amount), chancesLeft, 2) }).waitFor()
  await page.getByRole('button', { name: t.auction.askYes(won(amount)) }).click()
  await page.getByText(t.auction.chancesLeft(chancesLeft - 1, 2)).waitFor()
}

const standing = ({ page }: Visitor, words: string) => page.getByRole('heading', { level: 2, name: words }).waitFor()

test('three people outbid one another for two seats: notice, last chance, close, payment, and a declined seat that moves on', async () => {
  const { lotId, eventId } = await openAuction('Night of the front row', 2, 75_000)
  const [kim, lee, park] = await Promise.all([
    open('buyer1'),
    open('buyer2'),
    open('buyer3', { screen: phone, language: 'ko' }),
  ])
  const { t } = kim

  await kim.go(`/events/${eventId}`)
  await kim.page.getByRole('link', { name: t.auction.goBid }).click()
  await standing(kim, t.auction.noBid)
  await Promise.all([lee.go(`/lots/${lotId}`), park.go(`/lots/${lotId}`)])
  await kim.page.getByText(t.auction.ladderEmpty(won(100_000))).waitFor()

  // Overtaking: everybody sees it without doing anything.
  await bid(kim, 100_000, { chancesLeft: 2 })
  await standing(kim, t.auction.inside(1, 2))
  await bid(lee, 105_000, { chancesLeft: 2 })
  await standing(kim, t.auction.inside(2, 2))
  await looksRight(kim)
  await bid(park, 110_000, { chancesLeft: 2 })
  await standing(kim, t.auction.outside)
  await kim.page.getByRole('status').filter({ hasText: t.auction.outside }).waitFor({ state: 'attached' })

  // The last chance: an amount that no longer wins costs nothing, then one that does.
  await kim.page.getByLabel(t.auction.amount('KRW')).fill('105000')
  await kim.page.getByRole('button', { name: t.auction.raise }).click()
  await kim.page
    .locator('.fault')
    .getByText(t.auction.least(won(110_000)))
    .waitFor()
  await bid(kim, 115_000, { chancesLeft: 1 })
  await standing(kim, t.auction.inside(1, 2))
  await kim.page.getByText(t.auction.noChances).waitFor()
  await standing(lee, t.auction.outside)
  await looksRight(park)
  await until(async () => (await mailsTo(world, 'buyer1@demo.fairgate.test')).length > 0, {
    what: 'kim to be told by mail of having been pushed out',
  })

  // The close, on time, by the clock.
  await until(async () => (await world.client.call(getLot, { params: { id: lotId } })).phase === 'awarding', {
    timeoutMs: 90_000,
    what: 'the lot to be closed',
  })
  const award = ({ page, t: own }: Visitor) => page.getByRole('region', { name: own.auction.award })
  await Promise.all([kim, park].map((winner) => award(winner).waitFor()))
  await lee.page.getByRole('heading', { name: t.auction.lostTitle }).waitFor()
  await looksRight(kim)

  // Kim pays the own bid; Park declines, and Lee inherits the seat.
  await kim.page.getByRole('button', { name: t.auction.buy(won(115_000)) }).click()
  await kim.page.getByRole('heading', { level: 1, name: t.order.review }).waitFor()
  await kim.page.getByRole('button', { name: words.en.pay }).click()
  await kim.page.waitForURL(/\/sandbox\/window/)
  await payInWindow(kim)
  await kim.go(`/lots/${lotId}`)
  await award(kim).getByText(t.auction.awardBodies.bought).waitFor()

  await park.page.getByRole('button', { name: park.t.auction.decline }).click()
  await park.page.getByRole('group', { name: park.t.auction.declineAsk }).waitFor()
  await park.page.getByRole('button', { name: park.t.auction.decline }).click()
  await award(park).getByText(park.t.auction.awardBodies.declined).waitFor()

  await lee.page.getByRole('heading', { name: t.auction.wonBy['moved-up'] }).waitFor()
  await lee.go('/orders')
  await lee.page.getByRole('link', { name: 'Night of the front row' }).waitFor()
  await looksRight(lee)

  await lee.go(`/lots/${lotId}/ranking`)
  await lee.page.getByRole('row', { name: new RegExp(`^3 .*${won(105_000)}`) }).waitFor()
  await looksRight(lee)
})

test('an organiser prepares an auction in the form, publishes it, and watches its ladder', async () => {
  const { eventId } = await prepareEvent('Evening of one row', 200_000, 3)
  const organiser = await open('organiser')
  const { page, t } = organiser
  await organiser.go(`/organiser/events/${eventId}?step=sale`)
  await page.getByRole('radio', { name: new RegExp(t.auction.method) }).check()
  await page.getByLabel(/^Step between bids/).fill('10000')
  await looksRight(organiser)
  await page.getByRole('button', { name: t.organiser.createSale }).click()
  await page.getByRole('button', { name: t.organiser.publish }).click()
  await page.getByRole('button', { name: t.organiser.publishYes }).click()
  await page.getByText(t.auction.publishedBody).waitFor()
  await organiser.go(`/organiser/events/${eventId}/watch`)
  await page.getByText(t.auction.ladderEmpty(won(200_000))).waitFor()
  await looksRight(organiser)
})
