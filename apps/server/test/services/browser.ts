import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults, RunOptions } from 'axe-core'
import { chromium, type Browser, type BrowserContext, type Locator, type Page, type Response } from 'playwright-core'
import {
  addSection,
  createEvent,
  createSale,
  getEvent,
  publishSale,
  type EventDocument,
} from '@fairgate/contracts/http/catalog'
import type { Body } from '@fairgate/contracts/http/route'
import { generatePlan } from '../../../web/src/forms/plan.ts'
import { en as appEn, type Messages } from '../../../web/src/i18n/en.ts'
import { ko as appKo } from '../../../web/src/i18n/ko.ts'
import { en as roomEn, type Texts } from '../../../web/waiting-room/en.ts'
import { ko as roomKo } from '../../../web/waiting-room/ko.ts'
import { demoPassword, signInAs } from '../e2e/people.ts'
import { until, type World } from '../e2e/world.ts'

export type Language = 'ko' | 'en'

/** The two screens that every page has to look right on. */
export const phone = { width: 390, height: 844 }
export const desktop = { width: 1280, height: 900 }

export const words: Record<Language, { app: Messages; room: Texts; pay: RegExp }> = {
  ko: { app: appKo, room: roomKo, pay: /^[^ ]+ 결제하기$/ },
  en: { app: appEn, room: roomEn, pay: /^Pay \D?\d/ },
}

/** Chromium of the system, on a fresh profile. `CHROMIUM` names another one. */
export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })

/** A person with a browser window of their own. */
export type Visitor = {
  page: Page
  context: BrowserContext
  language: Language
  t: Messages
  room: Texts
  /** Signs somebody in before the first page is opened: a demo account by its short name, or an address with its password. */
  signIn(name: string, password?: string): Promise<void>
  go(path: string): Promise<void>
  /** Lets `work` lose its connections: what fails meanwhile is no fault. */
  offlineDuring(work: () => Promise<void>): Promise<void>
  /** An answer that this journey expects, like `409 POST /api/check-ins`. */
  expects(status: number, method: string, path: RegExp): void
  /** Errors on the console, failed requests, refusals that nobody expected, and calls to other hosts; counted anew after each call. */
  takeFaults(): string[]
}

type Look = { language?: Language; screen?: { width: number; height: number }; colorScheme?: 'light' | 'dark' }

/** Opens a window. It speaks `language` whatever the account prefers. */
export async function visit(browser: Browser, world: World, look: Look = {}): Promise<Visitor> {
  const language = look.language ?? 'en'
  const context = await browser.newContext({
    baseURL: world.url,
    viewport: look.screen ?? desktop,
    colorScheme: look.colorScheme ?? 'light',
    locale: language === 'ko' ? 'ko-KR' : 'en-GB',
    timezoneId: 'Asia/Seoul',
    reducedMotion: 'reduce',
    storageState: {
      cookies: [],
      origins: [{ origin: world.url, localStorage: [{ name: 'fairgate.language', value: language }] }],
    },
  })
  context.setDefaultTimeout(20_000)
  const faults: string[] = []
  const expected: { status: number; method: string; path: RegExp }[] = [
    // A visitor without a session finds out by asking, and a place that is not called yet is told so.
    { status: 401, method: 'POST', path: /^\/api\/sessions\/refresh$/ },
    { status: 425, method: 'POST', path: /^\/api\/lines\/[^/]+\/passes$/ },
    // A process in need sends whoever would watch to polling.
    { status: 503, method: 'GET', path: /\/events$/ },
  ]
  let isOffline = false

  const isExpected = (response: Response): boolean => {
    const [status, method] = [response.status(), response.request().method()]
    const path = new URL(response.url()).pathname
    return expected.some((one) => one.status === status && one.method === method && one.path.test(path))
  }
  context.on('console', (message) => {
    // The browser's own words for a refusal; the answer itself is judged below.
    if (message.type() !== 'error' || message.text().startsWith('Failed to load resource')) return
    faults.push(`console: ${message.text()}`)
  })
  context.on('weberror', (thrown) => faults.push(`thrown: ${thrown.error().stack ?? thrown.error().message}`))
  context.on('request', (request) => {
    if (!request.url().startsWith(world.url) && !request.url().startsWith('data:'))
      faults.push(`elsewhere: ${request.url()}`)
  })
  context.on('response', (response) => {
    if (response.status() < 400 || isExpected(response)) return
    faults.push(`answered ${response.status()}: ${response.request().method()} ${response.url()}`)
  })
  context.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText ?? ''
    // Leaving a page breaks off what it was still asking.
    if (isOffline || reason === 'net::ERR_ABORTED') return
    faults.push(`failed: ${request.method()} ${request.url()} ${reason}`)
  })

  const page = await context.newPage()
  return {
    page,
    context,
    language,
    t: words[language].app,
    room: words[language].room,
    async signIn(name, password = demoPassword) {
      const data = { email: name.includes('@') ? name : `${name}@demo.fairgate.test`, password }
      const answer = await context.request.post('/api/sessions', { data })
      if (!answer.ok()) throw new Error(`${name} could not sign in: ${answer.status()} ${await answer.text()}`)
    },
    async go(path) {
      await page.goto(path)
    },
    async offlineDuring(work) {
      isOffline = true
      await context.setOffline(true)
      await work()
      await context.setOffline(false)
      isOffline = false
    },
    expects: (status, method, path) => void expected.push({ status, method, path }),
    takeFaults: () => faults.splice(0),
  }
}

