import { mkdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { getSeats, type EventDocument } from '@fairgate/contracts/http/catalog'
import { seatId } from '@fairgate/contracts/ids'
import { placeHold } from '@fairgate/contracts/http/inventory'
import { joinLine } from '@fairgate/contracts/http/waiting-room'
import { register, verifyEmail } from '@fairgate/contracts/http/identity'
import { buy, enter, mailedCode, newBuyer } from '../e2e/people.ts'
import { startOneProcess, type World } from '../e2e/world.ts'
import { openBowl } from './bowl.ts'
import {
  courses,
  desktop,
  goIn,
  launchBrowser,
  openEvent,
  payInWindow,
  phone,
  seats,
  settled,
  toPaymentWindow,
  visit,
  words,
  type Visitor,
} from './browser.ts'

const folder = fileURLToPath(new URL('../../../../screenshots/', import.meta.url))
const crowdSize = 40
const password = 'a fine long password'

type Person = { email: string; accessToken: string }

/** The same pictures each time: who sits where is drawn from this. */
function createRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const random = createRandom(20_261_121)
const taken: string[] = []

/** Writes the page as it stands, on the phone and on the desktop. */
async function shoot(visitor: Visitor, name: string, variant = visitor.language as string): Promise<void> {
  for (const screen of [phone, desktop]) {
    await visitor.page.setViewportSize(screen)
    // A window as high as the page, so that what sticks to the window's edge does not lie across the middle.
    const height = await visitor.page.evaluate(() => document.documentElement.scrollHeight)
    await visitor.page.setViewportSize({ width: screen.width, height: Math.max(height, screen.height) })
    // Drawings follow a change of size one frame later.
    await visitor.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
    const file = `${name}-${screen.width}-${variant}.png`
    await visitor.page.screenshot({ path: `${folder}${file}`, fullPage: true, animations: 'disabled' })
    taken.push(file)
  }
}

async function shootAt(visitor: Visitor, path: string, name: string, variant?: string): Promise<void> {
  await visitor.go(path)
  await settled(visitor)
  await visitor.page.evaluate(() => document.fonts.ready)
  await shoot(visitor, name, variant)
}

const lineOf = (event: EventDocument, index = 0): string => event.sales[0]!.lines[index]!.id

async function inParallel<T>(items: readonly T[], lanes: number, work: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items]
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item)
    }),
  )
}

async function createHouse(world: World) {
  const concert = await openEvent(world, {
    event: {
      name: '한여름 밤의 재즈 Midsummer Jazz',
      venue: '푸른 극장 Blue Theatre',
      region: '부산',
      description: '여름밤에 어울리는 콰르텟의 두 시간. Two hours with a quartet, made for a summer night.',
    },
    sections: [
      seats('VIP', 132_000, 6, 22, { curved: true, aisleAfter: 11 }),
      seats('R', 99_000, 10, 26, { curved: true, aisleAfter: 13 }),
    ],
    lineName: '전체 All seats',
  })
  const race = await openEvent(world, {
    event: {
      name: '단풍길 달리기 Autumn Leaves Run',
      kind: 'race',
      venue: '남산공원 Namsan Park',
      region: '서울',
      description: '단풍이 가장 고운 주말, 남산을 한 바퀴. Around the hill on the best weekend of the year.',
    },
    sections: courses({ '5K': 30_000, '10K': 40_000 }, ['4:00-4:59', '5:00-5:59', '6:00-6:59'], 60),
    lines: 'each',
    limit: 2,
  })
  const floor = await openEvent(world, {
    event: { name: '첫차 라이브 First Train Live', venue: '홍대 라이브홀 Hongdae Live Hall', region: '서울' },
    sections: [{ name: '스탠딩 Floor', admission: 'open', capacity: 300, price: { amount: 55_000, currency: 'KRW' } }],
  })
  const narrow = await openEvent(world, {
    event: { name: '작은 방의 바흐 Bach in a Small Room', venue: '작은 홀 Small Hall', region: '대전' },
    sections: [seats('S', 44_000, 5, 12)],
    shoppersMax: 2,
  })
  const soldOut = await openEvent(world, {
    event: { name: '의자 하나 One Chair', venue: '골목 극장 Alley Theatre', region: '서울' },
    sections: [seats('A', 20_000, 1, 4)],
  })
  const soon = await openEvent(world, {
    event: { name: '새해 첫 일출 달리기 First Sunrise Run', kind: 'race', venue: '해운대 Haeundae', region: '부산' },
    sections: courses({ '10K': 45_000 }, ['4:00-4:59', '5:00-5:59', '6:00-6:59'], 500),
    lines: 'each',
    limit: 1,
    opensInMs: 25 * 60_000,
  })
  const bowl = await openBowl(world, { seats: 50_000, name: '별빛 경기장 Starlight Stadium' })
  return { concert, race, floor, narrow, soldOut, soon, bowl }
}

