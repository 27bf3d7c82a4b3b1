import { InvalidArgumentError, type Command } from 'commander'
import type { OrderRecord, OrderTrouble } from '@fairgate/contracts/http/operations'
import { formatMoney } from '@fairgate/contracts/money'
import { Problem } from '#platform/problem'
import type { Server } from './compose.ts'

const minutesOf = (text: string): number => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('must be a whole number of minutes')
  return value
}

/** Commands for orders that need a look: `npm run -s orders -- list`. */
export function orderCommands(
  program: Command,
  withServer: (work: (server: Server) => Promise<void>) => Promise<void>,
): void {
  const orders = program.command('orders').description('orders that need a look')
  const say = (value: object, text: string, options: { json?: boolean }) =>
    process.stdout.write(`${options.json ? JSON.stringify(value) : text}\n`)

  /** Does something with one order; an unknown one is said plainly. */
  const withOrder = (id: string, work: (server: Server) => Promise<void>) =>
    withServer(work).catch((error: unknown) => {
      if (!(error instanceof Problem) || error.code !== 'orders.order-not-found') throw error
      process.stderr.write(`there is no order ${id}\n`)
      process.exitCode = 1
    })

  orders
    .command('list')
    .description('stuck for longer than some minutes, with a refund that is not done, or with a parked message')
    .option('--minutes <n>', 'how long', minutesOf, 5)
    .option('--json', 'one line')
    .action((options: { minutes: number; json?: boolean }) =>
      withServer(async ({ orderDesk }) => {
        const found = await orderDesk.list(options.minutes * 60_000)
        say(found, found.map(lineOf).join('\n') || 'no order needs a look', options)
      }),
    )
  orders
    .command('show <order>')
    .description('everything that happened to an order: each event, what it became, what it asked')
    .option('--json', 'one line')
    .action((id: string, options: { json?: boolean }) =>
      withOrder(id, async ({ orderDesk }) => {
        const record = await orderDesk.show(id)
        say(record, pageOf(record), options)
      }),
    )
  orders
    .command('replay <order>')
    .description('ask again for what it waits for and hand over its parked messages; pressing twice does no harm')
    .option('--json', 'one line')
    .action((id: string, options: { json?: boolean }) =>
      withOrder(id, async ({ orderDesk }) => {
        const done = await orderDesk.replay(id)
        say(done, `asked again: ${done.asked}, parked messages handed over: ${done.retried}`, options)
      }),
    )
}

const lineOf = ({ orderId, why, state, since, detail }: OrderTrouble): string =>
  [since, orderId, why.padEnd(6), (state ?? '').padEnd(11), detail].join('  ').trimEnd()

function pageOf(record: OrderRecord): string {
  const { id, state, event, section, seats, total, payments, history, paymentHistory, parked } = record
  return [
    `${id}  ${state}  ${event.name}, ${section} ${seats.join(', ')}  ${formatMoney(total, 'en')}`,
    ...history.map(
      ({ at, event: what, from, to, asked }) =>
        `${at}  ${what}: ${from === null || from === to ? to : `${from} → ${to}`}${asked.length > 0 ? `, asks ${asked.join(', ')}` : ''}`,
    ),
    ...payments.map((payment) => `payment ${payment.id}: ${payment.state}, ${formatMoney(payment.amount, 'en')}`),
    ...paymentHistory.map(
      ({ at, paymentId, event: what, to, detail }) =>
        `${at}  ${paymentId} ${what}: ${to}${detail ? ` (${detail})` : ''}`,
    ),
    ...parked.map(({ parkedAt, type, subscriber, reason }) => `${parkedAt}  parked ${type} → ${subscriber}: ${reason}`),
  ].join('\n')
}
