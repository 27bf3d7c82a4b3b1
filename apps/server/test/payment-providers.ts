import { test, type TestPlatform } from './fixtures.ts'
import { openStripeProvider, type StripeProvider } from './stripe-provider.ts'
import { openTossProvider, type TossProvider } from './toss-provider.ts'

/** Beside what both have in common a test may look at the name, and at `words` for what only one of them says. */
export type PaymentProvider = TossProvider | StripeProvider

export const openProviders = { toss: openTossProvider, stripe: openStripeProvider } as const

/** The same test by every payment provider: what is promised does not depend on who is paid. */
export function everyProvider(
  title: string,
  run: (world: { platform: TestPlatform; provider: PaymentProvider }) => Promise<void>,
): void {
  for (const [name, open] of Object.entries(openProviders)) {
    test(`${name}: ${title}`, async ({ platform }) => run({ platform, provider: await open(platform.clock) }))
  }
}
