import * as contract from '@fairgate/contracts/http/ledger'
import type { HttpApp } from '#platform/http'
import type { Reports } from './reports.ts'

export function serveLedger(http: HttpApp, reports: Reports): void {
  http.serve(contract.eventMoney, async ({ caller, params }) => ({
    status: 200,
    body: await reports.money(caller, params.id),
  }))

  http.serve(contract.eventMoneyCsv, async ({ caller, params }) => ({
    status: 200,
    bytes: await reports.csv(caller, params.id),
    type: 'text/csv; charset=utf-8',
    headers: { 'content-disposition': `attachment; filename="money-${params.id.replaceAll(/[^\w-]/g, '')}.csv"` },
  }))

  http.serve(contract.trialBalance, async ({ query }) => ({
    status: 200,
    body: await reports.trialBalance(query.eventId),
  }))
}
