import { createRequire } from 'node:module'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFailed, test } from 'vitest'
import { getSeats, type EventDocument, type Section } from '@fairgate/contracts/http/catalog'
import { createPromotion } from '@fairgate/contracts/http/codes'
import { placeHold } from '@fairgate/contracts/http/inventory'
import { addAllotment } from '@fairgate/contracts/http/stock'
import { seatId } from '@fairgate/contracts/ids'
import { formatMoney } from '@fairgate/contracts/money'
import { listTickets } from '@fairgate/contracts/http/tickets'
import { joinLine, pauseLine, resumeLine } from '@fairgate/contracts/http/waiting-room'
import { fitView } from '../../../web/src/seat-map/draw.ts'
import { layOutVenue } from '../../../web/src/seat-map/venue.ts'
import { texts as sandboxTexts } from '../../../../packages/toss-sandbox/src/pages.ts'
import { buy, enter, mailedCode, mailsTo, newBuyer, signInAs } from '../e2e/people.ts'
import { startOneProcess, until, type World } from '../e2e/world.ts'
import {
  courses,
  desktop,
  goIn,
  launchBrowser,
  openEvent,
  payInWindow,
  phone,
  seats,
  seriousFaults,
  settled,
  sidewaysScrolling,
  tabTo,
  toPaymentWindow,
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
  context.onTestFailed(() => console.error(world.log().slice(-4000)))
})

afterEach(() => {
  expect(visitors.flatMap((visitor) => visitor.takeFaults())).toEqual([])
})

/** A window whose faults fail the test, and which shows what it had on screen when the test fails. */
async function open(look?: Parameters<typeof visit>[2]): Promise<Visitor> {
  const visitor = await visit(browser, world, look)
  visitors.push(visitor)
  explainFailure(visitor)
  return visitor
}

function explainFailure({ page }: Visitor): void {
  onTestFailed(async () => {
    console.error(`${page.url()}\n${await page.locator('body').ariaSnapshot({ timeout: 2000 }).catch(String)}`)
  })
}

const lineOf = (event: EventDocument, sectionName?: string): string => {
  const section = event.sections.find(({ name }) => name === sectionName) ?? event.sections[0]!
  return event.sales[0]!.lines.find(({ sectionIds }) => sectionIds.includes(section.id))!.id
}

/** A click on the drawn seat, where the map's own arithmetic has put it. */
async function clickSeat({ page, t }: Visitor, section: Section, label: string): Promise<void> {
  const { seats: drawn } = await world.client.call(getSeats, { params: { id: section.id }, query: {} })
  const seat = drawn.find((one) => one.label === label)!
  const map = page.getByRole('application', { name: t.shop.mapLabel })
  await map.scrollIntoViewIfNeeded()
  const box = (await map.boundingBox())!
  const venue = layOutVenue({ sections: [{ section, tier: 0, seats: drawn }] })
  const { scale, x, y } = fitView(venue.box, venue.pitch, box)
  await map.click({ position: { x: seat.x * scale + x, y: seat.y * scale + y } })
}

type QrLibrary = {
  create(text: string, options: object): { modules: { size: number; get(y: number, x: number): number } }
}

/** Whether the drawn code is the QR code of this text, module by module. */
async function expectQrOf({ page, t }: Visitor, label: string, text: string): Promise<void> {
  const drawn = await page
    .getByRole('img', { name: t.ticket.qr(label) })
    .locator('path')
    .getAttribute('d')
  const dark = [...(drawn ?? '').matchAll(/M(\d+) (\d+)h1v1h-1z/g)].map(([, x, y]) => `${x},${y}`)
  const { create } = createRequire(new URL('../../../web/src/ui/qr.tsx', import.meta.url))('qrcode') as QrLibrary
  const { modules } = create(text, { errorCorrectionLevel: 'M' })
  const quiet = 4
  const wanted: string[] = []
  for (let y = 0; y < modules.size; y++) {
    for (let x = 0; x < modules.size; x++) if (modules.get(y, x)) wanted.push(`${x + quiet},${y + quiet}`)
  }
  expect(dark).toEqual(wanted)
}

const codeInTicket = async (visitor: Visitor, act: () => Promise<void>): Promise<string> => {
  const answered = visitor.page.waitForResponse((response) => /\/api\/tickets\/[^/?]+$/.test(response.url()))
  await act()
  return ((await (await answered).json()) as { code: string }).code
}

/** One person through the two journeys that follow each other. */
let newcomer: Visitor
const newcomerEmail = 'newcomer@example.test'

