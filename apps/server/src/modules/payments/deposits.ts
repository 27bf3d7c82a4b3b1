import type { Deposit as Document } from '@fairgate/contracts/http/payments'
import { money, type Currency } from '@fairgate/contracts/money'
import { transaction } from '#platform/db'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import type { Books } from './books.ts'
import { takeRefundAccount } from './refunding.ts'
import type { Payment, State } from './payment.ts'
import * as store from './payments-store.ts'
import type { RefundAccount } from './provider.ts'

const stateOf: Readonly<Record<State, Document['state']>> = {
  requested: 'awaiting',
  capturing: 'awaiting',
  awaiting: 'awaiting',
  captured: 'paid',
  refused: 'ended',
  declined: 'ended',
  refunding: 'refunding',
  refunded: 'refunded',
}

const listedMax = 50

/** Payments by deposit, for the buyers whose they are. */
export function createDeposits({ db }: Pick<Platform, 'db'>, books: Books) {
  const list = async (accountId: string): Promise<Document[]> =>
    (await store.depositsOf(db, { accountId }, listedMax)).map(document)

  /** Where to pay into for an order and until when, or what came of it. Somebody else's is as unknown as none. */
  async function read(orderId: string, accountId: string): Promise<Document> {
    const [payment] = await store.depositsOf(db, { accountId, orderId }, 1)
    if (!payment) throw new Problem('payments.deposit-not-found')
    return document(payment)
  }

  /** Takes the account into which a deposit is to go back; the refund goes on at once. */
  async function giveRefundAccount(orderId: string, accountId: string, account: RefundAccount): Promise<Document> {
    const [known] = await store.depositsOf(db, { accountId, orderId }, 1)
    if (!known) throw new Problem('payments.deposit-not-found')
    return transaction(db, async (tx) => {
      const [payment] = await store.lock(tx, [known.id])
      const change = payment && takeRefundAccount(payment, account, books.around())
      if (!change) throw new Problem('payments.refund-account-not-needed')
      await books.commit(tx, [change])
      return document(change.payment)
    })
  }

  return { list, read, giveRefundAccount }
}

export type Deposits = ReturnType<typeof createDeposits>

function document({ orderId, amount, currency, state, deposit, refund }: Payment): Document {
  const { bank, number, holder, until, refundAccount } = deposit!
  return {
    orderId,
    state: stateOf[state],
    amount: money(amount, currency as Currency),
    account: { bank, number, holder },
    until: new Date(until).toISOString(),
    refundAccount: refund === null ? 'not-needed' : refundAccount ? 'given' : 'needed',
  }
}
