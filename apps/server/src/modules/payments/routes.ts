import { paymentRoutes } from '@fairgate/contracts/http/payments'
import type { Answer } from '@fairgate/contracts/http/route'
import type { HttpApp } from '#platform/http'
import { Problem } from '#platform/problem'
import type { Preparing } from './preparing.ts'
import type { Provider } from './provider.ts'
import type { Deposits } from './deposits.ts'
import type { Reconciliation } from './reconcile.ts'
import type { Requests } from './requests.ts'
import type { Webhooks } from './webhooks.ts'

type Settings = Answer<typeof paymentRoutes.paymentSettings>

export function servePayments(
  http: HttpApp,
  {
    preparing,
    requests,
    deposits,
    reconciliation,
    webhooks,
    providers,
    settings,
  }: {
    preparing: Preparing
    requests: Requests
    deposits: Deposits
    reconciliation: Reconciliation
    webhooks: Webhooks
    providers: ReadonlyMap<string, Provider>
    settings: Settings
  },
): void {
  http.serve(paymentRoutes.paymentSettings, async () => ({ status: 200, body: settings }))
  http.serve(paymentRoutes.preparePayment, async ({ body, caller }) => ({
    status: 201,
    body: await preparing.prepare(body, caller.accountId),
  }))
  http.serve(paymentRoutes.confirmPayment, async ({ body, caller }) => ({
    status: 202,
    body: await requests.confirm(body, caller.accountId),
  }))
  http.serve(paymentRoutes.listDeposits, async ({ caller }) => ({
    status: 200,
    body: { items: await deposits.list(caller.accountId) },
  }))
  http.serve(paymentRoutes.getDeposit, async ({ params, caller }) => ({
    status: 200,
    body: await deposits.read(params.orderId, caller.accountId),
  }))
  http.serve(paymentRoutes.giveRefundAccount, async ({ params, body, caller }) => ({
    status: 200,
    body: await deposits.giveRefundAccount(params.orderId, caller.accountId, body),
  }))
  http.serve(paymentRoutes.getReconciliation, async () => ({ status: 200, body: await reconciliation.look() }))
  for (const [name, route] of [
    ['toss', paymentRoutes.tossWebhook],
    ['stripe', paymentRoutes.stripeWebhook],
  ] as const) {
    http.serve(route, async ({ headers, body }) => {
      const provider = providers.get(name)
      if (!provider) throw new Problem('payments.unknown-provider', { provider: name })
      await webhooks.receive(name, provider.readWebhook({ headers, bytes: body }))
      return { status: 200, body: {} }
    })
  }
}
