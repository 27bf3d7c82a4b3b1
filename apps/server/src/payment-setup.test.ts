import { expect, test } from 'vitest'
import { readConfig } from './config.ts'
import { guestsOf, paymentsConfig } from './payment-setup.ts'

const production = {
  DATABASE_URL: 'postgres://x',
  SIGNING_SECRETS: 'a secret of this test that is long enough',
  PUBLIC_URL: 'https://tickets.example.test',
  SMTP_URL: 'smtp://127.0.0.1:1',
}

test('pages let in the scripts of the providers that they offer, also from a process without keys; in the demo nobody', () => {
  const guests = (env: Record<string, string>) => guestsOf(readConfig(env)).scripts
  const pagesOnly = { ...production, SERVICES: 'catalog', PAYMENT_PROVIDERS: 'stripe' }
  expect(guests(pagesOnly)).toEqual(['https://js.stripe.com', 'https://*.js.stripe.com'])
  expect(guests({ ...pagesOnly, PAYMENT_PROVIDERS: 'toss,stripe' })).toContain('https://js.tosspayments.com')
  expect(guests({})).toEqual([])
  const ownKeys = {
    STRIPE_SECRET_KEY: 'sk_test_of_this_test',
    STRIPE_PUBLISHABLE_KEY: 'pk_test_of_this_test',
    STRIPE_WEBHOOK_SECRET: 'whsec_of_this_test',
  }
  expect(guests(ownKeys)).toEqual(['https://js.stripe.com', 'https://*.js.stripe.com'])
})

test('the demo offers both sandboxes; elsewhere one provider is offered, the first one first', () => {
  const offered = (env: Record<string, string>) => paymentsConfig(readConfig(env), 'http://here.test').order
  expect(offered({})).toEqual(['toss', 'stripe'])
  expect(offered({ PAYMENT_PROVIDERS: 'stripe' })).toEqual(['stripe'])
  expect(paymentsConfig(readConfig({}), 'http://here.test').stripe).toMatchObject({
    mode: 'sandbox',
    baseUrl: 'http://here.test',
  })
  expect(offered({ ...production, SERVICES: 'orders' })).toEqual(['toss'])
})
