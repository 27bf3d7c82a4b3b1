import { hash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'
import { verifyBallot } from '@fairgate/contracts/verify-ballot'
import { hashes } from '#platform/hashes'
import { test } from '../../../test/fixtures.ts'
import { drawAt, openWorld, people } from './test-world.ts'

const signature = 'ab'.repeat(48)
const randomness = hash('sha256', Buffer.from(signature, 'hex'), 'hex')

/** A relay that knows every round, once it is up. */
async function relay(isUp: () => boolean) {
  const server = createServer((request, response) => {
    const round = Number(request.url!.split('/').at(-1))
    response.statusCode = isUp() ? 200 : 404
    response.end(JSON.stringify({ round, randomness, signature }))
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const { port } = server.address() as AddressInfo
  return {
    beacon: { url: `http://localhost:${port}`, chain: 'c', genesisSeconds: 0, periodSeconds: 3 },
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}

test('with a beacon the frozen root is shown first, and the order needs the round that was named', async ({
  platform,
}) => {
  let isUp = false
  const { beacon, close } = await relay(() => isUp)
  try {
    const world = await openWorld(platform, [{ id: 'lin_a', capacity: 2 }], {}, { beacon })
    const promised = (await world.document()).draw.beacon!
    expect(promised).toMatchObject({ url: beacon.url, chain: 'c' })
    expect(promised.round * 3 - 3).toBeGreaterThanOrEqual(Date.parse(drawAt) / 1000 + 3)
    await world.applyCrowd(people(5), ['lin_a'])
    await world.drawNow()
    platform.clock.advance(1000)
    const frozen = (await world.document()).draw
    expect(frozen).toMatchObject({ entrants: 5, entrantsRoot: expect.any(String) })
    expect(frozen.seed).toBeUndefined()
    platform.clock.advance(4000)
    await world.draw()
    expect((await world.mine('acc_1')).application.position).toBeNull()
    isUp = true
    platform.clock.advance(1000)
    await world.draw()
    await world.award()
    platform.clock.advance(1000)
    const { draw } = await world.document()
    expect(draw).toMatchObject({ beacon: { ...promised, randomness }, seed: expect.any(String) })
    const checks = verifyBallot(hashes, draw, (await world.call('GET', '/api/ballots/sal_1/entries')).body)
    expect(checks.map(({ result }) => result)).toEqual(checks.map(() => 'right'))
    expect(await world.violations()).toEqual([])
  } finally {
    await close()
  }
})

test('a beacon that does not come delays the draw no longer than was configured, and the document says so', async ({
  platform,
}) => {
  const { beacon, close } = await relay(() => false)
  try {
    const world = await openWorld(platform, [{ id: 'lin_a', capacity: 2 }], {}, { beacon, beaconWaitSeconds: 15 })
    await world.applyCrowd(people(3), ['lin_a'])
    await world.drawNow()
    platform.clock.advance(5000)
    await world.draw()
    expect((await world.mine('acc_1')).application.position).toBeNull()
    platform.clock.advance(20_000)
    await world.draw()
    await world.award()
    platform.clock.advance(1000)
    expect((await world.document()).draw.beacon).toMatchObject({ missing: true })
    expect((await world.mine('acc_1')).application.position).toEqual(expect.any(Number))
    expect(await world.violations()).toEqual([])
  } finally {
    await close()
  }
})