test('a newcomer registers, waits, chooses a seat on the map, pays and sees a ticket that opens the gate once', async () => {
  const event = await openEvent(world, {
    event: { name: 'Evening of strings' },
    sections: [seats('Stalls', 55_000, 4, 10)],
  })
  newcomer = await open()
  const { page, t, room } = newcomer
  await newcomer.go('/')
  await page.getByRole('link', { name: 'Evening of strings' }).click()
  await page.getByRole('link', { name: t.event.join }).click()
  await page.getByRole('link', { name: room.register }).click()
  await page.getByLabel(t.account.name, { exact: true }).fill('Kim New')
  await page.getByLabel(t.account.email).fill(newcomerEmail)
  await page.getByLabel(t.account.password, { exact: true }).fill('a fine long password')
  await page.getByRole('button', { name: t.common.register }).click()
  await page.getByLabel(t.account.code).fill(await mailedCode(world, newcomerEmail))
  await page.getByRole('button', { name: t.account.codeSubmit }).click()

  await goIn(newcomer)
  await clickSeat(newcomer, event.sections[0]!, 'B-5')
  await page.getByRole('button', { name: t.shop.hold(1) }).click()
  await toPaymentWindow(newcomer)
  await payInWindow(newcomer)

  const code = await codeInTicket(newcomer, () => page.getByRole('link', { name: t.ticket.open('B-5') }).click())
  await page.getByRole('heading', { level: 1, name: 'Evening of strings' }).waitFor()
  await expectQrOf(newcomer, 'B-5', code)
  await until(async () => (await mailsTo(world, newcomerEmail)).length >= 2, { what: 'the mail with the ticket' })

  const staff = await open({ screen: phone })
  await staff.signIn('staff')
  await staff.go('/check-in')
  for (const greeting of [staff.t.checkIn.admitted, staff.t.checkIn.alreadyUsed]) {
    staff.expects(409, 'POST', /^\/api\/check-ins$/)
    await staff.page.getByLabel(staff.t.checkIn.code).fill(code)
    await staff.page.keyboard.press('Enter')
    await staff.page.getByRole('heading', { name: greeting }).waitFor()
  }
  await staff.context.close()
})

test('who has forgotten the password is back with a code that was mailed, on the way to where it was needed', async () => {
  const { email } = await newBuyer(world)
  const visitor = await open({ screen: phone })
  const { page, t } = visitor
  await visitor.go('/sign-in?next=%2Forders')
  await page.getByLabel(t.account.email).fill(email)
  await page.getByRole('link', { name: t.account.forgotten }).click()
  await page.getByRole('button', { name: t.account.resetAsk }).click()
  await page.getByLabel(t.account.newPassword, { exact: true }).fill('another fine password')
  await until(async () => (await mailsTo(world, email)).length >= 2, { what: 'the mail with the code' })
  await page.getByLabel(t.account.code).fill(await mailedCode(world, email))
  await page.getByRole('button', { name: t.account.newPasswordSubmit }).click()
  await page.getByText(t.account.newPasswordSet).waitFor()
  expect(await page.getByLabel(t.account.email).inputValue()).toBe(email)
  await page.getByLabel(t.account.password, { exact: true }).fill('another fine password')
  await page.getByRole('button', { name: t.common.signIn }).click()
  await page.waitForURL((url) => url.pathname === '/orders')
  await visitor.context.close()
})

test('the same person enters a race on a phone by course and pace group, and finds both tickets and both orders', async () => {
  explainFailure(newcomer)
  await openEvent(world, {
    event: { name: 'Harbour miles', kind: 'race', venue: 'Riverside park' },
    sections: courses({ '5K': 35_000, '10K': 45_000 }, ['4:00-4:59', '5:00-5:59'], 20),
    lines: 'each',
    limit: 2,
  })
  const { page, t } = newcomer
  await page.setViewportSize(phone)
  await newcomer.go('/')
  await page.getByRole('link', { name: 'Harbour miles' }).click()
  await page.getByRole('radio', { name: '10K' }).check()
  await page.getByRole('radio', { name: '5:00-5:59' }).check()
  await page.getByRole('link', { name: t.event.join }).click()
  await goIn(newcomer)
  await page.getByRole('button', { name: t.shop.moreOne }).click()
  await page.getByRole('button', { name: t.shop.fewer }).click()
  await page.getByRole('button', { name: t.shop.hold(1) }).click()
  await toPaymentWindow(newcomer)
  await payInWindow(newcomer)

  await page.getByRole('link', { name: t.order.showTickets }).click()
  await page.getByRole('heading', { level: 1, name: t.ticket.listTitle }).waitFor()
  await page.getByRole('link', { name: /Evening of strings/ }).waitFor()
  await page.getByRole('link', { name: /Harbour miles/ }).waitFor()
  await page.getByRole('navigation', { name: t.common.menu }).getByRole('link', { name: t.common.orders }).click()
  for (const name of ['Evening of strings', 'Harbour miles']) {
    await page.getByRole('listitem').filter({ hasText: name }).getByText(t.order.states.fulfilled).waitFor()
  }
})

