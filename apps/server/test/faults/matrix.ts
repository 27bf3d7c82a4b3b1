import { mergeAudit } from '../../src/audit.ts'
import { scenarios, type Cell, type Scenario } from './scenarios.ts'
import { calls, faults, planStrike, type Call, type Controls, type Fault, type Target } from './strike.ts'
import type { World } from './world.ts'

/** A line of the matrix: what is struck, in which way of a purchase. */
export type Row = { scenario: Scenario; target: Target }

export type Ending =
  /** How the order ended, and what is wrong then: nothing. */
  | { kind: 'ended'; state: string; wrong: readonly string[] }
  /** The fault cannot happen here. */
  | { kind: 'none'; reason: string }

/** Lives each scenario undisturbed. @returns every message and call in the first scenario where it occurs */
export async function findRows(world: World): Promise<Row[]> {
  const seen = new Set<string>()
  const rows: Row[] = []
  for (const scenario of scenarios) {
    world.begin()
    await live(world, scenario)
    const targets: Target[] = [
      ...world.handled
        .filter(({ type }) => !type.startsWith('catalog.'))
        .map((delivery): Target => ({ kind: 'message', ...delivery })),
      ...callsMade(world).map((call): Target => ({ kind: 'call', call })),
    ]
    for (const target of targets) {
      const key = `${nameOf(target)}${ways.has(scenario.name) ? ` ${scenario.name}` : ''}`
      if (seen.has(key)) continue
      seen.add(key)
      rows.push({ scenario, target })
    }
  }
  return rows
}

/** These go another way with the same messages, so each of their messages is struck anew. */
const ways = new Set(['late, equal seats', 'late, refund', 'free'])

/** By us: somebody else's calls carry no key. */
const callsMade = (world: World): Call[] =>
  calls.filter((call) =>
    world.provider.calls.some(({ method, path, idempotencyKey }) =>
      call === 'query' ? method === 'GET' : idempotencyKey !== undefined && path.endsWith(`/${call}`),
    ),
  )

export const nameOf = (target: Target): string =>
  target.kind === 'call' ? `${target.call} (provider)` : `${target.type} → ${target.subscriber}`

export async function live(
  world: World,
  scenario: Scenario,
  atRest: (cell: Cell) => Promise<boolean> = async () => false,
) {
  const cell = await scenario.begin(world)
  await world.settle(async () => {
    for (let i = 0; i < 5; i++) {
      await scenario.react?.(cell)
      await world.rest()
      if (!(await atRest(cell))) return
      await world.rest()
    }
  })
  return cell
}

/** Lives a scenario with one fault and judges how it ended. */
export async function strike(
  world: World,
  { scenario, target }: Row,
  fault: Fault,
  controls: Controls = {},
): Promise<Ending> {
  if (target.kind === 'call' && target.call === 'query' && fault === 'error after')
    return { kind: 'none', reason: 'a look-up has no effect' }
  const planned = planStrike(world, target, fault, controls)
  world.begin(planned.plan)
  const cell = await live(world, scenario, planned.atRest)
  await planned.atEnd(cell)
  const ending = await judge(world, cell)
  if (planned.hasStruck() || ending.wrong.length > 0) return ending
  if (fault === 'reorder') return { kind: 'none', reason: 'nothing of this order is sent before it has arrived' }
  return { kind: 'ended', state: ending.state, wrong: [`${nameOf(target)} never came by`] }
}

/** The invariants of a purchase that has come to rest. */
export async function judge(world: World, cell: Cell): Promise<Ending & { kind: 'ended' }> {
  const { platform, process } = world
  const order = await cell.look()
  const parts = await Promise.all(
    process.modules.map(async ({ name, audit }) => [name, await audit?.(cell.ids.event)] as const),
  )
  const audits = Object.fromEntries(parts.flatMap(([name, part]) => (part ? [[name, part]] : [])))
  const report = mergeAudit(audits, new Date(platform.clock.now()), new Set())
  const wrong = report.checks.filter(({ held }) => !held).map(({ name, detail }) => `${name}: ${detail ?? 'broken'}`)
  const figure = (name: string) => report.figures[name] ?? 0
  for (const name of [
    'inventory.held',
    'inventory.secured',
    'orders.pending',
    'orders.refundsPending',
    'payments.pending',
  ])
    if (figure(name) > 0) wrong.push(`${name} is ${figure(name)}`)
  for (const name of ['paidWithoutTicket', 'ticketWithoutPayment']) if (figure(name) > 0) wrong.push(name)

  const isFulfilled = order.state === 'fulfilled'
  const due = isFulfilled ? order.total.amount : 0
  const kept = world.provider.sandbox
    .payments()
    .filter(({ orderId, approvedAt }) => orderId === cell.orderId && approvedAt !== null)
    .reduce((sum, { balanceAmount }) => sum + balanceAmount, 0)
  if (kept !== due) wrong.push(`the provider keeps ${kept}, the tickets cost ${due}`)

  const tickets = await labels(
    world,
    `select seat_label as label from tickets.tickets where order_id = $1 and state <> 'revoked'`,
    cell.orderId,
  )
  const sold = await labels(
    world,
    `select s.label from inventory.seats s join inventory.holds h on h.id = s.hold_id where h.order_id = $1 and s.state = 3`,
    cell.orderId,
  )
  const bought = isFulfilled
    ? order.items
        .map(({ label }) => label)
        .toSorted()
        .join(' ')
    : ''
  if (tickets !== bought || sold !== bought) wrong.push(`ordered ${bought}, sold ${sold}, tickets for ${tickets}`)

  const left = await world.query<{ type: string }>(
    `select type from platform.deliveries where key = $1 union all select type from platform.parked where key = $1`,
    [cell.orderId],
  )
  wrong.push(...left.map(({ type }) => `${type} was never handled`))
  if (!order.state) wrong.push('nobody knows the order')
  if (order.state === 'awaiting-payment' || order.state === 'paying') wrong.push(`the order is ${order.state} for ever`)
  const state = isFulfilled && order.late?.seatsBefore.length ? 'fulfilled, equal seats' : order.state
  return { kind: 'ended', state, wrong }
}

const labels = async (world: World, text: string, orderId: string): Promise<string> =>
  (await world.query<{ label: string }>(text, [orderId]))
    .map(({ label }) => label)
    .toSorted()
    .join(' ')

export type Line = { scenario: string; target: string; cells: Record<Fault, Ending> }

/** One line of the matrix. */
export async function strikeRow(world: World, row: Row): Promise<Line> {
  const cells = {} as Record<Fault, Ending>
  for (const fault of faults) cells[fault] = await strike(world, row, fault)
  return { scenario: row.scenario.name, target: nameOf(row.target), cells }
}