/** Waits until the page has its content: a heading, and nothing that says that it is loading. */
export async function settled({ page, t }: Visitor): Promise<void> {
  await page.getByRole('heading', { level: 1 }).first().waitFor()
  const loading = page.getByRole('status', { name: t.common.loading })
  await until(async () => (await loading.count()) === 0, { what: `${page.url()} to have loaded` })
}

export type SectionPlan = Body<typeof addSection>

/**
 * An event of the demo organiser with a published sale that everybody may enter at the opening.
 * @param plan  `lines`: one for all sections, or one for each as a race has; `opensInMs`: negative for a sale that is open
 */
export async function openEvent(
  world: World,
  plan: {
    event: Pick<Body<typeof createEvent>, 'name'> & Partial<Body<typeof createEvent>>
    sections: SectionPlan[]
    lines?: 'one' | 'each'
    lineName?: string
    limit?: number
    opensInMs?: number
    shoppersMax?: number
  },
): Promise<EventDocument> {
  const accessToken = await signInAs(world, 'organiser')
  const now = Date.now()
  const day = 24 * 3600_000
  const event = await world.client.call(createEvent, {
    accessToken,
    body: {
      kind: 'concert',
      venue: 'Small hall',
      startsAt: new Date(Math.ceil((now + 40 * day) / day) * day + 10.5 * 3600_000).toISOString(),
      timeZone: 'Asia/Seoul',
      currency: 'KRW',
      ...plan.event,
    },
  })
  const params = { id: event.id }
  const sections = []
  for (const body of plan.sections) sections.push(await world.client.call(addSection, { params, body, accessToken }))
  const pace = { shoppersMax: plan.shoppersMax ?? 500, admitPerMinute: 60_000 }
  const sale = await world.client.call(createSale, {
    params,
    accessToken,
    body: {
      method: 'queue',
      opensAt: new Date(now + (plan.opensInMs ?? -1000)).toISOString(),
      closesAt: new Date(now + 20 * day).toISOString(),
      holdSeconds: 480,
      limitPerAccount: plan.limit ?? 4,
      lines:
        plan.lines === 'each'
          ? sections.map(({ id, name }) => ({ name, sectionIds: [id], ...pace }))
          : [{ name: plan.lineName ?? 'All seats', sectionIds: sections.map(({ id }) => id), ...pace }],
    },
  })
  await world.client.call(publishSale, { params: { id: sale.id }, accessToken })
  let published = event
  await until(
    async () => {
      published = await world.client.call(getEvent, { params, accessToken })
      const { readiness } = published.sales[0]!
      return readiness.inventory && readiness.waitingRoom
    },
    { what: 'the sale to be ready' },
  )
  return published
}

/** A section of numbered seats in straight rows before the stage, or in rows that bend around it. */
export const seats = (
  name: string,
  amount: number,
  rows: number,
  seatsPerRow: number,
  { curved = false, aisleAfter }: { curved?: boolean; aisleAfter?: number } = {},
): SectionPlan => ({
  name,
  admission: 'reserved',
  price: { amount, currency: 'KRW' },
  seats: generatePlan({ rows, seatsPerRow, aisleAfter, curved }),
})

/** A race's sections: every pace group of every course. */
export const courses = (plan: Record<string, number>, paces: readonly string[], capacity: number): SectionPlan[] =>
  Object.entries(plan).flatMap(([course, amount]) =>
    paces.map((pace): SectionPlan => ({
      name: `${course} · ${pace}`,
      admission: 'open',
      capacity,
      price: { amount, currency: 'KRW' },
      attributes: { course, pace },
    })),
  )

/** From the waiting room through the door: people who are called may press, or are taken in a few seconds later. */
export async function goIn({ page, room, t }: Visitor): Promise<void> {
  await page.getByRole('link', { name: room.goIn }).click()
  await page.getByRole('heading', { level: 1, name: t.shop.title }).waitFor()
}

/** From the choice of places to the order and into the payment window. */
export async function toPaymentWindow({ page, t, language }: Visitor): Promise<void> {
  await page.getByRole('heading', { level: 1, name: t.shop.heldTitle }).waitFor()
  await page.getByRole('button', { name: t.shop.toOrder }).click()
  await page.getByRole('heading', { level: 1, name: t.order.review }).waitFor()
  await page.getByRole('button', { name: words[language].pay }).click()
  await page.waitForURL(/\/sandbox\/window/)
}

export async function payInWindow({ page, language, t }: Visitor): Promise<void> {
  await page.getByRole('button', { name: words[language].pay }).click()
  await page.getByRole('heading', { level: 1, name: t.pay.done }).waitFor()
}

/** Presses Tab until the element has the focus, as somebody without a mouse does. */
export async function tabTo(page: Page, target: Locator, pressesMax = 80): Promise<void> {
  await target.waitFor()
  for (let presses = 0; presses <= pressesMax; presses++) {
    if (await target.evaluate((element) => element === document.activeElement)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`${pressesMax} presses of Tab did not reach ${target.toString()}`)
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe-core calls serious or critical on the page as it stands. */
export async function seriousFaults({ page }: Visitor): Promise<string[]> {
  const isThere = await page.evaluate(() => 'axe' in globalThis)
  if (!isThere) await page.evaluate(axe)
  const results = await page.evaluate(
    (options) => (globalThis as unknown as { axe: { run(options: RunOptions): Promise<AxeResults> } }).axe.run(options),
    { resultTypes: ['violations'] } satisfies RunOptions,
  )
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary ?? ''}`))
}

/** What sticks out of the window on the right. */
export async function sidewaysScrolling({ page }: Visitor): Promise<string[]> {
  const excess = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
  return excess > 0 ? [`the page is ${excess} px wider than the window`] : []
}