test('after a refused card the places are still kept, and another card pays', async () => {
  const event = await openEvent(world, {
    event: { name: 'Standing night' },
    sections: [{ name: 'Floor', admission: 'open', capacity: 30, price: { amount: 44_000, currency: 'KRW' } }],
  })
  const buyer = await open({ screen: phone })
  const { page, t } = buyer
  await buyer.signIn('buyer1')
  await buyer.go(`/wait/${lineOf(event)}`)
  await goIn(buyer)
  await page.getByRole('button', { name: t.shop.moreOne }).click()
  await page.getByRole('button', { name: t.shop.hold(2) }).click()
  await toPaymentWindow(buyer)
  await page.getByRole('button', { name: sandboxTexts.en.decline }).click()
  await page.getByRole('heading', { level: 1, name: t.pay.refusedTitle }).waitFor()
  await page.getByRole('link', { name: t.order.finish }).click()
  await page.getByRole('alert').filter({ hasText: t.order.refused }).waitFor()
  await page.getByRole('button', { name: words.en.pay }).click()
  await page.waitForURL(/\/sandbox\/window/)
  await payInWindow(buyer)
  await page.getByRole('img', { name: /^QR/ }).nth(1).waitFor()
})

test('an organiser creates an event with two kinds of sections, publishes it, and pauses and resumes its line', async () => {
  const organiser = await open()
  const { page, t } = organiser
  await organiser.go('/sign-in')
  await page.getByLabel(t.account.email).fill('organiser@demo.fairgate.test')
  await page.getByLabel(t.account.password, { exact: true }).fill('fairgate-demo')
  await page.getByRole('main').getByRole('button', { name: t.common.signIn }).click()
  await page.getByRole('link', { name: t.common.organise }).click()
  await page.getByRole('link', { name: t.organiser.new }).click()

  const soon = (days: number): string => new Date(Date.now() + days * 24 * 3600_000).toISOString().slice(0, 16)
  await page.getByLabel(t.organiser.name).fill('Spring gala')
  await page.getByLabel(t.organiser.venue, { exact: true }).fill('Harbour hall')
  await page.getByLabel(t.organiser.startsAt).fill(soon(30))
  await page.getByLabel(t.organiser.timeZone).selectOption('UTC')
  await page.getByRole('button', { name: t.organiser.create }).click()

  const sections = page.getByRole('list', { name: t.organiser.sectionsTitle })
  await page.getByRole('radio', { name: t.organiser.howPlan }).check()
  await page.getByLabel(t.organiser.sectionName).fill('Balcony')
  await page.getByLabel(t.organiser.price).fill('70000')
  await page.getByLabel(t.organiser.rows, { exact: true }).fill('6')
  await page.getByLabel(t.organiser.seatsPerRow).fill('12')
  await page.getByRole('img', { name: t.organiser.previewOf(72) }).waitFor()
  await page.getByRole('button', { name: t.organiser.addSection }).click()
  await sections.getByText(t.event.capacity(72)).waitFor()
  await page.getByRole('radio', { name: t.organiser.howOpen }).check()
  await page.getByLabel(t.organiser.sectionName).fill('Floor')
  await page.getByLabel(t.organiser.price).fill('40000')
  await page.getByLabel(t.organiser.capacity).fill('100')
  await page.getByRole('button', { name: t.organiser.addSection }).click()
  await sections.getByText(t.event.capacity(100)).waitFor()

  await page
    .getByRole('navigation', { name: t.organiser.steps })
    .getByRole('button', { name: t.organiser.stepSale })
    .click()
  await page.getByLabel(t.organiser.opensAt).fill(soon(0))
  await page.getByLabel(t.organiser.closesAt).fill(soon(20))
  await page.getByRole('button', { name: t.organiser.createSale }).click()
  await page.getByRole('button', { name: t.organiser.publish }).click()
  await page.getByRole('button', { name: t.organiser.publishYes }).click()
  await page.getByText(t.organiser.ready).waitFor()

  await page.getByRole('main').getByRole('link', { name: t.organiser.watch }).last().click()
  const line = page.getByRole('region', { name: 'Spring gala' })
  await line.getByText(`${t.organiser.stockFree} 172`).waitFor()
  await line.getByText(t.organiser.phases.open, { exact: true }).waitFor()
  await line.getByRole('button', { name: t.organiser.pause }).click()
  await line.getByText(t.organiser.phases.paused, { exact: true }).waitFor()
  await line.getByRole('button', { name: t.organiser.resume }).click()
  await line.getByText(t.organiser.phases.open, { exact: true }).waitFor()
})

