import { Type, Strict, OneOf, Id, type Static } from '../schema.ts'
import { CurrencySchema } from '../money.ts'
import { route } from './route.ts'

const figures = {
  seatsSold: Type.Integer(),
  seatsReturned: Type.Integer(),
  sold: Type.Integer({ description: 'the price of the seats sold' }),
  discounts: Type.Integer({ description: 'taken off with codes' }),
  fees: Type.Integer({ description: 'that buyers paid beside the price' }),
  refunded: Type.Integer({ description: 'for returned seats, fees included' }),
  kept: Type.Integer({ description: 'of what returned seats had cost' }),
  feesReturned: Type.Integer({ description: 'the part of `refunded` and `kept` that had been fees' }),
  owed: Type.Integer({ description: 'to the organiser: sold - discounts - refunded + feesReturned' }),
  received: Type.Integer({ description: 'from buyers through providers' }),
  paidBack: Type.Integer({ description: 'to buyers through providers' }),
}

/** Amounts in minor units of the event's currency. */
export const MoneyFigures = Strict(figures)
export type MoneyFigures = Static<typeof MoneyFigures>

export const EventMoney = Strict({
  eventId: Type.String(),
  currency: CurrencySchema,
  timeZone: Type.String({ description: 'in which the days begin' }),
  totals: MoneyFigures,
  sections: Type.Array(Strict({ sectionId: Type.String(), name: Type.String(), ...figures })),
  days: Type.Array(Strict({ day: Type.String({ description: '2026-06-01' }), ...figures })),
  providers: Type.Array(Strict({ provider: Type.String(), received: figures.received, paidBack: figures.paidBack })),
})
export type EventMoney = Static<typeof EventMoney>

const params = Strict({ id: Id })

export const eventMoney = route({
  method: 'GET',
  path: '/api/organiser/events/{id}/money',
  caller: 'organiser',
  summary: 'The money of an own event from the ledger: in all, by section, by day, by provider',
  params,
  answers: { 200: EventMoney },
  errors: ['catalog.event-not-found'],
})

export const eventMoneyCsv = route({
  method: 'GET',
  path: '/api/organiser/events/{id}/money.csv',
  caller: 'organiser',
  summary: 'The same as a table, one line a day and section',
  params,
  answers: { 200: Type.String() },
  media: 'text/csv',
  errors: ['catalog.event-not-found'],
})

export const TrialBalance = Strict({
  entries: Type.Integer(),
  currencies: Type.Array(
    Strict({
      currency: CurrencySchema,
      accounts: Type.Array(
        Strict({
          account: OneOf(['provider', 'buyer', 'organiser', 'fees', 'kept', 'discounts']),
          provider: Type.Optional(Type.String()),
          debit: Type.Integer(),
          credit: Type.Integer(),
          balance: Type.Integer({ description: 'debit - credit: positive is owed to us' }),
        }),
      ),
      sum: Type.Integer({ description: 'of all balances: zero' }),
    }),
  ),
})
export type TrialBalance = Static<typeof TrialBalance>

export const trialBalance = route({
  method: 'GET',
  path: '/api/operations/ledger',
  caller: 'admin',
  summary: 'The trial balance of the ledger, of one event or of all',
  query: Strict({ eventId: Type.Optional(Type.String({ maxLength: 80 })) }),
  answers: { 200: TrialBalance },
})

export const ledgerRoutes = { eventMoney, eventMoneyCsv, trialBalance }
