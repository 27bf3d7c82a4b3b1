import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { createRecorder } from '../src/recorder.ts'
import { createRefusalCheck } from '../src/refusals.ts'
import { openWire } from '../src/wire.ts'

/** Answers with one availability document after the other, of one section with four seats in a row. */
async function checkAgainst(
  statuses: readonly number[],
  refused: { count: number; together: boolean },
): Promise<{ refusals: number; falseRefusals: number; unchecked: number }> {
  const seats = [1, 2, 3, 4].map((number) => ({ id: `sea_${number}`, row: 'A', number: `${number}` }))
  let next = 0
  const server = createServer((request, response) => {
    const isGeometry = request.url!.endsWith('/seats')
    const status = isGeometry ? 0 : statuses[next++]!
    const document = { free: 4, held: 0, sold: 0, blocked: 0, status: Buffer.from([status]).toString('base64') }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(isGeometry ? { seats } : document))
  })
  await new Promise<void>((done) => server.listen(0, 'localhost', done))
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  const sleep = async () => undefined
  const wire = openWire(url, createRecorder(), { connections: 1, sleep })
  try {
    const check = createRefusalCheck(wire, sleep)
    check.check({ sectionId: 'sec_1', ...refused })
    return await check.finish()
  } finally {
    await wire.close()
    server.close()
  }
}

const [allFree, allSold, firstAndThirdFree, lastTwoFree] = [0b00_00_00_00, 0b10_10_10_10, 0b10_00_10_00, 0b00_00_10_10]

it.each([
  ['seats that were free before and after were there', [allFree, allFree], 2, false, 1],
  ['seats that came back afterwards were not there', [allSold, allFree], 2, false, 0],
  ['seats that were taken meanwhile may not have been there', [allFree, allSold], 2, false, 0],
  ['two before and two others after prove nothing', [firstAndThirdFree, lastTwoFree], 2, false, 0],
  ['apart is not side by side', [firstAndThirdFree, firstAndThirdFree], 2, true, 0],
  ['side by side is', [lastTwoFree, allFree], 2, true, 1],
] as const)('a refusal: %s', async (_, statuses, count, together, falseRefusals) => {
  expect(await checkAgainst(statuses, { count, together })).toEqual({ refusals: 1, falseRefusals, unchecked: 0 })
})

it('a refusal that cannot be looked into is counted as such', async () => {
  const wire = openWire('http://localhost:1', createRecorder(), { connections: 1, sleep: async () => undefined })
  const check = createRefusalCheck(wire, async () => undefined)
  check.check({ sectionId: 'sec_1', count: 1, together: false })
  expect(await check.finish()).toEqual({ refusals: 1, falseRefusals: 0, unchecked: 1 })
  await wire.close()
})