test('with the keyboard alone one gets from the event to the ticket by way of the list of seats', async () => {
  const event = await openEvent(world, {
    event: { name: 'Keyboard concert' },
    sections: [seats('Stalls', 55_000, 2, 6)],
  })
  const buyer = await open()
  const { page, t, room, language } = buyer
  const press = async (role: 'link' | 'button', name: string | RegExp) => {
    await tabTo(page, page.getByRole(role, { name }))
    await page.keyboard.press('Enter')
  }
  await buyer.signIn('buyer2')
  await buyer.go(`/events/${event.id}`)
  await press('link', t.event.join)
  await press('link', room.goIn)
  await tabTo(page, page.getByRole('radio', { name: t.shop.map }))
  await page.keyboard.press('ArrowRight')
  // Tab goes past the seats, arrows from one to the next.
  await tabTo(page, page.getByRole('button', { name: /^A-1, free/ }))
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: /^A-2, your choice/, pressed: true }).waitFor()
  await press('button', t.shop.hold(1))
  await press('button', t.shop.toOrder)
  await press('button', words[language].pay)
  await page.waitForURL(/\/sandbox\/window/)
  await press('button', words[language].pay)
  await page.getByRole('heading', { level: 1, name: t.pay.done }).waitFor()
  await press('link', t.ticket.open('A-2'))
  await page.getByRole('img', { name: t.ticket.qr('A-2') }).waitFor()
})

test('with a code, the keys and a phone one buys places that are set aside, without standing in line', async () => {
  const event = await openEvent(world, {
    event: { name: '팬클럽의 밤' },
    sections: [seats('Stalls', 55_000, 2, 6)],
    opensInMs: 3_600_000,
  })
  const accessToken = await signInAs(world, 'organiser')
  const [section] = event.sections
  const { code } = await world.client.call(addAllotment, {
    params: { id: section!.id },
    body: {
      name: 'Fan club',
      seatIds: [1, 2, 3, 4].map((number) => seatId(section!.id, number)),
      releaseAt: new Date(Date.now() + 1_800_000).toISOString(),
    },
    accessToken,
    idempotencyKey: crypto.randomUUID(),
  })
  await world.client.call(createPromotion, {
    params: { id: event.id },
    body: { name: 'Fan club', code: 'FANS', percent: 10, allotmentCodes: [code] },
    accessToken,
    idempotencyKey: crypto.randomUUID(),
  })
  const buyer = await open({ language: 'ko', screen: phone })
  const { page, t, language } = buyer
  const press = async (role: 'link' | 'button', name: string | RegExp) => {
    await tabTo(page, page.getByRole(role, { name }))
    await page.keyboard.press('Enter')
  }
  const look = async (name: string) => {
    expect([...(await seriousFaults(buyer)), ...(await sidewaysScrolling(buyer))]).toEqual([])
    const folder = process.env['SCREENSHOTS']
    if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true })
  }
  const type = async (text: string) => {
    await tabTo(page, page.getByRole('textbox', { name: t.money.code }))
    await page.keyboard.press('ControlOrMeta+a')
    await page.keyboard.type(text)
    await page.keyboard.press('Enter')
  }
  await buyer.signIn('buyer3')
  await buyer.go(`/events/${event.id}`)
  await press('link', t.money.codeQuestion)
  buyer.expects(409, 'POST', /\/api\/codes\/check$/)
  await type('NOBODY')
  await page.getByText('등록되지 않은 코드입니다').waitFor()
  await look('code-unknown')
  await type('fans')
  await page.getByText(t.money.codeOpens).waitFor()
  await look('code-good')
  // A refresh loses nothing.
  await page.reload()
  await press('button', t.shop.moreOne)
  await press('button', t.shop.hold(2))
  await page.getByRole('heading', { level: 1, name: t.shop.heldTitle }).waitFor()
  await page.getByText(t.money.codeGood('FANS')).waitFor()
  await look('code-held')
  await press('button', t.shop.toOrder)
  await page
    .getByText(formatMoney({ amount: 99_000, currency: 'KRW' }, 'ko'))
    .first()
    .waitFor()
  await press('button', words[language].pay)
  await page.waitForURL(/\/sandbox\/window/)
  await press('button', words[language].pay)
  await page.getByRole('heading', { level: 1, name: t.pay.done }).waitFor()
})

