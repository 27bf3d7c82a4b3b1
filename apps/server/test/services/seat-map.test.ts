import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults, RunOptions } from 'axe-core'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFailed, test } from 'vitest'
import { getSeats, type EventDocument, type Section } from '@fairgate/contracts/http/catalog'
import { getAvailability, placeHold } from '@fairgate/contracts/http/inventory'
import { listTickets } from '@fairgate/contracts/http/tickets'
import { fitView } from '../../../web/src/seat-map/draw.ts'
import { layOutVenue } from '../../../web/src/seat-map/venue.ts'
import { enter, signInAs } from '../e2e/people.ts'
import { startOneProcess, until, type World } from '../e2e/world.ts'
import {
  goIn,
  launchBrowser,
  openEvent,
  payInWindow,
  seats,
  settled,
  tabTo,
  toPaymentWindow,
  visit,
  type SectionPlan,
  type Visitor,
} from './browser.ts'

let world: World
let browser: Browser
const visitors: Visitor[] = []
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

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

async function open(look?: Parameters<typeof visit>[2]): Promise<Visitor> {
  const visitor = await visit(browser, world, look)
  visitors.push(visitor)
  onTestFailed(async () => {
    const { page } = visitor
    console.error(`${page.url()}\n${await page.locator('body').ariaSnapshot({ timeout: 2000 }).catch(String)}`)
  })
  return visitor
}

const lineOf = (event: EventDocument): string => event.sales[0]!.lines[0]!.id
const stalls = (): SectionPlan[] => [seats('Stalls', 55_000, 3, 8)]

async function inside(event: EventDocument, account: string): Promise<Visitor> {
  const visitor = await open()
  await visitor.signIn(account)
  await visitor.go(`/wait/${lineOf(event)}`)
  await goIn(visitor)
  return visitor
}

const toList = async ({ page, t }: Visitor): Promise<void> => {
  await page.getByRole('radio', { name: t.shop.list }).check()
  await page.getByRole('grid', { name: t.shop.listLabel }).waitFor()
}

