import type { Order } from '@fairgate/contracts/http/orders'
import type { Answer } from '@fairgate/contracts/http/route'
import type { paymentSettings } from '@fairgate/contracts/http/payments'
import { pb } from '../path-builder.ts'

type Settings = Answer<typeof paymentSettings>

/** The provider's limit of an order name. */
const nameLengthMax = 100

/**
 * The address of the sandbox's payment window for an order; it comes back to one of our two pages with the payment key
 * or the reason.
 * @returns undefined when this server pays through the provider's own window
 */
export function windowAddress(settings: Settings, order: Order, origin: string, language: string): string | undefined {
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
  return address.href
}

export const nameOf = (order: Order): string => `${order.event.name} · ${order.section.name}`.slice(0, nameLengthMax)