test('whoever waits before the opening sees it come closer and is taken in without pressing anything', async () => {
  const event = await openEvent(world, {
    event: { name: 'Opening night' },
    sections: [seats('Stalls', 55_000, 2, 6)],
    opensInMs: 6000,
  })
  const buyer = await open({ screen: phone })
  const { page, t, room } = buyer
  await buyer.signIn('buyer3')
  await buyer.go(`/wait/${lineOf(event)}`)
  await page.getByRole('heading', { level: 1, name: room.gathering }).waitFor()
  const countdown = page.getByRole('timer')
  const first = await countdown.innerText()
  expect(first).toMatch(/00:0\d/)
  await expect.poll(() => countdown.innerText(), { timeout: 5000 }).not.toBe(first)
  await page.getByRole('heading', { level: 1, name: t.shop.title }).waitFor({ timeout: 30_000 })
})

test('a pause, a lost connection and a reload cost nobody the place, and the door opens afterwards', async () => {
  const event = await openEvent(world, { event: { name: 'Patience' }, sections: [seats('Stalls', 55_000, 2, 6)] })
  const lineId = lineOf(event)
  const accessToken = await signInAs(world, 'organiser')
  await world.client.call(pauseLine, { params: { id: lineId }, accessToken })
  await world.client.call(joinLine, { params: { id: lineId }, body: {}, accessToken: await signInAs(world, 'buyer9') })
  const buyer = await open({ screen: phone })
  const { page, room } = buyer
  await buyer.signIn('buyer4')
  await buyer.go(`/wait/${lineId}`)
  const isPaused = page.getByRole('heading', { level: 1, name: room.paused })
  await isPaused.waitFor()
  const number = page.getByRole('definition').last()
  expect(await number.innerText()).toBe('2')

  await page.reload()
  await isPaused.waitFor()
  expect(await number.innerText()).toBe('2')

  const notice = page.getByText(room.offline)
  await buyer.offlineDuring(() => notice.waitFor())
  await notice.waitFor({ state: 'hidden' })

  await world.client.call(resumeLine, { params: { id: lineId }, accessToken })
  await goIn(buyer)
})

test('when the last place is sold, those who wait are told at once', async () => {
  const event = await openEvent(world, {
    event: { name: 'One chair' },
    sections: [{ name: 'Chair', admission: 'open', capacity: 1, price: { amount: 10_000, currency: 'KRW' } }],
  })
  const other = await signInAs(world, 'buyer5')
  const { passToken } = await enter(world, lineOf(event), other)
  const waiting = await open({ screen: phone })
  await waiting.signIn('buyer6')
  const held = await world.client.call(placeHold, {
    body: { passToken, sectionId: event.sections[0]!.id, count: 1 },
    accessToken: other,
  })
  await waiting.go(`/wait/${lineOf(event)}`)
  await waiting.page.getByRole('heading', { level: 1, name: waiting.room.nearly }).waitFor()
  await buy(world, held.holdToken, other)
  await waiting.page.getByRole('heading', { level: 1, name: waiting.room.soldOut }).waitFor()
})

test('a page whose files do not come, as after an update, says so, and a reload carries on', async () => {
  const visitor = await open({ language: 'ko', screen: phone })
  const { page, t } = visitor
  await visitor.signIn('buyer2')
  await visitor.go('/')
  await page.route('**/assets/ticket-pages-*', (route) => route.abort())
  await page.getByRole('link', { name: t.common.tickets }).click()
  await page.getByRole('heading', { level: 1, name: t.common.errorTitle }).waitFor()
  expect([...(await seriousFaults(visitor)), ...(await sidewaysScrolling(visitor))]).toEqual([])
  // What the browser says of the missing file.
  expect(visitor.takeFaults().length).toBeGreaterThan(0)
  await page.unroute('**/assets/ticket-pages-*')
  await page.getByRole('button', { name: t.common.reload }).click()
  await page.getByRole('heading', { level: 1, name: t.ticket.listTitle }).waitFor()
})

