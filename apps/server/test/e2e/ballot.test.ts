import { createHmac, hash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  apply,
  awardPass,
  ballotEntries,
  declineAward,
  getBallot,
  listAwards,
  myApplication,
  type Award,
} from '@fairgate/contracts/http/ballots'
import { addSection, createEvent, createSale, getEvent, publishSale, type Sale } from '@fairgate/contracts/http/catalog'
import { placeHold } from '@fairgate/contracts/http/inventory'
import { audit } from '@fairgate/contracts/http/operations'
import { verifyBallot } from '@fairgate/contracts/verify-ballot'
import { buy, mailsTo, newBuyer, refusal, signInAs } from './people.ts'
import { startOneProcess, until, type World } from './world.ts'

const hashes = {
  sha256: (bytes: Uint8Array) => hash('sha256', bytes, 'buffer'),
  hmacSha256: (key: Uint8Array, bytes: Uint8Array) => createHmac('sha256', key).update(bytes).digest(),
}

type Buyer = Awaited<ReturnType<typeof newBuyer>>

/** A race by ballot whose applications are open, with a place in each of its groups, fast to slow. */
async function openBallot(
  world: World,
  groups: readonly string[],
  options: { drawInMs: number; payBySeconds: number },
): Promise<{ eventId: string; sale: Sale }> {
  const accessToken = await signInAs(world, 'organiser')
  const now = Date.now()
  const event = await world.client.call(createEvent, {
    body: {
      kind: 'race',
      name: 'Forest Trail',
      venue: 'North gate',
      startsAt: new Date(now + 40 * 24 * 3600_000).toISOString(),
      timeZone: 'Asia/Seoul',
      currency: 'KRW',
    },
    accessToken,
  })
  const lines = []
  for (const name of groups) {
    const body = {
      name,
      admission: 'open' as const,
      capacity: 1,
      price: 40_000,
      attributes: { course: '10K', pace: name },
    }
    const section = await world.client.call(addSection, { params: { id: event.id }, body, accessToken })
    lines.push({ name, sectionIds: [section.id], course: '10K' })
  }
  const draft = await world.client.call(createSale, {
    params: { id: event.id },
    body: {
      method: 'ballot',
      opensAt: new Date(now - 1000).toISOString(),
      closesAt: new Date(now + 24 * 3600_000).toISOString(),
      holdSeconds: 3,
      limitPerAccount: 1,
      ballot: {
        drawAt: new Date(now + options.drawInMs).toISOString(),
        payBySeconds: options.payBySeconds,
        moves: groups.length > 1 ? 'down' : 'none',
      },
      lines: groups.length > 1 ? lines : lines.map(({ name, sectionIds }) => ({ name, sectionIds })),
    },
    accessToken,
  })
  await world.client.call(publishSale, { params: { id: draft.id }, accessToken })
  let sale = draft
  await until(
    async () => {
      sale = (await world.client.call(getEvent, { params: { id: event.id }, accessToken })).sales[0]!
      return sale.readiness.inventory && sale.readiness.waitingRoom
    },
    { what: 'the ballot to be ready' },
  )
  return { eventId: event.id, sale }
}

async function awardOf(world: World, saleId: string, buyer: Buyer): Promise<Award | null> {
  return (await world.client.call(myApplication, { params: { id: saleId }, accessToken: buyer.accessToken })).award
}

