import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { getDefences } from '@fairgate/contracts/http/waiting-room'
import { signInAs } from '../e2e/people.ts'
import { startOneProcess, type World } from '../e2e/world.ts'
import { launchBrowser, openEvent, phone, seats, visit } from './browser.ts'

let world: World
let browser: Browser
beforeAll(async () => {
  ;[world, browser] = await Promise.all([startOneProcess({ CHALLENGES: 'on' }), launchBrowser()])
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await world?.stop()
})

for (const language of ['ko', 'en'] as const)
  test(`a person who presses nothing passes the proof of work and hears what is going on, and the organiser sees it, ${language}`, async () => {
    const event = await openEvent(world, { event: { name: 'Puzzle' }, sections: [seats('Stalls', 55_000, 2, 6)] })
    const buyer = await visit(browser, world, { language, screen: phone })
    const { page, room } = buyer
    // A phone whose processor is six times slower.
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: 6 })
    await page.addInitScript(() => {
      const heard: string[] = []
      Object.assign(globalThis, { heard })
      new MutationObserver(() => {
        const said = document.getElementById('live')?.textContent
        if (said && said !== heard.at(-1)) heard.push(said)
      }).observe(document, { subtree: true, childList: true, characterData: true })
    })
    await buyer.signIn(language === 'ko' ? 'buyer3' : 'buyer4')
    const scripts: string[] = []
    page.on('response', (response) => void scripts.push(new URL(response.url()).pathname))
    await buyer.go(`/wait/${event.sales[0]!.lines[0]!.id}`)
    await page.waitForFunction(() => ['inside', 'nearly'].includes(document.body.dataset['state'] ?? ''))
    const heard = await page.evaluate(() => (globalThis as unknown as { heard: string[] }).heard)
    expect(heard.join('\n')).toContain(room.proving)
    expect(scripts.some((path) => path.includes('solver'))).toBe(true)
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
    await panel.getByText(organiser.t.organiser.defence['proof-accepted'], { exact: true }).waitFor()
    await panel.getByText(organiser.t.organiser.reviewEmpty).waitFor()
    expect(organiser.takeFaults()).toEqual([])
    await organiser.context.close()
  })
