import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { placeHold } from '@fairgate/contracts/http/inventory'
import { claimPass, joinLine, leaveLine, pauseLine, resumeLine } from '@fairgate/contracts/http/waiting-room'
import { buy, enter, newBuyer, signInAs } from '../e2e/people.ts'
import { startOneProcess, type World } from '../e2e/world.ts'
import { courses, launchBrowser, openEvent, phone, tabTo, visit, type Visitor } from './browser.ts'

const claimSeconds = 5

let world: World
let browser: Browser
beforeAll(async () => {
  ;[world, browser] = await Promise.all([
    startOneProcess({ CHALLENGES: 'off', WAITING_ROOM_CLAIM_SECONDS: String(claimSeconds) }),
    launchBrowser(),
  ])
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await world?.stop()
})

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** Where pictures of the states are kept when somebody wants to look at them. */
const pictures = process.env['WAITING_PAGE_PICTURES']

/** Waits for a state of the page; nothing about it is wrong for axe, and nothing sticks out of the screen. */
async function reaches(visitor: Visitor, ...states: string[]): Promise<void> {
  const { page, language } = visitor
  await page.waitForFunction((wanted) => wanted.includes(document.body.dataset['state'] ?? ''), states)
  if (pictures) await page.screenshot({ path: `${pictures}/${states[0]}-${language}.png`, fullPage: true })
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe)
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  )
  expect(violations.map(({ id, nodes }) => `${states[0]}: ${id} ${nodes[0]?.html}`)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
}

/** Writes down what a screen reader is told, with its time. */
async function listen(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const heard: { text: string; atMs: number }[] = []
    Object.assign(globalThis, { heard })
    new MutationObserver(() => {
      const text = document.getElementById('live')?.textContent
      if (text && text !== heard.at(-1)?.text) heard.push({ text, atMs: performance.now() })
    }).observe(document, { subtree: true, childList: true, characterData: true })
  })
}

const heardBy = (page: Page): Promise<{ text: string; atMs: number }[]> =>
  page.evaluate(() => (globalThis as unknown as { heard: { text: string; atMs: number }[] }).heard)

for (const language of ['ko', 'en'] as const)
  test(`with the keyboard alone: change lines before the opening, be drawn, go in, ${language}`, async () => {
    const event = await openEvent(world, {
      event: { name: 'River run', kind: 'race' },
      sections: courses({ '10K': 40_000 }, ['5:00', '6:00', '7:00'], 20),
      lines: 'each',
      opensInMs: 40_000,
    })
    const [first, second] = event.sales[0]!.lines
    const runner = await visit(browser, world, { language, screen: phone })
    const { page, room } = runner
    await listen(page)
    await runner.signIn(language === 'ko' ? 'buyer1' : 'buyer2')
    await runner.go(`/wait/${first!.id}`)
    await reaches(runner, 'gathering')
    const summary = page.locator('#others summary')
    await tabTo(page, summary)
    await page.keyboard.press('Enter')
    const link = page.getByRole('link', { name: second!.name })
    await tabTo(page, link)
    await page.keyboard.press('Enter')
    await reaches(runner, 'other-line')
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(room.moveTitle)
    expect(await page.locator('#lead').textContent()).toBe(room.moveLeadDraw)
    await tabTo(page, page.getByRole('button', { name: room.moveHere }))
    await page.keyboard.press('Enter')
    await reaches(runner, 'gathering')
    expect(page.url()).toContain(second!.id)
    await page.waitForFunction(() => document.body.dataset['state'] === 'inside', undefined, { timeout: 60_000 })
    const heard = await heardBy(page)
    expect(heard.map(({ text }) => text).join('\n')).toContain(room.called)
    runner.expects(409, 'POST', /\/places$/)
    expect(runner.takeFaults().filter((fault) => !fault.includes('409'))).toEqual([])
    await runner.context.close()
  })

