import type { AuditReport } from '@fairgate/contracts/http/operations'
import type { AuditPart } from '#platform/module'

/** Figures of different modules that must be equal for every order. */
const pairs = [
  {
    name: 'money kept equals what valid tickets were paid with and the fees of returned seats',
    left: [['payments', 'netCaptured']],
    right: [
      ['tickets', 'ticketsValue'],
      ['orders', 'feesKept'],
    ],
  },
  {
    name: 'money kept equals what orders keep',
    left: [['payments', 'netCaptured']],
    right: [['orders', 'moneyKept']],
  },
  {
    name: 'the ledger has the money that payments have',
    left: [['ledger', 'received']],
    right: [['payments', 'netCaptured']],
  },
  {
    name: 'the ledger books what orders keep',
    left: [['ledger', 'booked']],
    right: [['orders', 'moneyKept']],
  },
  {
    name: 'the ledger keeps the fees of returned seats',
    left: [['ledger', 'kept']],
    right: [['orders', 'feesKept']],
  },
  { name: 'the ledger sold the seats of orders', left: [['ledger', 'seats']], right: [['orders', 'seats']] },
  { name: 'seats sold equal valid tickets', left: [['inventory', 'soldSeats']], right: [['tickets', 'tickets']] },
  {
    name: 'seats sold equal seats of fulfilled orders',
    left: [['inventory', 'soldSeats']],
    right: [['orders', 'seats']],
  },
] as const satisfies readonly { name: string; left: readonly Source[]; right: readonly Source[] }[]

/** A figure by order: its module and its name. Several are added up. */
type Source = readonly [module: string, figure: string]
type ByOrder = Readonly<Record<string, number>>

function sumOf(parts: Readonly<Record<string, AuditPart>>, sources: readonly Source[]): ByOrder | undefined {
  const sum: Record<string, number> = {}
  for (const [module, name] of sources) {
    const figure = parts[module]?.byOrder?.[name]
    if (!figure) return undefined
    for (const [orderId, value] of Object.entries(figure)) sum[orderId] = (sum[orderId] ?? 0) + value
  }
  return sum
}

/**
 * Joins what the modules found with what can only be seen between them. While a purchase is under way its modules know
 * it one after the other; so differences are judged only for orders that are not `pendingOrders`.
 */
export function mergeAudit(
  parts: Readonly<Record<string, AuditPart>>,
  at: Date,
  pendingOrders: ReadonlySet<string>,
): AuditReport {
  const checks: AuditReport['checks'] = []
  const figures: Record<string, number> = {}
  for (const [module, part] of Object.entries(parts)) {
    for (const check of part.checks) {
      checks.push({
        name: `${module}: ${check.name}`,
        held: check.violations === 0,
        violations: check.violations,
        ...(check.detail ? { detail: check.detail } : {}),
      })
    }
    for (const [name, value] of Object.entries(part.figures)) figures[`${module}.${name}`] = value
  }
  for (const { name, left, right } of pairs) {
    const a = sumOf(parts, left)
    const b = sumOf(parts, right)
    if (!a || !b) continue
    const orders = new Set([...Object.keys(a), ...Object.keys(b)])
    const different = [...orders].filter((id) => !pendingOrders.has(id) && (a[id] ?? 0) !== (b[id] ?? 0))
    checks.push({
      name,
      held: different.length === 0,
      violations: different.length,
      ...(different.length > 0
        ? {
            detail: different
              .slice(0, 5)
              .map((id) => `${id}: ${a[id] ?? 0} and ${b[id] ?? 0}`)
              .join('; '),
          }
        : {}),
    })
  }
  figures['paidWithoutTicket'] = countWhere(parts, (money, tickets) => money > 0 && tickets === 0, pendingOrders)
  figures['ticketWithoutPayment'] = countWhere(parts, (money, tickets) => tickets > 0 && money === 0, pendingOrders)
  return { at: at.toISOString(), invariantsHeld: checks.every((check) => check.held), checks, figures }
}

function countWhere(
  parts: Readonly<Record<string, AuditPart>>,
  isWrong: (money: number, tickets: number) => boolean,
  pending: ReadonlySet<string>,
): number {
  const money = parts['payments']?.byOrder?.['netCaptured'] ?? {}
  const tickets = parts['tickets']?.byOrder?.['tickets'] ?? {}
  const value = parts['tickets']?.byOrder?.['ticketsValue'] ?? {}
  const fees = parts['orders']?.byOrder?.['feesKept'] ?? {}
  const orders = new Set([...Object.keys(money), ...Object.keys(tickets)])
  // A free ticket needs no money.
  return [...orders].filter(
    (id) =>
      !pending.has(id) &&
      !(value[id] === 0 && (tickets[id] ?? 0) > 0) &&
      isWrong((money[id] ?? 0) - (fees[id] ?? 0), tickets[id] ?? 0),
  ).length
}