/** Sells some of everything, keeps a few seats in hands, and leaves people standing in two lines. */
async function fillHouse(world: World, house: Awaited<ReturnType<typeof createHouse>>): Promise<void> {
  const crowd: Person[] = []
  await inParallel([...Array(crowdSize).keys()], 3, async () => void crowd.push(await newBuyer(world)))

  // Pairs and fours, those near the middle of the front first.
  const wishes = house.concert.sections.flatMap((section) => ({ section, size: section.name === 'VIP' ? 22 : 26 }))
  const free = new Set<string>()
  for (const { section } of wishes) {
    const { seats: all } = await world.client.call(getSeats, { params: { id: section.id }, query: {} })
    for (const { id } of all) free.add(id)
  }
  const choose = (count: number): { sectionId: string; seatIds: string[] } => {
    for (;;) {
      const { section, size } = wishes[random(3) === 0 ? 0 : 1]!
      const row = Math.min(random(section.capacity / size), random(section.capacity / size))
      const first = row * size + Math.round((random(size - count) + random(size - count) + random(size - count)) / 3)
      const seatIds = Array.from({ length: count }, (_, index) => seatId(section.id, first + index + 1))
      if (!seatIds.every((id) => free.has(id))) continue
      for (const id of seatIds) free.delete(id)
      return { sectionId: section.id, seatIds }
    }
  }
  const plans = crowd.map((person, index) => ({ person, index, wanted: choose(index % 3 === 0 ? 4 : 3) }))
  await inParallel(plans, 3, async ({ person: { accessToken }, index, wanted }) => {
    const { passToken } = await enter(world, lineOf(house.concert), accessToken)
    const { holdToken } = await world.client.call(placeHold, { body: { passToken, ...wanted }, accessToken })
    if (index % 6 !== 5) await buy(world, holdToken, accessToken)
    if (index % 2 === 0) {
      const line = random(house.race.sections.length)
      const pass = await enter(world, lineOf(house.race, line), accessToken)
      const body = { passToken: pass.passToken, sectionId: house.race.sections[line]!.id, count: 1 + random(2) }
      await buy(world, (await world.client.call(placeHold, { body, accessToken })).holdToken, accessToken)
    }
    const block = house.bowl.sections[random(house.bowl.sections.length)]!
    const bowlPass = await enter(world, lineOf(house.bowl), accessToken)
    const row = { passToken: bowlPass.passToken, sectionId: block.id, count: 4 }
    await buy(world, (await world.client.call(placeHold, { body: row, accessToken })).holdToken, accessToken)
    await world.client.call(joinLine, { params: { id: lineOf(house.narrow) }, body: {}, accessToken })
    await world.client.call(joinLine, { params: { id: lineOf(house.soon, 1) }, body: {}, accessToken })
  })

  const { accessToken } = crowd[0]!
  const { passToken } = await enter(world, lineOf(house.soldOut), accessToken)
  const body = { passToken, sectionId: house.soldOut.sections[0]!.id, count: 4 }
  await buy(world, (await world.client.call(placeHold, { body, accessToken })).holdToken, accessToken)
}

