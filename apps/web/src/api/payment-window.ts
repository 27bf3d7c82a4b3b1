import type { Order } from '@fairgate/contracts/http/orders'
import type { Answer } from '@fairgate/contracts/http/route'
import type { paymentSettings } from '@fairgate/contracts/http/payments'
import { pb } from '../path-builder.ts'

type Settings = Answer<typeof paymentSettings>
/** One way to pay. */
export type PayWay = Settings['providers'][number]

/** The provider's limit of an order name. */
const nameLengthMax = 100

/**
 * The address of the sandbox's payment window for an order; it comes back to one of our two pages with the payment key
 * or the reason.
 * @returns undefined when this server pays through the provider's own window
 */
export function windowAddress(
  settings: Pick<PayWay, 'windowUrl' | 'depositHours'>,
  order: Order,
  origin: string,
  language: string,
): string | undefined {
  if (!settings.windowUrl) return undefined
  const address = new URL(settings.windowUrl, origin)
  const fields = {
    orderId: order.id,
    amount: String(order.total.amount),
    orderName: nameOf(order),
    successUrl: origin + pb.paySuccess(),
    failUrl: origin + pb.payFail(),
    lang: language,
  }
  for (const [name, value] of Object.entries(fields)) address.searchParams.set(name, value)
  if (settings.depositHours) address.searchParams.set('validHours', String(settings.depositHours))
  return address.href
}

/** The ways in which this order may be paid, the first one first. */
export const waysFor = (settings: Settings, order: Order): readonly PayWay[] =>
  settings.providers.filter(({ currencies }) => currencies === null || currencies.includes(order.total.currency))

export const nameOf = (order: Order): string => `${order.event.name} · ${order.section.name}`.slice(0, nameLengthMax)