/** Everything that axe-core has to say, small things too. */
async function faultsOf({ page }: Visitor): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe)
  const { violations } = await page.evaluate(
    (options) => (globalThis as unknown as { axe: { run(options: RunOptions): Promise<AxeResults> } }).axe.run(options),
    { resultTypes: ['violations'] } satisfies RunOptions,
  )
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary ?? ''}`))
}

/** Where the map has drawn a point of a section that is alone. */
async function pointOn({ page, t }: Visitor, section: Section, x: number, y: number) {
  const { seats: drawn } = await world.client.call(getSeats, { params: { id: section.id }, query: {} })
  const map = page.getByRole('application', { name: t.shop.mapLabel })
  await map.scrollIntoViewIfNeeded()
  const box = (await map.boundingBox())!
  const venue = layOutVenue({ sections: [{ section, tier: 0, seats: drawn }] })
  const view = fitView(venue.box, venue.pitch, box)
  return { x: box.x + x * view.scale + view.x, y: box.y + y * view.scale + view.y }
}

test('of two who have chosen the same seat one keeps it; the other is told at once and takes the one beside it', async () => {
  const event = await openEvent(world, { event: { name: 'One chair for two' }, sections: stalls() })
  const [first, second] = [await inside(event, 'buyer1'), await inside(event, 'buyer2')]
  for (const visitor of [first, second]) {
    await toList(visitor)
    await visitor.page.getByRole('button', { name: /^B-4, free/ }).click()
  }
  await first.page.getByRole('button', { name: first.t.shop.hold(1) }).click()
  await first.page.getByRole('heading', { level: 1, name: first.t.shop.heldTitle }).waitFor()

  const { page, t } = second
  await page.getByText(t.shop.taken('B-4')).waitFor()
  await page
    .getByText(t.shop.nearby('B-3'))
    .or(page.getByText(t.shop.nearby('B-5')))
    .waitFor()
  expect(await page.getByRole('button', { name: /^B-4, in someone/ }).getAttribute('aria-disabled')).toBe('true')
  await page.getByRole('button', { name: t.shop.takeNearby }).click()
  await page.getByRole('heading', { level: 1, name: t.shop.heldTitle }).waitFor()
  expect(await page.locator('.held-seats').innerText()).toMatch(/^B-[35]$/)
})

test('who presses before the news has come is refused, told who was faster, and offered two seats side by side', async () => {
  const event = await openEvent(world, { event: { name: 'Late news' }, sections: stalls() })
  const section = event.sections[0]!
  const snapshot = await world.client.call(getAvailability, { params: { id: section.id } })
  const buyer = await open()
  const { page, t } = buyer
  // A stream that says how it was, and then nothing for ten minutes.
  await page.route('**/availability/events', (route) =>
    route.fulfill({
      contentType: 'text/event-stream',
      body: `retry: 600000\nevent: availability\ndata: ${JSON.stringify({ snapshots: [snapshot], changes: [] })}\n\n`,
    }),
  )
  await buyer.signIn('buyer3')
  await buyer.go(`/wait/${lineOf(event)}`)
  await goIn(buyer)
  await toList(buyer)
  await page.getByRole('button', { name: /^A-4, free/ }).click()
  await page.getByRole('button', { name: /^A-5, free/ }).click()

  const accessToken = await signInAs(world, 'buyer4')
  const { passToken } = await enter(world, lineOf(event), accessToken)
  const { seats: all } = await world.client.call(getSeats, { params: { id: section.id }, query: {} })
  const seatIds = [all.find(({ label }) => label === 'A-5')!.id]
  await world.client.call(placeHold, { body: { passToken, sectionId: section.id, seatIds }, accessToken })

  buyer.expects(409, 'POST', /^\/api\/holds$/)
  await page.getByRole('button', { name: t.shop.hold(2) }).click()
  await page.getByText(t.shop.taken('A-5')).waitFor()
  await page.getByText(t.shop.nearby('A-3, A-4')).waitFor()
  await page.getByRole('button', { name: t.shop.takeNearby }).click()
  await page.getByRole('heading', { level: 1, name: t.shop.heldTitle }).waitFor()
  expect(await page.locator('.held-seats li').allInnerTexts()).toEqual(['A-3', 'A-4'])
})

test('with the keyboard and by names alone somebody finds and buys two wheelchair places side by side', async () => {
  const [plan] = stalls()
  const event = await openEvent(world, {
    event: { name: 'Room for wheels' },
    sections: [
      {
        ...plan!,
        seats: plan!.seats!.map((seat) => ({ ...seat, accessible: seat.row === 'C' && Number(seat.number) <= 2 })),
      },
    ],
  })
  const buyer = await inside(event, 'buyer5')
  const { page, t } = buyer
  await tabTo(page, page.getByRole('radio', { name: t.shop.map }))
  await page.keyboard.press('ArrowRight')
  const grid = page.getByRole('grid', { name: t.shop.listLabel })
  await grid.waitFor()
  expect(await grid.getByRole('row').count()).toBe(4)
  await tabTo(page, page.getByRole('checkbox', { name: t.shop.onlyAccessible }))
  await page.keyboard.press('Space')
  // The section and the one row that is left.
  await until(async () => (await grid.getAttribute('aria-rowcount')) === '2', { what: 'the list to be filtered' })
  await page.getByRole('rowheader', { name: `${t.shop.row('C')} ${t.shop.rowFree(8, 8)}` }).waitFor()

  await tabTo(page, page.getByRole('button', { name: /^C-1, free, .*accessible/ }))
  await page.keyboard.press('Enter')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Space')
  for (const name of [/^C-1, your choice, .*accessible/, /^C-2, your choice, .*accessible/])
    await page.getByRole('button', { name, pressed: true }).waitFor()
  expect(await faultsOf(buyer)).toEqual([])
  await page.keyboard.press('End')
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toMatch(/^C-8, free/)
  await tabTo(page, page.getByRole('button', { name: t.shop.hold(2) }))
  await page.keyboard.press('Enter')
  await toPaymentWindow(buyer)
  await payInWindow(buyer)
  const accessToken = await signInAs(world, 'buyer5')
  await until(
    async () => {
      const { items } = await world.client.call(listTickets, { query: {}, accessToken })
      return items.length === 2 && items.every(({ seat }) => /^C-[12]$/.test(seat.label ?? ''))
    },
    { what: 'the two tickets' },
  )
})

test('the map says by keyboard what is under the cursor, and axe-core finds no violation in it', async () => {
  const event = await openEvent(world, {
    event: { name: 'Floor and stalls' },
    sections: [
      { name: 'Floor', admission: 'open', capacity: 50, price: { amount: 40_000, currency: 'KRW' } },
      ...stalls(),
    ],
  })
  const buyer = await inside(event, 'buyer6')
  const { page, t } = buyer
  const map = page.getByRole('application', { name: t.shop.mapLabel })
  await map.waitFor()
  expect(await faultsOf(buyer)).toEqual([])
  /** What a screen reader is told. */
  const said = page.locator('.map').getByRole('paragraph')
  await map.focus()
  await page.keyboard.press('ArrowRight')
  await said.filter({ hasText: /^Floor, ₩40,000, 50 left$/ }).waitFor()
  await page.keyboard.press('ArrowDown')
  await said.filter({ hasText: /^A-1, free, Stalls, ₩55,000$/ }).waitFor()
  await page.keyboard.press('Enter')
  await said.filter({ hasText: /^A-1, your choice/ }).waitFor()
  await page.keyboard.press('Enter')
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: t.shop.areaTitle('Floor') }).waitFor()
  await page.getByRole('button', { name: t.shop.moreOne }).click()
  await page.getByRole('button', { name: t.shop.hold(2) }).click()
  await page.getByRole('heading', { level: 1, name: t.shop.heldTitle }).waitFor()
})

test('an organiser draws around seats and takes them off sale; buyers see it at once, and see them come back', async () => {
  const event = await openEvent(world, { event: { name: 'Cameras in row C' }, sections: stalls() })
  const section = event.sections[0]!
  const buyer = await inside(event, 'buyer7')
  await toList(buyer)
  const organiser = await open()
  await organiser.signIn('organiser')
  await organiser.go(`/organiser/events/${event.id}/seats`)
  await settled(organiser)
  const { page, t } = organiser
  await page.getByRole('radio', { name: t.seatPlan.choose }).check()
  const corners = [
    [-4, 1.5],
    [-1, 1.5],
    [-1, 2.5],
    [-4, 2.5],
    [-4, 1.5],
  ] as const
  for (const [index, [x, y]] of corners.entries()) {
    const at = await pointOn(organiser, section, x, y)
    await page.mouse.move(at.x, at.y, { steps: 4 })
    if (index === 0) await page.mouse.down()
  }
  await page.mouse.up()
  await page.getByText(t.seatPlan.chosen(3)).waitFor()
  expect(await faultsOf(organiser)).toEqual([])
  await page.getByLabel(t.seatPlan.reason).fill('Cameras')
  await page.getByRole('button', { name: t.seatPlan.block(3) }).click()
  await page.getByText(t.seatPlan.done).waitFor()
  await buyer.page.getByRole('button', { name: /^C-3, not for sale/ }).waitFor()
  await page
    .getByRole('row', { name: /^Stalls/ })
    .getByRole('cell', { name: '21', exact: true })
    .waitFor()

  await page.getByRole('combobox', { name: t.seatPlan.row, exact: true }).selectOption('C')
  await page.getByRole('button', { name: t.seatPlan.wholeRow }).click()
  await page.getByRole('button', { name: t.seatPlan.unblock(3) }).click()
  await buyer.page.getByRole('button', { name: /^C-3, free/ }).waitFor()
})
