import type { EventData, EventSummary, Message } from '@fairgate/contracts/events'
import { on, type Subscription } from '#platform/bus'
import { afterCommit, type Tx } from '#platform/db'
import type { Platform } from '#platform/platform'
import * as store from './notifications-store.ts'
import type { EventCancelled } from './message.ts'
import type { NewMessage } from './notifications-store.ts'
import { textedKinds } from './texts.ts'

/** Signal topic: there is something to send. */
export const queuedTopic = 'notifications'

/**
 * Turns facts into messages. A message is queued whether or not its account is known yet, and waits for the address,
 * because facts of different keys may overtake one another.
 */
export function notificationSubscriptions({
  clock,
  ids,
  signals,
  areTextsOffered,
}: Pick<Platform, 'clock' | 'ids' | 'signals'> & { areTextsOffered: boolean }): Subscription[] {
  const texted = areTextsOffered ? textedKinds : []

  async function queue(tx: Tx, messages: readonly NewMessage[]): Promise<void> {
    if (messages.length > 0) await store.queueMessages(tx, messages, new Date(clock.now()), texted)
    afterCommit(tx, () => signals.emit(queuedTopic, ''))
  }
  async function mailCodes(
    tx: Tx,
    kind: 'verification-code' | 'password-reset-code',
    facts: readonly { id: string; data: EventData<'identity.code-requested.v1'> }[],
  ): Promise<void> {
    const requests = facts.map(({ data }) => data)
    await store.keepAccounts(tx, requests)
    await store.lapseCodes(tx, kind, requests, new Date(clock.now()))
    await queue(
      tx,
      facts.map(({ id, data: { accountId, code, expiresAt } }) => ({
        id: ids('message'),
        cause: `code:${id}`,
        accountId,
        kind,
        data: { code },
        usefulUntil: new Date(expiresAt),
      })),
    )
  }
  /** One letter for each account and event, whatever of it somebody hoped for. */
  const cancelled = (
    had: EventCancelled['had'],
    facts: readonly { data: { event: EventSummary; accountIds: readonly string[]; note: string } }[],
  ): NewMessage[] =>
    facts.flatMap(({ data: { event, accountIds, note } }) =>
      accountIds.map((accountId) => ({
        id: ids('message'),
        cause: `event-cancelled:${event.id}:${accountId}`,
        accountId,
        kind: 'event-cancelled',
        data: { event, note, had },
        usefulUntil: null,
      })),
    )
  // Who gave seats back has been told of each.
  const refunded = ({ data }: Message<'orders.order-ended.v1'>) =>
    data.state === 'refunded' && data.total.amount > 0 && data.reason !== 'seats-returned'

  return [
    on('identity.account-registered.v1', async (tx, facts) => {
      await store.keepAccounts(
        tx,
        facts.map(({ data }) => data),
      )
      // Messages may have been waiting for just these addresses.
      await queue(tx, [])
    }),
    on('identity.code-requested.v1', (tx, facts) => mailCodes(tx, 'verification-code', facts)),
    on('identity.password-reset-requested.v1', (tx, facts) => mailCodes(tx, 'password-reset-code', facts)),
    on('identity.password-changed.v1', (tx, facts) =>
      queue(
        tx,
        facts.map(({ id, data: { accountId } }) => ({
          id: ids('message'),
          cause: `password:${id}`,
          accountId,
          kind: 'password-changed',
          data: {},
          usefulUntil: null,
        })),
      ),
    ),
    on('tickets.tickets-issued.v1', (tx, facts) =>
      queue(
        tx,
        facts.map(({ data: { accountId, orderId, event, section, total, tickets, late } }) => ({
          id: ids('message'),
          cause: `tickets:${orderId}`,
          accountId,
          kind: 'tickets-issued',
          data: { orderId, event, section, total, tickets, ...(late ? { late } : {}) },
          usefulUntil: null,
        })),
      ),
    ),
    on('ballots.awarded.v1', (tx, facts) =>
      queue(
        tx,
        facts.map(({ data: { accountId, ...data } }) => ({
          id: ids('message'),
          cause: `award:${data.awardId}`,
          accountId,
          kind: 'award-won',
          data,
          usefulUntil: new Date(data.payBy),
        })),
      ),
    ),
    on('ballots.not-awarded.v1', (tx, facts) =>
      queue(
        tx,
        facts.flatMap(({ data: { saleId, event, accountIds } }) =>
          accountIds.map((accountId) => ({
            id: ids('message'),
            cause: `not-awarded:${saleId}:${accountId}`,
            accountId,
            kind: 'award-not-won' as const,
            data: { saleId, event },
            usefulUntil: null,
          })),
        ),
      ),
    ),
    on('ballots.award-ending.v1', (tx, facts) =>
      queue(
        tx,
        facts.map(({ data: { accountId, ...data } }) => ({
          id: ids('message'),
          cause: `award-ending:${data.awardId}`,
          accountId,
          kind: 'award-ending',
          data,
          usefulUntil: new Date(data.payBy),
        })),
      ),
    ),
    on('auctions.pushed-out.v1', (tx, facts) =>
      queue(
        tx,
        facts.flatMap(({ id, data: { people, ...data } }) =>
          people.map(({ accountId, ...bid }) => ({
            id: ids('message'),
            cause: `pushed-out:${id}:${accountId}`,
            accountId,
            kind: 'bid-pushed-out' as const,
            data: { ...data, ...bid },
            usefulUntil: new Date(data.endsAt),
          })),
        ),
      ),
    ),
    on('auctions.awarded.v1', (tx, facts) =>
      queue(
        tx,
        facts.map(({ data: { accountId, ...data } }) => ({
          id: ids('message'),
          cause: `lot-award:${data.awardId}`,
          accountId,
          kind: 'lot-won',
          data,
          usefulUntil: new Date(data.payBy),
        })),
      ),
    ),
    on('auctions.not-awarded.v1', (tx, facts) =>
      queue(
        tx,
        facts.flatMap(({ data: { lotId, event, line, accountIds } }) =>
          accountIds.map((accountId) => ({
            id: ids('message'),
            cause: `lot-not-awarded:${lotId}:${accountId}`,
            accountId,
            kind: 'lot-not-won' as const,
            data: { lotId, event, line },
            usefulUntil: null,
          })),
        ),
      ),
    ),
    on('auctions.award-ending.v1', (tx, facts) =>
      queue(
        tx,
        facts.map(({ data: { accountId, ...data } }) => ({
          id: ids('message'),
          cause: `lot-award-ending:${data.awardId}`,
          accountId,
          kind: 'lot-award-ending',
          data,
          usefulUntil: new Date(data.payBy),
        })),
      ),
    ),
    on('orders.seats-returned.v1', (tx, facts) =>
      queue(
        tx,
        facts.map(({ data: { returnId, accountId, orderId, event, section, seats, ...said } }) => ({
          id: ids('message'),
          cause: `returned:${returnId}`,
          accountId,
          kind: 'seats-returned',
          data: {
            orderId,
            event,
            section,
            seats: seats.map(({ label }) => label),
            seatsLeft: said.seatsLeft,
            refunded: said.refunded,
            kept: said.kept,
            reason: said.reason,
            ...(said.note ? { note: said.note } : {}),
          },
          usefulUntil: null,
        })),
      ),
    ),
    on('ballots.ballot-cancelled.v1', (tx, facts) => queue(tx, cancelled('application', facts))),
    on('auctions.lot-cancelled.v1', (tx, facts) => queue(tx, cancelled('bid', facts))),
    on('waitlist.waitlist-cancelled.v1', (tx, facts) => queue(tx, cancelled('waitlist-entry', facts))),
    on('webhooks.endpoint-disabled.v1', (tx, facts) =>
      queue(
        tx,
        facts.map(({ id, data: { accountId, url } }) => ({
          id: ids('message'),
          cause: `webhook-disabled:${id}`,
          accountId,
          kind: 'webhook-disabled',
          data: { url },
          usefulUntil: null,
        })),
      ),
    ),
    on('waitlist.offer-made.v1', (tx, facts) =>
      queue(
        tx,
        facts.map(({ data: { accountId, ...data } }) => ({
          id: ids('message'),
          cause: `offer-made:${data.offerId}`,
          accountId,
          kind: 'offer-made',
          data,
          usefulUntil: new Date(data.until),
        })),
      ),
    ),
    on('waitlist.offer-ending.v1', (tx, facts) =>
      queue(
        tx,
        facts.map(({ data: { accountId, ...data } }) => ({
          id: ids('message'),
          cause: `offer-ending:${data.offerId}`,
          accountId,
          kind: 'offer-ending',
          data,
          usefulUntil: new Date(data.until),
        })),
      ),
    ),
    on('waitlist.offer-lapsed.v1', (tx, facts) =>
      queue(
        tx,
        facts.map(({ data: { accountId, ...data } }) => ({
          id: ids('message'),
          cause: `offer-lapsed:${data.offerId}`,
          accountId,
          kind: 'offer-lapsed',
          data,
          usefulUntil: null,
        })),
      ),
    ),
    on('payments.payment-awaited.v1', (tx, facts) =>
      queue(
        tx,
        facts.map(({ data: { accountId, ...data } }) => ({
          id: ids('message'),
          cause: `deposit:${data.paymentId}`,
          accountId,
          kind: 'deposit-awaited',
          data,
          usefulUntil: new Date(data.until),
        })),
      ),
    ),
    // An account may be refused and asked for again, so each asking is told.
    on('payments.refund-account-needed.v1', (tx, facts) =>
      queue(
        tx,
        facts.map(({ id, data: { accountId, ...data } }) => ({
          id: ids('message'),
          cause: `refund-account:${id}`,
          accountId,
          kind: 'refund-account-needed',
          data,
          usefulUntil: null,
        })),
      ),
    ),
    // An order that expired or was cancelled unpaid moved no money, nor did a free one: the app has said so, a mail would
    // only alarm.
    on('orders.order-ended.v1', (tx, facts) =>
      queue(
        tx,
        facts.filter(refunded).map(({ data: { accountId, orderId, event, total, reason } }) => ({
          id: ids('message'),
          cause: `refunded:${orderId}`,
          accountId,
          kind: 'order-refunded',
          data: { orderId, event, total, reason },
          usefulUntil: null,
        })),
      ),
    ),
  ]
}
