import type { AuditReport } from '@fairgate/contracts/http/operations'
import { areEqual, type BothBooks } from './books.ts'
import type { Told } from './buyer.ts'

/** How the accounts of macros fared beside those of people. */
export type Fairness = {
  botShareOfAccounts: number
  botShareOfTickets: number
  /** Share of the tickets by share of the accounts: 1 when a macro is worth nothing. */
  ratio: number
  ratioByRound: number[]
  /** How far chance alone moves the ratio of a fair draw: one standard deviation. */
  ratioDeviation: number
  /** Two deviations to both sides of 1: where a fair draw ends nineteen times in twenty. */
  ratioExpected: { from: number; to: number }
}

/** One holding of a sale: what the server's books say after it, and what everybody was told. */
export type Round = { capacity: number; seconds: number; audit: AuditReport; results: readonly RoundResult[] }
export type RoundResult = Pick<Told, 'fulfilled' | 'outcome'> & { isMacro: boolean }

const rounded = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits

export function fairnessOf(rounds: readonly { results: readonly RoundResult[] }[]): Fairness {
  const tallies = rounds.map(({ results }) => {
    const tickets = (people: readonly RoundResult[]) =>
      people.reduce(
        (sum, { fulfilled }) => sum + fulfilled.reduce((seats, bought) => seats + bought.seats.length, 0),
        0,
      )
    const macros = results.filter(({ isMacro }) => isMacro)
    return { accounts: results.length, bots: macros.length, tickets: tickets(results), botTickets: tickets(macros) }
  })
  const total = (name: keyof (typeof tallies)[number]) => tallies.reduce((sum, tally) => sum + tally[name], 0)
  const ratio = (tally: { accounts: number; bots: number; tickets: number; botTickets: number }) =>
    tally.bots === 0 || tally.tickets === 0 ? 0 : (tally.botTickets / tally.tickets / tally.bots) * tally.accounts
  const all = {
    accounts: total('accounts'),
    bots: total('bots'),
    tickets: total('tickets'),
    botTickets: total('botTickets'),
  }
  const share = all.bots / Math.max(1, all.accounts)
  const spread = share > 0 && all.tickets > 0 ? deviation(all.accounts, all.tickets, share) : 0
  return {
    botShareOfAccounts: rounded(share, 4),
    botShareOfTickets: rounded(all.botTickets / Math.max(1, all.tickets), 4),
    ratio: rounded(ratio(all), 3),
    ratioByRound: tallies.map((tally) => rounded(ratio(tally), 3)),
    ratioDeviation: rounded(spread, 3),
    ratioExpected: { from: rounded(Math.max(0, 1 - 2 * spread), 3), to: rounded(1 + 2 * spread, 3) },
  }
}

/** Tickets drawn from accounts without putting back: the deviation of the hypergeometric distribution, by the share. */
function deviation(accounts: number, tickets: number, share: number): number {
  const finite = Math.max(0, accounts - tickets) / Math.max(1, accounts - 1)
  return Math.sqrt((share * (1 - share) * finite) / tickets) / share
}

/** What the books and the answers of all rounds come to. */
export function figuresOf(rounds: readonly Round[], lostAcknowledged: number, books?: BothBooks) {
  const figure = (name: string) => rounds.reduce((sum, { audit }) => sum + (audit.figures[name] ?? 0), 0)
  const soldOf = ({ audit }: Round) => audit.figures['inventory.sold'] ?? 0
  const seatsOf = ({ results }: Round) => results.flatMap(({ fulfilled }) => fulfilled.flatMap(({ seats }) => seats))
  const leaked =
    figure('inventory.held') + figure('inventory.secured') + figure('orders.pending') + figure('payments.pending')
  const oversold = rounds.reduce(
    (sum, round) =>
      sum + Math.max(0, soldOf(round) - round.capacity) + Math.max(0, seatsOf(round).length - round.capacity),
    0,
  )
  const seats = rounds.flatMap(seatsOf)
  const duplicates = seats.length - new Set(seats).size
  const paidWithoutTicket = figure('paidWithoutTicket')
  const ticketWithoutPayment = figure('ticketWithoutPayment')
  const orders = rounds.reduce((sum, { results }) => sum + results.flatMap(({ fulfilled }) => fulfilled).length, 0)
  const hasEqualBooks = books === undefined || areEqual(books)
  const seconds = rounds.reduce((sum, round) => sum + round.seconds, 0)
  const outcomes: Record<string, number> = {}
  for (const { outcome } of rounds.flatMap((round) => round.results)) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  return {
    capacity: rounds.reduce((sum, round) => sum + round.capacity, 0),
    sold: figure('inventory.sold'),
    oversold,
    leaked,
    duplicates,
    paidWithoutTicket,
    ticketWithoutPayment,
    lostAcknowledged,
    seconds: rounded(seconds, 1),
    ordersPerSecond: rounded(orders / Math.max(0.1, seconds), 1),
    outcomes,
    ledger: { entries: figure('ledger.entries'), sum: figure('ledger.sum') },
    ...books,
    violated: [
      ...rounds.flatMap(({ audit }) =>
        audit.checks
          .filter((check) => !check.held)
          .map((check) => `${check.name} (${check.violations})${check.detail ? `: ${check.detail}` : ''}`),
      ),
      ...(hasEqualBooks ? [] : ["the provider's books equal ours"]),
    ],
    invariantsHeld:
      hasEqualBooks &&
      rounds.every(({ audit }) => audit.invariantsHeld) &&
      oversold + leaked + duplicates + paidWithoutTicket + ticketWithoutPayment + lostAcknowledged === 0,
  }
}
