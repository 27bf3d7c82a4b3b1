import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest'
import { startOneProcess, type World } from '../e2e/world.ts'
import { isAuthentic, startReceiver } from '../webhook-receiver.ts'
import { desktop, launchBrowser, phone, settled, visit, type Visitor } from './browser.ts'

let world: World
let browser: Browser

beforeAll(async () => {
  ;[world, browser] = await Promise.all([startOneProcess(), launchBrowser()])
})

afterAll(async () => {
  await browser?.close()
  await world?.stop()
})

async function open(name: string, path: string): Promise<Visitor> {
  const visitor = await visit(browser, world)
  const { page } = visitor
  onTestFailed(async () => {
    console.error(`${page.url()}\n${await page.locator('body').ariaSnapshot({ timeout: 2000 }).catch(String)}`)
  })
  await visitor.signIn(name)
  await visitor.go(path)
  await settled(visitor)
  return visitor
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Nothing about the page is wrong for axe, and nothing sticks out of the screen, on the phone and on the desktop. */
async function looksRight({ page, takeFaults }: Visitor): Promise<void> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe)
  for (const screen of [phone, desktop]) {
    await page.setViewportSize(screen)
    const { violations } = await page.evaluate(() =>
      (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
    )
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
  }
  expect(takeFaults()).toEqual([])
}

test('an organiser adds a webhook endpoint, sees its secret once, and finds the test message in its log', async () => {
  const receiver = await startReceiver([500])
  const organiser = await open('organiser', '/organiser')
  const { page, t } = organiser
  await page.getByRole('link', { name: t.webhooks.title }).click()
  await page.getByRole('button', { name: t.webhooks.add }).click()
  await page.getByLabel(t.webhooks.url).fill(receiver.url)
  await looksRight(organiser)
  await page.locator('form').getByRole('button', { name: t.webhooks.add }).click()
  const secret = await page.locator('.webhook-secret').innerText()
  await page.getByRole('button', { name: t.webhooks.secretKept }).click()
  await page.getByRole('button', { name: t.webhooks.test }).click()
  // The server fails once; the message comes again five seconds later, and the page says both.
  await page.getByText(t.webhooks.states.delivered).waitFor()
  await page.getByText(t.admin.attempts(2)).waitFor()
  expect(receiver.received.map((webhook) => isAuthentic(webhook, secret, Date.now()))).toEqual([true, true])
  await looksRight(organiser)
  await receiver.close()
})

test('a buyer leaves a number for text messages and takes it back', async () => {
  const buyer = await open('buyer1', '/orders')
  const { page, t } = buyer
  await page.getByLabel(t.texts.phone).fill('02-123-4567')
  await page.getByRole('button', { name: t.texts.want }).click()
  await page.getByText(t.texts.fault).waitFor()
  await page.getByLabel(t.texts.phone).fill('010 1234 5678')
  await page.getByRole('button', { name: t.texts.want }).click()
  await page.getByText(t.texts.on('010-1234-5678')).waitFor()
  await looksRight(buyer)
  await page.getByRole('button', { name: t.texts.leave }).click()
  await page.getByLabel(t.texts.phone).waitFor()
  await looksRight(buyer)
})
