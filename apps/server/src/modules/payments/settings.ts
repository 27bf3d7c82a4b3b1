import type { paymentSettings } from '@fairgate/contracts/http/payments'
import type { Answer } from '@fairgate/contracts/http/route'
import type { Currency } from '@fairgate/contracts/money'
import type { PaymentsConfig } from './index.ts'

type Settings = Answer<typeof paymentSettings>

/** Cards by Toss Payments are paid in won; other currencies need a contract of their own, of which nothing is known here. */
const tossCurrencies: Currency[] = ['KRW']

/** How to pay here, as browsers are told. The provider that comes first is offered first. */
export function settingsOf(config: Pick<PaymentsConfig, 'toss' | 'stripe' | 'order' | 'depositMaxMs'>): Settings {
  const { toss, stripe, depositMaxMs } = config
  const ways: Record<'toss' | 'stripe', Settings['providers'][number] | null> = {
    toss: toss && {
      provider: 'toss',
      mode: toss.mode,
      windowUrl: toss.windowUrl,
      clientKey: toss.clientKey,
      scriptUrl: null,
      currencies: tossCurrencies,
      ...(depositMaxMs === null ? {} : { depositHours: Math.floor(depositMaxMs / 3_600_000) }),
    },
    stripe: stripe && {
      provider: 'stripe',
      mode: stripe.mode,
      windowUrl: null,
      clientKey: stripe.clientKey,
      scriptUrl: stripe.scriptUrl,
      currencies: null,
    },
  }
  const providers = config.order.flatMap((name) => ways[name] ?? [])
  const first = providers[0]
  if (!first) throw new Error('no payment provider is configured')
  const { provider, mode, windowUrl, clientKey } = first
  return { provider, mode, windowUrl, clientKey, providers }
}
