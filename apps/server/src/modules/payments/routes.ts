import { paymentRoutes } from '@fairgate/contracts/http/payments'
import type { HttpApp } from '#platform/http'
import type { Provider } from './provider.ts'
import type { Deposits } from './deposits.ts'
import type { Requests } from './requests.ts'
import type { Webhooks } from './webhooks.ts'

export type Settings = { mode: 'sandbox' | 'live'; windowUrl: string | null; clientKey: string | null }

export function servePayments(
  http: HttpApp,
  {
    requests,
    deposits,
    webhooks,
    toss,
    settings,
  }: { requests: Requests; deposits: Deposits; webhooks: Webhooks; toss: Provider; settings: Settings },
): void {
  http.serve(paymentRoutes.paymentSettings, async () => ({
    status: 200,
    body: { provider: 'toss' as const, ...settings },
  }))
  http.serve(paymentRoutes.confirmPayment, async ({ body, caller }) => ({
    status: 202,
    body: await requests.confirm(body, caller.accountId),
  }))
  http.serve(paymentRoutes.getDeposit, async ({ params, caller }) => ({
    status: 200,
    body: await deposits.read(params.orderId, caller.accountId),
  }))
  http.serve(paymentRoutes.giveRefundAccount, async ({ params, body, caller }) => ({
    status: 200,
    body: await deposits.giveRefundAccount(params.orderId, caller.accountId, body),
  }))
  http.serve(paymentRoutes.tossWebhook, async ({ headers, body }) => {
    await webhooks.receive('toss', toss.parseWebhook(headers, body))
    return { status: 200, body: {} }
  })
}
