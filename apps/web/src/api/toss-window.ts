import type { Order } from '@fairgate/contracts/http/orders'
import { pb } from '../path-builder.ts'
import { nameOf } from './payment-window.ts'

export type TossMethod = 'CARD' | 'VIRTUAL_ACCOUNT'

/** The provider's codes for a window that its owner closed. */
const closedCodes = new Set(['USER_CANCEL', 'PAY_PROCESS_CANCELED'])

/**
 * Opens the provider's own payment window for an order. It comes back to one of our two pages, where the server
 * compares the amount before anything is captured. The SDK is fetched only now.
 * @param customerKey  tells the provider's customers apart; nobody can guess it
 * @returns `closed` when the buyer closed the window
 * @throws the provider's error, whose `message` is for the buyer, or what kept its script from loading
 */
export async function openTossWindow(
  { clientKey, depositHours, method }: { clientKey: string; depositHours: number | undefined; method: TossMethod },
  order: Order,
  { customerKey, origin }: { customerKey: string; origin: string },
): Promise<'closed' | 'left'> {
  const { loadTossPayments } = await import('@tosspayments/tosspayments-sdk')
  const toss = await loadTossPayments(clientKey)
  const payment = toss.payment({ customerKey })
  const request = {
    amount: { currency: order.total.currency, value: order.total.amount },
    orderId: order.id,
    orderName: nameOf(order),
    successUrl: origin + pb.paySuccess(),
    failUrl: origin + pb.payFail(),
  }
  try {
    if (method === 'CARD') await payment.requestPayment({ ...request, method })
    else {
      const validHours = depositHours ?? 0
      await payment.requestPayment({ ...request, method, virtualAccount: { validHours, useEscrow: false } })
    }
    return 'left'
  } catch (error) {
    if (closedCodes.has(codeOf(error))) return 'closed'
    throw error
  }
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : ''
