import { expect, test } from 'vitest'
import { keyMistakes } from './payment-keys.ts'

test('keys of one kind are taken, all others are named with what is wrong', () => {
  const live = {
    TOSS_SECRET_KEY: 'live_sk_a',
    TOSS_CLIENT_KEY: 'live_ck_a',
    STRIPE_SECRET_KEY: 'rk_live_a',
    STRIPE_PUBLISHABLE_KEY: 'pk_live_a',
  }
  expect(keyMistakes(live, 'live')).toEqual([])
  expect(keyMistakes({}, 'live')).toEqual([])
  expect(keyMistakes(live, 'test')).toHaveLength(4)
  expect(keyMistakes({ ...live, TOSS_SECRET_KEY: 'test_sk_a' }, 'live')).toEqual([
    'TOSS_SECRET_KEY: is a test key, and this server takes live keys (PAYMENT_KEYS)',
  ])
  expect(keyMistakes({ TOSS_SECRET_KEY: 'live_ck_a', TOSS_CLIENT_KEY: 'live_gck_a' }, 'live')).toEqual([
    'TOSS_SECRET_KEY: must be a key such as live_sk_… or test_sk_…',
    'TOSS_CLIENT_KEY: must be a key such as live_ck_… or test_ck_…',
  ])
})