test('axe-core would find a serious fault if there were one', async () => {
  const visitor = await open()
  await visitor.go('/')
  await settled(visitor)
  expect(await seriousFaults(visitor)).toEqual([])
  await visitor.page.evaluate(() => document.querySelector('main')!.append(document.createElement('button')))
  expect(await seriousFaults(visitor)).toEqual([expect.stringMatching(/^button-name/)])
})

test.each([
  { language: 'ko', colorScheme: 'light' },
  { language: 'en', colorScheme: 'dark' },
] as const)(
  'axe-core finds nothing serious and nothing sticks out on phone and desktop, in $language, $colorScheme',
  async ({ language, colorScheme }) => {
    const account = language === 'ko' ? 'buyer7' : 'buyer8'
    const accessToken = await signInAs(world, account)
    const concert = await openEvent(world, {
      event: { name: `Clear view ${language}` },
      sections: [seats('Stalls', 55_000, 6, 10)],
    })
    const race = await openEvent(world, {
      event: { name: `Clear road ${language}`, kind: 'race' },
      sections: courses({ '5K': 35_000, '10K': 45_000 }, ['4:00-4:59', '5:00-5:59'], 20),
      lines: 'each',
    })
    const later = await openEvent(world, {
      event: { name: `Later ${language}` },
      sections: [seats('Stalls', 55_000, 2, 6)],
      opensInMs: 1800_000,
    })

    const raceSection = race.sections[0]!
    const { passToken } = await enter(world, lineOf(race), accessToken)
    const bought = await world.client.call(placeHold, {
      body: { passToken, sectionId: raceSection.id, count: 1 },
      accessToken,
    })
    const { id: orderId } = await buy(world, bought.holdToken, accessToken)
    const ticketOf = async () => (await world.client.call(listTickets, { query: { orderId }, accessToken })).items[0]
    await until(async () => (await ticketOf()) !== undefined, { what: 'the ticket' })

    const buyer = await open({ language, colorScheme })
    const { page, t } = buyer
    const found: Record<string, string[]> = {}
    const look = async (name: string, visitor = buyer) => {
      for (const screen of [desktop, phone]) {
        await visitor.page.setViewportSize(screen)
        const faults = [...(await seriousFaults(visitor)), ...(await sidewaysScrolling(visitor))]
        if (faults.length > 0) found[`${name} at ${screen.width}`] = faults
      }
    }
    const lookAt = async (path: string, visitor = buyer) => {
      await visitor.go(path)
      await settled(visitor)
      await look(path, visitor)
    }
    const stranger = await open({ language, colorScheme })
    for (const path of ['/sign-in', '/register', '/reset-password', `/wait/${lineOf(concert)}`])
      await lookAt(path, stranger)
    await buyer.signIn(account)
    for (const path of ['/', `/events/${race.id}`, `/events/${concert.id}`, `/wait/${lineOf(later)}`])
      await lookAt(path)
    for (const path of ['/orders', `/orders/${orderId}`, '/tickets', `/tickets/${(await ticketOf())!.id}`])
      await lookAt(path)

    await buyer.go(`/wait/${lineOf(concert)}`)
    await goIn(buyer)
    await look('the map of the shop')
    await page.getByRole('radio', { name: t.shop.list }).check()
    await page.getByRole('button', { name: /^A-2, / }).click()
    await look('the list of the shop')
    await page.getByRole('button', { name: t.shop.hold(1) }).click()
    await page.getByRole('heading', { level: 1, name: t.shop.heldTitle }).waitFor()
    await look('the kept seats')
    await page.getByRole('button', { name: t.shop.toOrder }).click()
    await page.getByRole('heading', { level: 1, name: t.order.review }).waitFor()
    await look('the order')
    await page.getByRole('button', { name: words[language].pay }).click()
    await page.waitForURL(/\/sandbox\/window/)
    await look('the payment window')

    const organiser = await open({ language, colorScheme })
    await organiser.signIn('organiser')
    await lookAt('/organiser', organiser)
    await lookAt('/organiser/new', organiser)
    await lookAt('/organiser/webhooks', organiser)
    for (const step of ['sections', 'sale', 'publish'])
      await lookAt(`/organiser/events/${concert.id}?step=${step}`, organiser)
    await lookAt(`/organiser/events/${concert.id}/watch`, organiser)
    const admin = await open({ language, colorScheme })
    await admin.signIn('admin')
    for (const path of ['/check-in', '/admin']) await lookAt(path, admin)
    expect(found).toEqual({})
  },
)
