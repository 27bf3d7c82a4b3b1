import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { cloneDatabase } from '../fixtures.ts'
import { freePort, startOneProcess, startProcess, type ServerProcess, type World } from './world.ts'
import { readConfig } from '../../src/config.ts'

const production = {
  SIGNING_SECRETS: 'a secret of this test that is long enough',
  PUBLIC_URL: 'https://tickets.example.test',
  SMTP_URL: 'smtp://127.0.0.1:1',
  TOSS_SECRET_KEY: 'test_sk_of_this_test',
  PAYMENT_KEYS: 'test',
}

describe('outside the demo configuration', () => {
  let server: ServerProcess
  let operationsPort: number
  let drop: () => Promise<void>
  beforeAll(async () => {
    const clone = await cloneDatabase(inject('databaseUrl'))
    drop = clone.drop
    operationsPort = await freePort()
    server = await startProcess({ ...production, DATABASE_URL: clone.url, OPERATIONS_PORT: String(operationsPort) })
  })
  afterAll(async () => {
    await server?.end('SIGTERM')
    await drop?.()
  })

  test('there is no mailbox, no sandbox, no public metrics and no demo account', async () => {
    for (const path of [
      '/dev/mailbox?to=admin@demo.fairgate.test',
      '/dev/mailbox',
      '/sandbox/window',
      '/sandbox/payments',
      '/v1/payments/x',
      '/v1/payment_intents',
      '/sandbox/stripe/payment_intents',
      '/sandbox/stripe/stripe.js',
      '/metrics',
    ]) {
      expect((await fetch(server.url + path)).status, path).toBe(404)
    }
    const post = (path: string, body: unknown) =>
      fetch(server.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    expect((await post('/sandbox/payments', { orderId: 'ord_1', amount: 1 })).status).toBe(404)
    for (const name of ['admin', 'organiser', 'staff', 'buyer1']) {
      expect(
        (await post('/api/sessions', { email: `${name}@demo.fairgate.test`, password: 'fairgate-demo' })).status,
        name,
      ).toBe(401)
    }
  })

  test('metrics are on the operations port', async () => {
    const answer = await fetch(`http://localhost:${operationsPort}/metrics`)
    expect(await answer.text()).toContain('fairgate_http_request_duration_seconds')
  })

  test('the process ends cleanly when it is told to', async () => {
    await server.end('SIGTERM')
    expect(server.child.exitCode).toBe(0)
  })
})

describe('in the demo configuration', () => {
  let world: World
  beforeAll(async () => {
    world = await startOneProcess()
  })
  afterAll(() => world?.stop())

  test('the same paths are there, so the test above can fail', async () => {
    for (const path of ['/dev/mailbox', '/metrics', '/sandbox/payments', '/sandbox/stripe/payment_intents'])
      expect((await fetch(world.url + path)).status, path).toBe(200)
  })
})

describe('a configuration', () => {
  const mistakesOf = (env: Record<string, string>): string => {
    try {
      readConfig(env)
      return ''
    } catch (error) {
      return (error as Error).message
    }
  }

  test('with several mistakes names all of them at once', () => {
    const message = mistakesOf({
      PORT: 'eighty',
      SERVICES: 'orders,ordres',
      DATABASE_URL: 'mysql://x',
      DATABASE_CONECTIONS_MAX: '9',
      LOG_LEVEL: 'loud',
    })
    for (const name of ['PORT', 'SERVICES', 'DATABASE_URL', 'DATABASE_CONECTIONS_MAX', 'LOG_LEVEL'])
      expect(message).toContain(`${name}:`)
  })

  test('that trusts a proxy by a name that is no address is refused before it starts', () => {
    expect(mistakesOf({ TRUSTED_PROXIES: '10.0.0.0/8,proxy.internal,::1' })).toContain(
      'TRUSTED_PROXIES: proxy.internal is no address',
    )
    expect(mistakesOf({ TRUSTED_PROXIES: '10.0.0.0/8,2001:db8::/32,loopback' })).toBe('')
  })

  test('with addresses that are no URLs is refused before it starts, with whatever else is wrong', () => {
    const message = mistakesOf({
      PUBLIC_URL: 'http://a b',
      DATABASE_URL: 'postgres://h:99999/x',
      SMTP_URL: 'smtp://%',
      TOSS_BASE_URL: 'https://[x',
      TRUSTED_PROXIES: 'x',
      LOG_LEVEL: 'loud',
      REDIS_URL: 'redis://x',
      MAIL_FROM: 'a@b\nBcc: c@d',
    })
    for (const name of [
      'PUBLIC_URL',
      'DATABASE_URL',
      'SMTP_URL',
      'TOSS_BASE_URL',
      'TRUSTED_PROXIES',
      'MAIL_FROM',
      'REDIS_URL',
    ])
      expect(message).toContain(`${name}: `)
    expect(message).toContain('LOG_LEVEL: must be one of fatal, error, warn')
    expect(message).not.toContain('h:99999')
  })

  test('for production without its secrets is refused, and never says a secret', () => {
    const message = mistakesOf({ DATABASE_URL: 'postgres://x', SIGNING_SECRETS: 'too-short' })
    expect(message).toContain('SIGNING_SECRETS')
    expect(message).not.toContain('too-short')
    expect(mistakesOf({ ...production, DATABASE_URL: 'postgres://x' })).toBe('')
    const both = { ...production, DATABASE_URL: 'postgres://x', PAYMENT_PROVIDERS: 'toss,stripe' }
    for (const name of ['STRIPE_SECRET_KEY', 'STRIPE_PUBLISHABLE_KEY', 'STRIPE_WEBHOOK_SECRET'])
      expect(mistakesOf(both)).toContain(`${name}: is needed`)
  })
})
