import { afterAll, beforeAll, expect, test } from 'vitest'
import { getDefences, getLine, joinLine } from '@fairgate/contracts/http/waiting-room'
import { newBuyer, openSale, proof, refusal, signInAs } from './people.ts'
import { startOneProcess, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await startOneProcess({ CHALLENGES: 'on' })
}, 120_000)
afterAll(() => world?.stop())

test('a program joins with the official solver, once for each solution, and the organiser sees what the defences did', async () => {
  const sale = await openSale(world)
  const params = { id: sale.lineId }
  expect((await world.client.call(getLine, { params })).challenge).toBe(true)
  const [alice, bob] = [await newBuyer(world), await newBuyer(world)]
  const join = (accessToken: string, challenge?: string) =>
    world.client.call(joinLine, { params, body: challenge ? { challenge } : {}, accessToken })

  expect(await refusal(join(alice.accessToken))).toBe('waiting-room.challenge-required')
  const challenge = await proof(world, alice.accessToken)
  expect(await refusal(join(bob.accessToken, challenge))).toBe('waiting-room.challenge-invalid')
  const { place } = await join(alice.accessToken, challenge)
  expect(place.number).toBe(1)
  expect((await join(alice.accessToken, challenge)).place).toEqual(place)
  const anonymous = await proof(world, '')
  expect((await join(bob.accessToken, anonymous)).place.number).toBe(2)
  const carol = await newBuyer(world)
  expect(await refusal(join(carol.accessToken, anonymous))).toBe('waiting-room.challenge-used')

  const organiser = await signInAs(world, 'organiser')
  const seen = await world.client.call(getDefences, { params: { id: sale.sale.id }, accessToken: organiser })
  expect(seen).toEqual({
    challenges: 'on',
    counts: [
      { defence: 'proof-accepted', count: 2 },
      { defence: 'proof-invalid', count: 1 },
      { defence: 'proof-missing', count: 1 },
      { defence: 'proof-used', count: 1 },
    ],
    reviewsTotal: 0,
    reviews: [],
  })
})
