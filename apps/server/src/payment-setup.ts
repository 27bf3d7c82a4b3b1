import type { PaymentsConfig } from '#modules/payments'
import type { Config } from './config.ts'

/** The keys of the sandboxes: no secrets, they open nothing. */
export const sandboxKeys = {
  toss: { secretKey: 'test_sk_fairgate_sandbox' },
  stripe: {
    secretKey: 'sk_test_fairgate_sandbox',
    publishableKey: 'pk_test_fairgate_sandbox',
    webhookSecret: 'whsec_fairgate_sandbox',
  },
} as const

/** Which providers are played by a sandbox of ours: those that no key of the operator's is there for. */
export const playedProviders = (config: Config): ('toss' | 'stripe')[] =>
  config.PAYMENT_PROVIDERS.filter(
    (name) => (name === 'toss' ? config.TOSS_SECRET_KEY : config.STRIPE_SECRET_KEY) === undefined,
  )

/** Other people's addresses that our pages may load from, frame and call. */
export type Guests = { scripts: readonly string[]; frames: readonly string[]; calls: readonly string[] }

/** What Stripe.js needs of a page that shows its fields ("Content security policy", docs.stripe.com/security/guide). */
const stripeGuests: Guests = {
  scripts: ['https://js.stripe.com', 'https://*.js.stripe.com'],
  frames: ['https://js.stripe.com', 'https://*.js.stripe.com', 'https://hooks.stripe.com'],
  calls: ['https://api.stripe.com'],
}

/** What the SDK of Toss Payments needs: its script, its windows in frames, and its calls. */
const tossGuests: Guests = {
  scripts: ['https://js.tosspayments.com'],
  frames: ['https://*.tosspayments.com'],
  calls: ['https://*.tosspayments.com'],
}

/** Of the providers that are not played by a sandbox of ours. The process that serves pages may have no keys. */
export function guestsOf(config: Config): Guests {
  const played = config.DEMO ? playedProviders(config) : []
  const guests = config.PAYMENT_PROVIDERS.filter((name) => !played.includes(name)).map((name) =>
    name === 'toss' ? tossGuests : stripeGuests,
  )
  return {
    scripts: guests.flatMap(({ scripts }) => scripts),
    frames: guests.flatMap(({ frames }) => frames),
    calls: guests.flatMap(({ calls }) => calls),
  }
}

/** The providers as payments need them. A sandbox answers at our own address. */
export function paymentsConfig(config: Config, publicUrl: string): PaymentsConfig {
  const played = playedProviders(config)
  const depositHours = config.PAYMENT_DEPOSIT_HOURS ?? (config.DEMO ? 24 : 0)
  return {
    toss: !config.PAYMENT_PROVIDERS.includes('toss')
      ? null
      : played.includes('toss')
        ? {
            mode: 'sandbox',
            baseUrl: publicUrl,
            secretKey: sandboxKeys.toss.secretKey,
            clientKey: config.TOSS_CLIENT_KEY ?? null,
            windowUrl: `${publicUrl}/sandbox/window`,
          }
        : {
            mode: 'live',
            baseUrl: config.TOSS_BASE_URL,
            secretKey: config.TOSS_SECRET_KEY ?? '',
            clientKey: config.TOSS_CLIENT_KEY ?? null,
            windowUrl: null,
          },
    stripe: !config.PAYMENT_PROVIDERS.includes('stripe')
      ? null
      : played.includes('stripe')
        ? {
            mode: 'sandbox',
            baseUrl: publicUrl,
            secretKey: sandboxKeys.stripe.secretKey,
            clientKey: sandboxKeys.stripe.publishableKey,
            webhookSecrets: [sandboxKeys.stripe.webhookSecret],
            scriptUrl: '/sandbox/stripe/stripe.js',
          }
        : {
            mode: 'live',
            baseUrl: config.STRIPE_URL,
            secretKey: config.STRIPE_SECRET_KEY ?? '',
            clientKey: config.STRIPE_PUBLISHABLE_KEY ?? null,
            webhookSecrets: config.STRIPE_WEBHOOK_SECRET ?? [],
            scriptUrl: 'https://js.stripe.com/v3/',
          },
    order: config.PAYMENT_PROVIDERS,
    timeoutMs: config.PAYMENT_TIMEOUT_MS,
    parallelMax: 48,
    depositMaxMs: depositHours === 0 ? null : depositHours * 3_600_000,
  }
}