async function registered(world: World, email: string, name: string): Promise<void> {
  const { accessToken } = await world.client.call(register, { body: { email, password, name, locale: 'ko' } })
  await world.client.call(verifyEmail, { body: { email, code: await mailedCode(world, email) }, accessToken })
}

/** Everything that a buyer sees, in the order of a purchase. */
async function shootPurchase(
  visitor: Visitor,
  house: Awaited<ReturnType<typeof createHouse>>,
  variant: string,
): Promise<void> {
  const { page, t, room, language } = visitor
  await shootAt(visitor, '/', '01-events', variant)
  await shootAt(visitor, `/events/${house.concert.id}`, '02-event-concert', variant)
  await visitor.go(`/events/${house.race.id}`)
  await page.getByRole('radio', { name: '10K' }).check()
  await page.getByRole('radio', { name: '5:00-5:59' }).check()
  await page.getByRole('link', { name: t.event.join }).waitFor()
  await shoot(visitor, '03-event-race', variant)
  await shootAt(visitor, `/events/${house.soon.id}`, '04-event-before-opening', variant)
  await visitor.go(`/wait/${lineOf(house.soon, 1)}`)
  await page.getByRole('heading', { name: room.gathering }).waitFor()
  await page.getByText(house.soon.name).waitFor()
  await shoot(visitor, '07-waiting-room-before-opening', variant)
  await visitor.go(`/wait/${lineOf(house.narrow)}`)
  await page.getByRole('heading', { name: room.waiting }).waitFor()
  await page.getByText(house.narrow.name).waitFor()
  await shoot(visitor, '08-waiting-room-waiting', variant)
  await visitor.go(`/wait/${lineOf(house.soldOut)}`)
  await page.getByRole('heading', { name: room.soldOut }).waitFor()
  await shoot(visitor, '10-waiting-room-sold-out', variant)

  await visitor.go(`/wait/${lineOf(house.concert)}`)
  await page.getByRole('heading', { name: room.called }).waitFor()
  await shoot(visitor, '09-waiting-room-called', variant)
  await page.getByRole('heading', { level: 1, name: t.shop.title }).waitFor()
  await settled(visitor)
  const section = house.concert.sections.find(({ name }) => name === 'R')!
  await page.getByRole('combobox', { name: t.shop.section }).selectOption(section.id)
  await page.getByRole('radio', { name: t.shop.list }).check()
  const freeSeats = page.getByRole('button', { name: new RegExp(`, ${t.shop.seatFree}`) })
  await freeSeats.first().click()
  await freeSeats.first().click()
  await shoot(visitor, '12-shop-list', variant)
  await page.getByRole('radio', { name: t.shop.map }).check()
  await shoot(visitor, '11-shop-map', variant)
  await page.getByRole('button', { name: t.shop.hold(2) }).click()
  await page.getByRole('heading', { level: 1, name: t.shop.heldTitle }).waitFor()
  await shoot(visitor, '14-kept', variant)
  await page.getByRole('button', { name: t.shop.toOrder }).click()
  await page.getByRole('heading', { level: 1, name: t.order.review }).waitFor()
  await shoot(visitor, '15-order', variant)
  await page.getByRole('button', { name: words[language].pay }).click()
  await page.waitForURL(/\/sandbox\/window/)
  await shoot(visitor, '16-payment-window', variant)
  await payInWindow(visitor)
  await page.getByRole('img', { name: /QR/ }).first().waitFor()
  await shoot(visitor, '17-paid', variant)

  await visitor.go(`/wait/${lineOf(house.floor)}`)
  await goIn(visitor)
  await page.getByRole('button', { name: t.shop.moreOne }).click()
  await shoot(visitor, '13-shop-open-section', variant)
  await page.getByRole('button', { name: t.shop.hold(2) }).click()
  await toPaymentWindow(visitor)
  await payInWindow(visitor)
  await shootAt(visitor, '/orders', '18-my-orders', variant)
  await shootAt(visitor, '/tickets', '19-my-tickets', variant)
  await page
    .getByRole('link', { name: new RegExp(house.concert.name) })
    .first()
    .click()
  await page.getByRole('img', { name: /QR/ }).waitFor()
  await shoot(visitor, '20-ticket', variant)
}

