import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, onTestFailed, test } from 'vitest'
import { startOneProcess, until, type World } from '../e2e/world.ts'
import { desktop, goIn, launchBrowser, openEvent, phone, visit, words, type Visitor } from './browser.ts'

/** Two providers to choose from: the second one's fields are a part of our own page. */

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

afterEach(() => {
  expect(visitors.flatMap((visitor) => visitor.takeFaults())).toEqual([])
})

async function open(look?: Parameters<typeof visit>[2]): Promise<Visitor> {
  const visitor = await visit(browser, world, look)
  visitors.push(visitor)
  const { page } = visitor
  onTestFailed(async () => {
    console.error(`${page.url()}\n${await page.locator('body').ariaSnapshot({ timeout: 2000 }).catch(String)}`)
  })
  return visitor
}

const inDollars = /^Pay US\$440/

/** Up to the card's fields, by the second way to pay. */
async function toCardFields(visitor: Visitor, name: string, currency: 'KRW' | 'USD' = 'KRW'): Promise<void> {
  const event = await openEvent(world, {
    event: { name, ...(currency === 'KRW' ? {} : { currency }) },
    sections: [{ name: 'Floor', admission: 'open', capacity: 30, price: { amount: 44_000, currency } }],
  })
  const { page, t } = visitor
  await visitor.go(`/wait/${event.sales[0]!.lines[0]!.id}`)
  await goIn(visitor)
  await page.getByRole('button', { name: t.shop.hold(1) }).click()
  await page.getByRole('heading', { level: 1, name: t.shop.heldTitle }).waitFor()
  await page.getByRole('button', { name: t.shop.toOrder }).click()
  await page.getByRole('heading', { level: 1, name: t.order.review }).waitFor()
  if (currency === 'KRW') await page.getByRole('button', { name: t.order.payWith.stripe }).click()
  else await page.getByRole('button', { name: inDollars }).click()
  await page.getByRole('heading', { level: 1, name: t.card.title }).waitFor()
}

const card = ({ page }: Visitor, ending: string) => page.getByRole('radio', { name: new RegExp(`${ending} ·`) })
const pay = ({ page, language }: Visitor) => page.getByRole('button', { name: words[language].pay }).click()

test('a card that is refused leaves the page and the places as they are, and another card pays', async () => {
  const buyer = await open({ screen: phone })
  const { page, t } = buyer
  await buyer.signIn('buyer1')
  await toCardFields(buyer, 'Late show')
  await card(buyer, '9995').check()
  buyer.expects(402, 'POST', /^\/v1\/payment_intents\/[^/]+\/confirm$/)
  await pay(buyer)
  await page.getByText('Your card has insufficient funds.').waitFor()
  await card(buyer, '4242').check()
  await pay(buyer)
  await page.getByRole('heading', { level: 1, name: t.pay.done }).waitFor()
  await page.getByRole('img', { name: /^QR/ }).waitFor()
})

test("a card whose bank asks who pays: a failure comes back to the card's fields, a success to the tickets", async () => {
  const buyer = await open({ language: 'ko', screen: desktop })
  const { page, t } = buyer
  await buyer.signIn('buyer2')
  await toCardFields(buyer, 'Winter night')
  for (const answer of ['인증 실패', '인증 완료']) {
    await card(buyer, '3184').check()
    await pay(buyer)
    await page.waitForURL(/\/sandbox\/stripe\/authenticate/)
    await page.getByRole('button', { name: answer }).click()
    if (answer === '인증 완료') break
    await page.getByRole('heading', { level: 1, name: t.pay.refusedTitle }).waitFor()
    await page.getByRole('link', { name: t.order.finish }).click()
    await page.getByRole('heading', { level: 1, name: t.card.title }).waitFor()
  }
  await page.getByRole('heading', { level: 1, name: t.pay.done }).waitFor()
})

test('an order in another currency is paid by the provider that takes it', async () => {
  const buyer = await open()
  await buyer.signIn('buyer3')
  await toCardFields(buyer, 'Harbour lights', 'USD')
  await buyer.page.getByRole('button', { name: inDollars }).click()
  await buyer.page.getByRole('heading', { level: 1, name: buyer.t.pay.done }).waitFor()
  const books = await fetch(`${world.url}/sandbox/stripe/payment_intents`)
  const { items } = (await books.json()) as { items: { currency: string; amountReceived: number }[] }
  expect(items.find(({ currency }) => currency === 'usd')).toMatchObject({ amountReceived: 44_000 })
})

test('who leaves the card page and comes back finds the same payment', async () => {
  const buyer = await open()
  const { page, t } = buyer
  await buyer.signIn('buyer4')
  const before = await intents()
  await toCardFields(buyer, 'Twice looked at')
  await card(buyer, '4242').waitFor()
  await page.getByRole('link', { name: t.pay.toOrder }).click()
  await page.getByRole('button', { name: t.order.payWith.stripe }).click()
  await card(buyer, '4242').waitFor()
  await page.reload()
  await card(buyer, '4242').waitFor()
  await until(async () => (await intents()) === before + 1, { what: 'one payment, however often it is looked at' })
})

async function intents(): Promise<number> {
  const books = await fetch(`${world.url}/sandbox/stripe/payment_intents`)
  return ((await books.json()) as { items: unknown[] }).items.length
}
