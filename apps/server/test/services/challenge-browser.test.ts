import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { getDefences } from '@fairgate/contracts/http/waiting-room'
import { signInAs } from '../e2e/people.ts'
import { startOneProcess, type World } from '../e2e/world.ts'
import { launchBrowser, openEvent, phone, seats, tabTo, visit } from './browser.ts'

let world: World
let browser: Browser
beforeAll(async () => {
  ;[world, browser] = await Promise.all([startOneProcess({ CHALLENGES: 'on' }), launchBrowser()])
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await world?.stop()
})

/** What an old browser lacks, taken away before the page runs. */
const lacks = {
  nothing: () => {},
  workers: () => void Reflect.deleteProperty(globalThis, 'Worker'),
  'workers of modules': () => {
    class OldWorker {
      onerror?: () => void
      postMessage = () => void setTimeout(() => this.onerror?.(), 0)
      terminate = () => {}
    }
    Object.assign(globalThis, { Worker: OldWorker })
  },
}

/** Notes what a screen reader is told, and the longest time in which the page did nothing else. */
function listen(): void {
  const noted = { heard: [] as string[], looks: 0, frozenMs: 0 }
  Object.assign(globalThis, { noted })
  new MutationObserver(() => {
    const said = document.getElementById('live')?.textContent
    if (said && said !== noted.heard.at(-1)) noted.heard.push(said)
  }).observe(document, { subtree: true, childList: true, characterData: true })
  let last = performance.now()
  setInterval(() => {
    const now = performance.now()
    if (document.body?.dataset['state'] === 'proving') {
      noted.looks++
      noted.frozenMs = Math.max(noted.frozenMs, now - last)
    }
    last = now
  }, 10)
}

for (const [language, lacking] of [
  ['ko', 'nothing'],
  ['en', 'nothing'],
  ['ko', 'workers'],
  ['en', 'workers of modules'],
] as const)
  test(`with the keyboard alone, on a phone six times slower whose browser lacks ${lacking}, a person passes the proof of work, hears what is going on and gets in, ${language}`, async () => {
    const event = await openEvent(world, { event: { name: 'Puzzle' }, sections: [seats('Stalls', 55_000, 2, 6)] })
    const buyer = await visit(browser, world, { language, screen: phone })
    const { page, room, t } = buyer
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: 6 })
    await page.addInitScript(lacks[lacking])
    await page.addInitScript(listen)
    await buyer.signIn(language === 'ko' ? 'buyer3' : 'buyer4')
    const scripts: string[] = []
    page.on('response', (response) => void scripts.push(new URL(response.url()).pathname))
    await buyer.go(`/events/${event.id}`)
    const toLine = page.locator(`a[href="/wait/${event.sales[0]!.lines[0]!.id}"]`).first()
    await tabTo(page, toLine)
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => ['inside', 'nearly'].includes(document.body.dataset['state'] ?? ''))
    const { heard, looks, frozenMs } = await page.evaluate(
      () => (globalThis as unknown as { noted: { heard: string[]; looks: number; frozenMs: number } }).noted,
    )
    expect(heard.join('\n')).toContain(room.proving)
    // Solving leaves the page alone: keys and the screen reader are answered meanwhile.
    expect(looks).toBeGreaterThan(0)
    expect(frozenMs).toBeLessThan(1000)
    expect(scripts.some((path) => path.includes('solver'))).toBe(lacking === 'nothing')
    expect(scripts.some((path) => path.includes('solving'))).toBe(lacking !== 'nothing')
    const goIn = page.getByRole('link', { name: room.goIn })
    if (await goIn.isVisible()) {
      await tabTo(page, goIn)
      await page.keyboard.press('Enter')
    }
    await page.getByRole('heading', { level: 1, name: t.shop.title }).waitFor()
    expect(buyer.takeFaults()).toEqual([])
    const { counts } = await world.client.call(getDefences, {
      params: { id: event.sales[0]!.id },
      accessToken: await signInAs(world, 'organiser'),
    })
    expect(counts).toEqual([
      { defence: 'challenge-given', count: 1 },
      { defence: 'proof-accepted', count: 1 },
    ])
    await page.context().close()

    const organiser = await visit(browser, world, { language })
    await organiser.signIn('organiser')
    await organiser.go(`/organiser/events/${event.id}/watch`)
    const panel = organiser.page.getByRole('region', { name: organiser.t.organiser.defences })
    for (const group of ['given', 'accepted'] as const)
      await panel.getByRole('heading', { name: organiser.t.organiser.defenceGroup[group] }).waitFor()
    await panel.getByText(organiser.t.organiser.reviewEmpty).waitFor()
    expect(organiser.takeFaults()).toEqual([])
    await organiser.context.close()
  })
