import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startOneProcess, type World } from '../e2e/world.ts'
import { desktop, goIn, launchBrowser, openEvent, phone, toPaymentWindow, visit, type Visitor } from './browser.ts'

/** A virtual account in the practice window, and what the pages say about it. */

let world: World
let browser: Browser
const visitors: Visitor[] = []

beforeAll(async () => {
  ;[world, browser] = await Promise.all([startOneProcess({ PAYMENT_PROVIDERS: 'toss' }), launchBrowser()])
})

afterAll(async () => {
  await browser?.close()
  await world?.stop()
})

afterEach(() => {
  expect(visitors.flatMap((visitor) => visitor.takeFaults())).toEqual([])
})

test.each([
  ['ko', phone, 'buyer1'],
  ['en', desktop, 'buyer2'],
] as const)('the account is shown until the deposit has come (%s)', async (language, screen, name) => {
  const visitor = await visit(browser, world, { language, screen })
  visitors.push(visitor)
  const { page, context, t } = visitor
  await visitor.signIn(name)
  const event = await openEvent(world, {
    event: { name: 'Matinee' },
    sections: [{ name: 'Floor', admission: 'open', capacity: 30, price: { amount: 44_000, currency: 'KRW' } }],
  })
  await visitor.go(`/wait/${event.sales[0]!.lines[0]!.id}`)
  await goIn(visitor)
  await page.getByRole('button', { name: t.shop.hold(1) }).click()
  await toPaymentWindow(visitor)
  await page
    .getByRole('button', { name: language === 'ko' ? '가상계좌로 입금하기' : 'Pay into a virtual account' })
    .click()
  await page.getByRole('heading', { level: 1, name: t.deposit.awaiting }).waitFor()
  await page.getByRole('heading', { level: 2, name: t.deposit.title }).waitFor()
  await page.getByRole('link', { name: t.pay.toOrder }).click()
  await page.getByRole('heading', { level: 2, name: t.deposit.title }).waitFor()

  const bankOpened = context.waitForEvent('page')
  await page.getByRole('link', { name: t.deposit.practice }).click()
  const bank = await bankOpened
  await bank.getByRole('button', { name: language === 'ko' ? /입금하기$/ : /^Pay in/ }).click()
  await bank.getByText(language === 'ko' ? '결제 완료' : 'Paid', { exact: true }).waitFor()
  await bank.close()
  await page
    .getByRole('img', { name: /^QR|QR/ })
    .or(page.getByText(t.order.states.fulfilled))
    .first()
    .waitFor()
})