describe('a sale by ballot over HTTP, all modules in one process', () => {
  let world: World
  beforeAll(async () => {
    world = await startOneProcess()
  }, 120_000)
  afterAll(() => world?.stop())

  test('people apply, are drawn, one buys, one lets the time pass, and the places go down the draw', async () => {
    const { sale, eventId } = await openBallot(world, ['only'], { drawInMs: 6000, payBySeconds: 4 })
    const people = await Promise.all([newBuyer(world), newBuyer(world), newBuyer(world)])
    const lineId = sale.lines[0]!.id
    for (const { accessToken } of people)
      await world.client.call(apply, {
        params: { id: sale.id },
        body: { preferences: [lineId], quantity: 1 },
        accessToken,
      })
    const open = await world.client.call(getBallot, { params: { id: sale.id } })
    expect(open).toMatchObject({ phase: 'open', draw: { commitment: expect.any(String) } })
    expect(open.draw.seed).toBeUndefined()
    expect(await refusal(world.client.call(ballotEntries, { params: { id: sale.id } }))).toBe('ballots.not-drawn')

    const holders = async () => {
      const awards = await Promise.all(people.map((buyer) => awardOf(world, sale.id, buyer)))
      return people.filter((_, index) => awards[index]?.state === 'awarded')
    }
    let first: Buyer | undefined
    await until(async () => (first = (await holders())[0]) !== undefined, { what: 'the first award' })
    // The first lets the time pass; the second in the draw has the place and buys it.
    let second: Buyer | undefined
    await until(
      async () => {
        const [holder] = await holders()
        second = holder === first ? undefined : holder
        return second !== undefined
      },
      { what: 'the award of the next', timeoutMs: 20_000 },
    )
    const award = (await awardOf(world, sale.id, second!))!
    expect(award).toMatchObject({ fromReserve: true, quantity: 1, state: 'awarded' })
    const { accessToken } = second!
    const { passToken, seatsMax } = await world.client.call(awardPass, { params: { id: award.id }, accessToken })
    expect(seatsMax).toBe(1)
    const { holdToken } = await world.client.call(placeHold, {
      body: { passToken, sectionId: award.sectionIds[0]!, count: 1 },
      accessToken,
    })
    expect(await buy(world, holdToken, accessToken)).toMatchObject({ state: 'fulfilled' })
    await until(async () => (await awardOf(world, sale.id, second!))?.state === 'bought', {
      what: 'the award to be bought',
    })

    expect((await awardOf(world, sale.id, first!))?.state).toBe('lapsed')
    const mine = await world.client.call(listAwards, { accessToken: first!.accessToken })
    expect(mine.items).toMatchObject([{ kind: 'ballot', state: 'lapsed', fromReserve: false }])
    const { draw } = await world.client.call(getBallot, { params: { id: sale.id } })
    const checks = verifyBallot(hashes, draw, await world.client.call(ballotEntries, { params: { id: sale.id } }))
    expect(checks.map(({ result }) => result)).toEqual(checks.map(() => 'right'))
    expect(checks.at(-1)!.name).toBe('everybody got what the order gives')
    const subjects = async (buyer: Buyer) => (await mailsTo(world, buyer.email)).map(({ subject }) => subject)
    await until(async () => (await subjects(second!)).some((subject) => /Forest Trail/.test(subject)), {
      what: 'the mail of the award',
    })

    const report = await world.client.call(audit, {
      query: { eventId },
      accessToken: await signInAs(world, 'admin'),
    })
    expect(report.checks.filter(({ held }) => !held)).toEqual([])
  }, 60_000)

  test('whose group is full is moved down; who declines makes room at once', async () => {
    const { sale } = await openBallot(world, ['fast', 'middle', 'slow'], { drawInMs: 6000, payBySeconds: 600 })
    const people = await Promise.all([newBuyer(world), newBuyer(world), newBuyer(world)])
    const [fast, middle, slow] = sale.lines.map(({ id }) => id) as [string, string, string]
    for (const { accessToken } of people)
      await world.client.call(apply, {
        params: { id: sale.id },
        body: { preferences: [middle], quantity: 1 },
        accessToken,
      })
    const lines = async () =>
      (await Promise.all(people.map((buyer) => awardOf(world, sale.id, buyer)))).map((award) => award?.line.id)
    await until(async () => (await lines()).filter(Boolean).length === 2, { what: 'two awards' })
    expect(new Set(await lines())).toEqual(new Set([middle, slow, undefined]))
    const moved = people[(await lines()).indexOf(slow)]!
    const waiting = people[(await lines()).indexOf(undefined)]!
    const award = (await awardOf(world, sale.id, moved))!
    expect(award.how).toBe('moved-down')
    await world.client.call(declineAward, { params: { id: award.id }, accessToken: moved.accessToken })
    await until(async () => (await awardOf(world, sale.id, waiting))?.line.id === slow, { what: 'the place to go on' })
    expect(await lines()).not.toContain(fast)
  }, 60_000)
})