/** The map of 50,000 seats: from afar, a block, and its seats; each screen with a zoom of its own. */
async function shootBowl({ page, go, t }: Visitor, bowl: EventDocument, variant: string): Promise<void> {
  for (const screen of [phone, desktop]) {
    await page.setViewportSize(screen)
    await go(`/lines/${lineOf(bowl)}/shop`)
    const map = page.getByRole('application', { name: t.shop.mapLabel })
    await map.waitFor()
    const take = async (name: string): Promise<void> => {
      await map.scrollIntoViewIfNeeded()
      // The seats of a block come a moment after it was zoomed to.
      await page.waitForLoadState('networkidle')
      await page.waitForTimeout(1200)
      const file = `${name}-${screen.width}-${variant}.png`
      await page.screenshot({ path: `${folder}${file}`, animations: 'disabled' })
      taken.push(file)
    }
    await take('21-seat-map-sections')
    await map.focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
    await take('22-seat-map-block')
    await page.keyboard.press('ArrowDown')
    for (const key of ['+', '+', '+', 'ArrowRight', 'Enter']) await page.keyboard.press(key)
    await take('23-seat-map-seats')
  }
}

async function shootOffices(organiser: Visitor, admin: Visitor, concertId: string, variant: string): Promise<void> {
  await shootAt(organiser, '/organiser', '30-organiser', variant)
  await shootAt(organiser, '/organiser/new', '31-organiser-new', variant)
  for (const step of ['details', 'sections', 'sale', 'publish']) {
    await shootAt(organiser, `/organiser/events/${concertId}?step=${step}`, `32-organiser-event-${step}`, variant)
  }
  await shootAt(organiser, `/organiser/events/${concertId}/watch`, '33-organiser-watch', variant)
  await shootAt(organiser, `/organiser/events/${concertId}/seats`, '36-organiser-seats', variant)
  await shootAt(admin, '/check-in', '34-check-in', variant)
  await shootAt(admin, '/admin', '35-admin', variant)
}

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
const [world, browser] = await Promise.all([startOneProcess(), launchBrowser()])
try {
  const house = await createHouse(world)
  await fillHouse(world, house)
  const faults: string[] = []
  const looks = [
    { language: 'ko', colorScheme: 'light', variant: 'ko' },
    { language: 'en', colorScheme: 'dark', variant: 'en-dark' },
  ] as const
  for (const look of looks) {
    const stranger = await visit(browser, world, look)
    await shootAt(stranger, '/sign-in', '05-sign-in', look.variant)
    await shootAt(stranger, '/register', '06-register', look.variant)
    await shootAt(stranger, '/nowhere', '40-not-found', look.variant)

    const email = `haneul-${look.language}@example.test`
    await registered(world, email, '김하늘')
    const buyer = await visit(browser, world, look)
    await buyer.signIn(email, password)
    await shootPurchase(buyer, house, look.variant)
    await buyer.go(`/wait/${lineOf(house.bowl)}`)
    await goIn(buyer)
    await shootBowl(buyer, house.bowl, look.variant)

    const [organiser, admin] = [await visit(browser, world, look), await visit(browser, world, look)]
    await organiser.signIn('organiser')
    await admin.signIn('admin')
    await shootOffices(organiser, admin, house.concert.id, look.variant)
    for (const visitor of [stranger, buyer, organiser, admin]) {
      faults.push(...visitor.takeFaults())
      await visitor.context.close()
    }
  }
  console.log(taken.toSorted().join('\n'))
  console.log(`\n${taken.length} pictures in ${folder}`)
  if (faults.length > 0) throw new Error(`pages had faults:\n${faults.join('\n')}`)
} finally {
  await browser.close()
  await world.stop()
}
