import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fault, faultCodes, statusOf, wordFault, type FaultCode } from '@fairgate/toss-sandbox/faults'
import { expect, onTestFinished, test } from 'vitest'
import { manualScheduler } from '#platform/clock'
import { openTossProvider } from '../../../test/toss-provider.ts'
import type { Answer } from './provider.ts'
import { codesOf } from './toss-codes.ts'
import { createToss } from './toss.ts'

const capture = { paymentKey: 'key', orderId: 'order-1', amount: 1000, idempotencyKey: 'once' }

async function answeredBy(listener: RequestListener): Promise<Answer> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return createToss({ baseUrl, secretKey: 'test_sk', timeoutMs: 5000 }, manualScheduler()).capture(capture)
}

const says = (status: number, body: unknown) =>
  answeredBy((_, response) =>
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(typeof body === 'string' ? body : JSON.stringify(body)),
  )

const payment = {
  orderId: 'order-1',
  status: 'DONE',
  totalAmount: 1000,
  balanceAmount: 1000,
  currency: 'KRW',
  approvedAt: '2026-01-01T09:00:00+09:00',
}

test('every documented code is in our table, in one class', () => {
  const codes = Object.values(codesOf).flat()
  expect(codes.toSorted()).toEqual([...faultCodes].toSorted())
  expect(new Set(codes).size).toBe(codes.length)
})

test('every documented error is understood as its class says', async () => {
  for (const [kind, codes] of Object.entries(codesOf)) {
    for (const code of codes as FaultCode[]) {
      const answer = await says(statusOf(code), wordFault(fault(code), 'ko'))
      const wanted =
        kind === 'refuse'
          ? { kind: 'refused', code, message: wordFault(fault(code), 'ko').message }
          : {
              kind: 'unknown',
              code,
              isOurFault: kind === 'alarm' || kind === 'ask-buyer',
              ...(kind === 'retry' ? { next: 'again' } : {}),
              ...(kind === 'ask-buyer' ? { next: 'ask-buyer' } : {}),
            }
      expect(answer, code).toEqual(wanted)
    }
  }
})

test('what is no explicit success and no explicit refusal is unknown', async () => {
  const unclear: [number, unknown][] = [
    [200, 'not json'],
    [200, { ...payment, status: 'SOMETHING_NEW' }],
    [200, { ...payment, balanceAmount: '1000' }],
    [200, { ...payment, orderId: undefined }],
    [200, null],
    [201, payment],
    [204, ''],
    [302, ''],
    [400, 'not json'],
    [400, { code: 'SOMETHING_NEW', message: 'x' }],
    [404, '<html>nobody here</html>'],
    [429, ''],
    [500, { code: 'REJECT_CARD_PAYMENT', message: 'a refusal is not a failure' }],
    [502, '<html>bad gateway</html>'],
  ]
  for (const [status, body] of unclear)
    expect(await says(status, body), `${status} ${JSON.stringify(body)}`).toMatchObject({
      kind: 'unknown',
      isOurFault: false,
    })
})

test('fields that we do not know are ignored', async () => {
  expect(await says(200, { ...payment, version: '2099-01-01', surprise: { deep: [1] }, failure: null })).toEqual({
    kind: 'found',
    payment: {
      status: 'paid',
      providerStatus: 'DONE',
      orderId: 'order-1',
      amount: 1000,
      balance: 1000,
      currency: 'KRW',
      capturedAt: Date.UTC(2026, 0, 1),
      failure: null,
      deposit: null,
    },
  })
})

test('a redirect is not followed: the key would go with it', async () => {
  let followed = false
  const answer = await answeredBy((request, response) => {
    if (request.url === '/elsewhere') followed = true
    response.writeHead(307, { location: '/elsewhere' }).end()
  })
  expect(answer).toMatchObject({ kind: 'unknown', code: 'no-connection' })
  expect(followed).toBe(false)
})

test('a call that nobody answers ends at its deadline, one that answers half too', async () => {
  for (const half of ['', '{"status":']) {
    const clock = manualScheduler()
    const arrived = Promise.withResolvers<void>()
    const server = createServer((_, response) => {
      if (half) response.writeHead(200, { 'content-type': 'application/json' }).write(half)
      arrived.resolve()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const toss = createToss(
      { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, secretKey: 'test_sk', timeoutMs: 5000 },
      clock,
    )
    const answer = toss.query('key')
    await arrived.promise
    clock.advance(5000)
    expect(await answer).toEqual({ kind: 'unknown', code: 'no-answer-in-time', isOurFault: false })
  }
})

test('a provider that is not there is unknown, and keys are escaped in paths', async () => {
  const clock = manualScheduler()
  const nobody = createToss({ baseUrl: 'http://127.0.0.1:1', secretKey: 'test_sk', timeoutMs: 5000 }, clock)
  expect(await nobody.query('key')).toMatchObject({ kind: 'unknown', code: 'no-connection' })

  const provider = await openTossProvider(clock)
  const toss = createToss({ baseUrl: provider.url, secretKey: 'test_sk_tests', timeoutMs: 5000 }, clock)
  expect(await toss.query('a?x=1#y')).toMatchObject({ kind: 'refused', code: 'NOT_FOUND_PAYMENT' })
  expect(provider.calls.map(({ path }) => path)).toEqual(['/v1/payments/a%3Fx%3D1%23y'])
})