test('waiting, paused, offline and back, called, lapsed and joined again, sold out with what else is open', async () => {
  const event = await openEvent(world, {
    event: { name: 'Night run', kind: 'race' },
    sections: courses({ Half: 60_000 }, ['5:00', '6:00'], 1),
    lines: 'each',
    shoppersMax: 1,
    limit: 1,
  })
  const [line, other] = event.sales[0]!.lines
  const params = { id: line!.id }
  const organiser = await signInAs(world, 'organiser')
  // Somebody is inside, and four more stand before the one whose page this is.
  const inside = await newBuyer(world)
  const pass = await enter(world, line!.id, inside.accessToken)
  const before = []
  for (let i = 0; i < 4; i++) {
    const person = await newBuyer(world)
    await world.client.call(joinLine, { params, body: {}, accessToken: person.accessToken })
    before.push(person)
  }
  const runner = await visit(browser, world, { language: 'en', screen: phone })
  const { page, room } = runner
  await listen(page)
  await runner.signIn('buyer3')
  await runner.go(`/wait/${line!.id}`)
  await reaches(runner, 'waiting')
  // More people are ahead than places remain, and there is one elsewhere.
  await page.getByText(room.unlikely).first().waitFor()
  await page.getByRole('link', { name: other!.name }).waitFor()

  await world.client.call(pauseLine, { params, accessToken: organiser })
  await reaches(runner, 'paused')
  await world.client.call(resumeLine, { params, accessToken: organiser })
  await reaches(runner, 'waiting')

  await runner.offlineDuring(async () => {
    await page.getByText(room.offline).waitFor()
    expect(await page.locator('body').getAttribute('data-state')).toBe('waiting')
  })
  await page.locator('#offline').waitFor({ state: 'hidden' })

  for (const person of before) await world.client.call(leaveLine, { params, accessToken: person.accessToken })
  // Its turn comes and goes while the network is away.
  const next = await newBuyer(world)
  await runner.offlineDuring(async () => {
    await page.getByText(room.offline).waitFor()
    await world.client.call(leaveLine, { params, accessToken: inside.accessToken })
    await enter(world, line!.id, next.accessToken)
  })
  runner.expects(409, 'POST', /\/passes$/)
  await page.evaluate(() => dispatchEvent(new Event('online')))
  await reaches(runner, 'lapsed')
  await tabTo(page, page.getByRole('button', { name: room.joinAgain }))
  await page.keyboard.press('Enter')
  await reaches(runner, 'nearly', 'waiting')

  // The only place is bought by the one inside.
  const placed = await world.client.call(joinLine, { params, body: {}, accessToken: next.accessToken })
  const { passToken } = await world.client.call(claimPass, {
    params,
    body: { placeToken: placed.placeToken },
    accessToken: next.accessToken,
  })
  expect(pass.passToken).not.toBe(passToken)
  const { holdToken } = await world.client.call(placeHold, {
    body: { passToken, sectionId: line!.sectionIds[0]!, count: 1 },
    accessToken: next.accessToken,
  })
  expect((await buy(world, holdToken, next.accessToken)).state).toBe('fulfilled')
  await reaches(runner, 'sold-out')
  await page.getByRole('link', { name: other!.name }).waitFor()
  const heard = await heardBy(page)
  expect(heard.at(-1)!.text).toContain(room.soldOut)
  // Told politely: a word for each change, not for each second.
  expect(heard.length).toBeLessThan(16)
  expect(runner.takeFaults()).toEqual([])
  await runner.context.close()
})

test('a phone without workers, streams, locks and timed aborts stands in line all the same', async () => {
  const event = await openEvent(world, {
    event: { name: 'Old phone' },
    sections: courses({ '5K': 10_000 }, ['all'], 5),
  })
  const runner = await visit(browser, world, { language: 'ko', screen: phone })
  await runner.page.addInitScript(() => {
    for (const name of ['Worker', 'EventSource', 'SharedWorker', 'BroadcastChannel', 'structuredClone'])
      Reflect.deleteProperty(globalThis, name)
    Reflect.deleteProperty(AbortSignal, 'timeout')
    Reflect.deleteProperty(Navigator.prototype, 'locks')
    for (const name of ['findLast', 'toSorted', 'toReversed', 'with']) Reflect.deleteProperty(Array.prototype, name)
  })
  await runner.signIn('buyer4')
  await runner.go(`/wait/${event.sales[0]!.lines[0]!.id}`)
  await reaches(runner, 'inside')
  expect(runner.takeFaults()).toEqual([])
  await runner.context.close()
})

test('the first load of the waiting page is under 15 kB with Brotli', async () => {
  const html = await served('/wait/lin_any', 'identity')
  const paths = [...html.body.toString().matchAll(/(?:src|href)="(\/assets\/[^"]+\.(?:js|css))"/g)].map(
    (found) => found[1]!,
  )
  const all = ['/wait/lin_any', ...paths]
  const sizes = await Promise.all(all.map((path) => served(path, 'br')))
  expect(sizes.map(({ encoding }) => encoding)).toEqual(all.map(() => 'br'))
  const words = await largestLanguage(paths)
  const total = sizes.reduce((sum, { body }) => sum + body.length, words)
  expect(total).toBeLessThan(15_000)
})

/** The words of one language, which are loaded beside the rest. */
async function largestLanguage(paths: readonly string[]): Promise<number> {
  const scripts = await Promise.all(paths.map(async (path) => (await served(path, 'identity')).body.toString()))
  const names = new Set(scripts.flatMap((script) => script.match(/\b(?:en|ko)-[\w-]{8}\.js/g) ?? []))
  expect(names.size).toBe(2)
  const sizes = await Promise.all([...names].map(async (name) => (await served(`/assets/${name}`, 'br')).body.length))
  return Math.max(...sizes)
}

/** The bytes as they go over the wire. */
function served(path: string, encoding: string): Promise<{ body: Buffer; encoding: string | undefined }> {
  return new Promise((resolve, reject) => {
    request(`${world.url}${path}`, { headers: { 'accept-encoding': encoding } }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ body: Buffer.concat(chunks), encoding: response.headers['content-encoding'] }))
    })
      .once('error', reject)
      .end()
  })
}
