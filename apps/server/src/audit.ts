import type { AuditReport } from '@fairgate/contracts/http/operations'
import type { AuditPart } from '#platform/module'

/** Figures of different modules that must be equal for every order. */
const pairs = [
  {
    name: 'money kept equals the price of valid tickets',
    left: ['payments', 'netCaptured'],
    right: ['tickets', 'ticketsValue'],
  },
  {
    name: 'money kept equals the total of fulfilled orders',
    left: ['payments', 'netCaptured'],
    right: ['orders', 'fulfilledTotal'],
  },
  {
    name: 'the ledger has the money that payments have',
    left: ['ledger', 'received'],
    right: ['payments', 'netCaptured'],
  },
  { name: 'seats sold equal valid tickets', left: ['inventory', 'soldSeats'], right: ['tickets', 'tickets'] },
  { name: 'seats sold equal seats of fulfilled orders', left: ['inventory', 'soldSeats'], right: ['orders', 'seats'] },
] as const

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
    const a = parts[left[0]]?.byOrder?.[left[1]]
    const b = parts[right[0]]?.byOrder?.[right[1]]
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
  const orders = new Set([...Object.keys(money), ...Object.keys(tickets)])
  // A free ticket needs no money.
  return [...orders].filter(
    (id) =>
      !pending.has(id) && !(value[id] === 0 && (tickets[id] ?? 0) > 0) && isWrong(money[id] ?? 0, tickets[id] ?? 0),
  ).length
}
