import type { paymentSettings } from '@fairgate/contracts/http/payments'
import type { Answer } from '@fairgate/contracts/http/route'
import type { PaymentsConfig } from './index.ts'

/** How to pay here, as browsers are told. The first provider is the one that is offered first. */
export function settingsOf({ toss, stripe }: Pick<PaymentsConfig, 'toss' | 'stripe'>): Answer<typeof paymentSettings> {
  const providers = [
    ...(toss
      ? [
          {
            provider: 'toss' as const,
            mode: toss.mode,
            windowUrl: toss.windowUrl,
            clientKey: toss.clientKey,
            scriptUrl: null,
          },
        ]
      : []),
    ...(stripe
      ? [
          {
            provider: 'stripe' as const,
            mode: stripe.mode,
            windowUrl: null,
            clientKey: stripe.clientKey,
            scriptUrl: stripe.scriptUrl,
          },
        ]
      : []),
  ]
  const first = providers[0]
  if (!first) throw new Error('no payment provider is configured')
  const { scriptUrl: _, ...shown } = first
  return { ...shown, providers }
}
