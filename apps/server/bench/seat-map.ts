import type { CDPSession, Page } from 'playwright-core'
import { desktop, goIn, launchBrowser, phone, visit, type Visitor } from '../test/services/browser.ts'
import { openBowl } from '../test/services/bowl.ts'
import { startOneProcess } from '../test/e2e/world.ts'
import type { Figure } from './bench.ts'

const seats = 50_000
const panSeconds = 3
const framesMin = 30
const firstDrawMsMax = 1500

/**
 * Frames a second while the map of 50,000 seats is dragged, at the zoom where most seats are drawn one by one: frames
 * that reached the screen, by the browser's own trace. Chromium draws in software here; a graphics card is faster.
 * Beside it: the same from afar and from near by, and how long a fresh browser takes from the address to the drawn map.
 */
export async function bench(): Promise<Figure> {
  const [world, browser] = await Promise.all([startOneProcess(), launchBrowser()])
  try {
    const event = await openBowl(world, { seats, name: 'Bowl' })
    const lineId = event.sales[0]!.lines[0]!.id
    const beside: Record<string, number> = { seats, isSoftwareRendering: 1, firstDrawMsMax }
    let worst = Infinity
    for (const [name, screen, account] of [
      ['desktop', desktop, 'buyer1'],
      ['phone', phone, 'buyer2'],
    ] as const) {
      const buyer = await visit(browser, world, { screen })
      await buyer.signIn(account)
      await buyer.go(`/wait/${lineId}`)
      await goIn(buyer)
      await drawn(buyer.page)
      const cold = await visit(browser, world, { screen })
      // The same person in a browser that has nothing in its cache.
      await cold.context.addCookies(await buyer.context.cookies())
      await cold.context.addInitScript(
        (entries) => {
          for (const [key, value] of entries) localStorage.setItem(key, value)
        },
        await buyer.page.evaluate(() => Object.entries(localStorage)),
      )
      await cold.go(`/lines/${lineId}/shop`)
      beside[`${name}FirstDrawMs`] = Math.round(await drawn(cold.page))
      const levels = await measureLevels(cold)
      for (const [level, frames] of Object.entries(levels)) {
        beside[`${name}${level}FramesPerSecond`] = frames
        worst = Math.min(worst, frames)
      }
      await cold.context.close()
      await buyer.context.close()
    }
    return {
      topic: 'seat-map',
      unit: 'frames/s',
      value: worst,
      limit: framesMin,
      limitIs: 'the fewest frames a second at which a drag looks smooth',
      ratio: Math.round((worst / framesMin) * 100) / 100,
      beside,
    }
  } finally {
    await browser.close()
    await world.stop()
  }
}

/** Milliseconds from the opening of the address to the first picture with news of what is free. */
const drawn = (page: Page): Promise<number> =>
  page
    .waitForFunction(() => performance.getEntriesByName('seat-map drawn')[0]?.startTime)
    .then((handle) => handle.jsonValue() as Promise<number>)

async function measureLevels({ page, context, t }: Visitor): Promise<Record<string, number>> {
  const map = page.getByRole('application', { name: t.shop.mapLabel })
  await map.scrollIntoViewIfNeeded()
  const box = (await map.boundingBox())!
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 }
  const session = await context.newCDPSession(page)
  await page.mouse.move(middle.x, middle.y)
  const zoom = async (wheels: number) => {
    for (let i = 0; i < wheels; i++) await page.mouse.wheel(0, -120)
    // The map asks for seats when a movement has ended.
    let before = -1
    for (let now = await seatsAsked(page); now !== before; now = await seatsAsked(page)) {
      before = now
      await page.waitForTimeout(800)
    }
  }
  const levels: Record<string, number> = {}
  await zoom(1)
  levels['Sections'] = await framesWhileDragging(page, session, middle)
  // Just far enough that every seat in view is drawn by itself.
  for (let pitch = 0; pitch < 4.6; pitch = await pitchOf(page)) await zoom(1)
  levels['ManySeats'] = await framesWhileDragging(page, session, middle)
  await zoom(12)
  levels['NearSeats'] = await framesWhileDragging(page, session, middle)
  return levels
}

const seatsAsked = (page: Page): Promise<number> =>
  page.evaluate(() => performance.getEntriesByType('resource').filter(({ name }) => name.includes('/seats?')).length)

const pitchOf = (page: Page): Promise<number> =>
  page.evaluate(
    () => (document.querySelector('.map-canvas') as { __zoom?: { k: number } } | null)?.__zoom?.k ?? Infinity,
  )

async function framesWhileDragging(page: Page, session: CDPSession, from: { x: number; y: number }): Promise<number> {
  let frames = 0
  const count = ({ value }: { value: object[] }) => {
    frames += value.filter((event) => (event as { name?: string }).name === 'Display::FrameDisplayed').length
  }
  session.on('Tracing.dataCollected', count)
  await session.send('Tracing.start', {
    traceConfig: { includedCategories: ['disabled-by-default-display.framedisplayed'] },
  })
  await page.mouse.down()
  const startedAt = performance.now()
  let step = 0
  while (performance.now() - startedAt < panSeconds * 1000) {
    const angle = step++ / 9
    await page.mouse.move(from.x + Math.cos(angle) * 110, from.y + Math.sin(angle) * 90)
  }
  const seconds = (performance.now() - startedAt) / 1000
  await page.mouse.up()
  const complete = new Promise<void>((resolve) => session.once('Tracing.tracingComplete', () => resolve()))
  await session.send('Tracing.end')
  await complete
  session.off('Tracing.dataCollected', count)
  return Math.round(frames / seconds)
}
