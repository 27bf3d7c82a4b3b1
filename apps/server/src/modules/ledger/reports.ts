import type { EventMoney, MoneyFigures, TrialBalance } from '@fairgate/contracts/http/ledger'
import { currencyDigits, type Currency } from '@fairgate/contracts/money'
import type { Caller } from '#platform/access-token'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { accounts } from './entry.ts'
import * as store from './ledger-store.ts'

/** What organisers and admins are shown. Every figure is a sum over entries. */
export function createReports({ db }: Pick<Platform, 'db'>) {
  /** @throws Problem `catalog.event-not-found`: also for somebody else's event, and before its first published sale */
  async function owned(caller: Caller, eventId: string): Promise<store.LedgerEvent> {
    const event = await store.eventById(db, eventId)
    if (!event || (event.organiserId !== caller.accountId && !caller.roles.includes('admin')))
      throw new Problem('catalog.event-not-found')
    return event
  }

  async function money(caller: Caller, eventId: string): Promise<EventMoney> {
    const event = await owned(caller, eventId)
    const found = await store.dayRows(db, event)
    const seats = found.filter(({ sectionId }) => sectionId !== null)
    return {
      eventId,
      currency: event.currency,
      timeZone: event.timeZone,
      totals: sum(found),
      sections: [...Map.groupBy(seats, ({ sectionId }) => sectionId!)]
        .map(([sectionId, list]) => ({ sectionId, name: list[0]!.section ?? sectionId, ...sum(list) }))
        .toSorted((one, other) => one.name.localeCompare(other.name)),
      days: [...Map.groupBy(found, ({ day }) => day)].map(([day, list]) => ({ day, ...sum(list) })),
      providers: [
        ...Map.groupBy(
          found.filter(({ providerName }) => providerName !== null),
          ({ providerName }) => providerName!,
        ),
      ].map(([provider, list]) => {
        const { received, paidBack } = sum(list)
        return { provider, received, paidBack }
      }),
    }
  }

  /** One line a day and section, for a spreadsheet; amounts with the decimals of the currency. */
  async function csv(caller: Caller, eventId: string): Promise<string> {
    const event = await owned(caller, eventId)
    const found = (await store.dayRows(db, event)).filter(({ sectionId }) => sectionId !== null)
    const lines = found.map((line) => [
      line.day,
      line.section ?? line.sectionId!,
      ...csvFigures.map((name) =>
        name === 'seatsSold' || name === 'seatsReturned' ? String(line[name]) : decimal(line[name], event.currency),
      ),
      event.currency,
    ])
    const head = ['day', 'section', ...csvFigures, 'currency']
    return [head, ...lines].map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('')
  }

  async function trialBalance(eventId: string | undefined): Promise<TrialBalance> {
    const found = await store.balances(db, eventId)
    const { entries } = await store.auditCounts(db, eventId)
    return {
      entries,
      currencies: [...Map.groupBy(found, ({ currency }) => currency)].map(([currency, list]) => ({
        currency,
        accounts: list
          .toSorted((a, b) => accounts.indexOf(a.account) - accounts.indexOf(b.account))
          .map(({ account, providerName, debit, credit }) => ({
            account,
            ...(providerName === null ? {} : { provider: providerName }),
            debit,
            credit,
            balance: debit - credit,
          })),
        sum: list.reduce((total, { debit, credit }) => total + debit - credit, 0),
      })),
    }
  }

  return { money, csv, trialBalance }
}

export type Reports = ReturnType<typeof createReports>

const csvFigures = [
  'seatsSold',
  'seatsReturned',
  'sold',
  'discounts',
  'fees',
  'refunded',
  'kept',
  'feesReturned',
  'owed',
] as const satisfies readonly (keyof MoneyFigures)[]

const figureNames = [...csvFigures, 'received', 'paidBack'] as const satisfies readonly (keyof MoneyFigures)[]

const sum = (list: readonly MoneyFigures[]): MoneyFigures =>
  Object.fromEntries(
    figureNames.map((name) => [name, list.reduce((total, line) => total + line[name], 0)]),
  ) as MoneyFigures

/** `-12.50`: minor units as a number that a spreadsheet reads. */
function decimal(amount: number, currency: Currency): string {
  const digits = currencyDigits[currency]
  if (digits === 0) return String(amount)
  const text = String(Math.abs(amount)).padStart(digits + 1, '0')
  return `${amount < 0 ? '-' : ''}${text.slice(0, -digits)}.${text.slice(-digits)}`
}

/** A name that begins like a formula is text, whatever a spreadsheet thinks of it. */
function csvCell(text: string): string {
  const isFormula = /^[=+@\t\r]/.test(text) || (text.startsWith('-') && !/^-[\d.]+$/.test(text))
  return `"${(isFormula ? `'${text}` : text).replaceAll('"', '""')}"`
}
