import type { EventData } from '@fairgate/contracts/events'
import type { Money } from '@fairgate/contracts/money'

/** For those who hoped for a place: what they had that ends now, and why, as the organiser says it. */
export type EventCancelled = Pick<EventData<'ballots.ballot-cancelled.v1'>, 'event' | 'note'> & {
  had: 'application' | 'bid' | 'waitlist-entry'
}

/** What a message tells of, with what is needed to write it. */
export type MessageContent =
  | { kind: 'verification-code'; data: { code: string } }
  | { kind: 'password-reset-code'; data: { code: string } }
  | { kind: 'password-changed'; data: Record<string, never> }
  | {
      kind: 'tickets-issued'
      data: Pick<EventData<'tickets.tickets-issued.v1'>, 'orderId' | 'event' | 'section' | 'total' | 'tickets' | 'late'>
    }
  | { kind: 'award-won'; data: Omit<EventData<'ballots.awarded.v1'>, 'accountId'> }
  | { kind: 'award-not-won'; data: Pick<EventData<'ballots.not-awarded.v1'>, 'saleId' | 'event'> }
  | { kind: 'award-ending'; data: Omit<EventData<'ballots.award-ending.v1'>, 'accountId'> }
  | {
      kind: 'bid-pushed-out'
      data: Omit<EventData<'auctions.pushed-out.v1'>, 'people'> & { amount: Money; chancesLeft: number }
    }
  | { kind: 'lot-won'; data: Omit<EventData<'auctions.awarded.v1'>, 'accountId'> }
  | { kind: 'lot-not-won'; data: Pick<EventData<'auctions.not-awarded.v1'>, 'lotId' | 'event' | 'line'> }
  | { kind: 'lot-award-ending'; data: Omit<EventData<'auctions.award-ending.v1'>, 'accountId'> }
  | { kind: 'offer-made'; data: Omit<EventData<'waitlist.offer-made.v1'>, 'accountId'> }
  | { kind: 'offer-ending'; data: Omit<EventData<'waitlist.offer-ending.v1'>, 'accountId'> }
  | { kind: 'offer-lapsed'; data: Omit<EventData<'waitlist.offer-lapsed.v1'>, 'accountId'> }
  | {
      kind: 'order-refunded'
      data: Pick<EventData<'orders.order-ended.v1'>, 'orderId' | 'event' | 'total'> & { reason?: string }
    }
  | {
      kind: 'seats-returned'
      data: Pick<
        EventData<'orders.seats-returned.v1'>,
        'orderId' | 'event' | 'section' | 'seatsLeft' | 'refunded' | 'kept' | 'reason' | 'note'
      > & { seats: string[] }
    }
  | { kind: 'event-cancelled'; data: EventCancelled }
  | { kind: 'deposit-awaited'; data: Omit<EventData<'payments.payment-awaited.v1'>, 'accountId'> }
  | { kind: 'refund-account-needed'; data: Omit<EventData<'payments.refund-account-needed.v1'>, 'accountId'> }
  | { kind: 'webhook-disabled'; data: Pick<EventData<'webhooks.endpoint-disabled.v1'>, 'url'> }

/** What a message of this kind tells. */
export type DataOf<K extends MessageContent['kind']> = Extract<MessageContent, { kind: K }>['data']

export type MessageState = 'queued' | 'sent' | 'given-up' | 'lapsed' | 'unreachable'

/**
 * `accepted`: the mail server, or the provider of text messages, has it. `deferred`: it may take it later. `exhausted`: deferred for the last time.
 * `rejected`: it never will. `late`: it would be of no use any more. `no-mailbox`: the address cannot exist, or the number was taken back.
 * `retry`: an operator wants another round.
 */
export type MessageEvent = 'accepted' | 'deferred' | 'exhausted' | 'rejected' | 'late' | 'no-mailbox' | 'retry'

export const nextState: Record<MessageState, Record<MessageEvent, MessageState>> = {
  queued: {
    accepted: 'sent',
    deferred: 'queued',
    exhausted: 'given-up',
    rejected: 'given-up',
    late: 'lapsed',
    'no-mailbox': 'unreachable',
    retry: 'queued',
  },
  sent: {
    accepted: 'sent',
    deferred: 'sent',
    exhausted: 'sent',
    rejected: 'sent',
    late: 'sent',
    'no-mailbox': 'sent',
    retry: 'sent',
  },
  'given-up': {
    accepted: 'given-up',
    deferred: 'given-up',
    exhausted: 'given-up',
    rejected: 'given-up',
    late: 'given-up',
    'no-mailbox': 'given-up',
    retry: 'queued',
  },
  lapsed: {
    accepted: 'lapsed',
    deferred: 'lapsed',
    exhausted: 'lapsed',
    rejected: 'lapsed',
    late: 'lapsed',
    'no-mailbox': 'lapsed',
    retry: 'lapsed',
  },
  unreachable: {
    accepted: 'unreachable',
    deferred: 'unreachable',
    exhausted: 'unreachable',
    rejected: 'unreachable',
    late: 'unreachable',
    'no-mailbox': 'unreachable',
    retry: 'unreachable',
  },
}

/** With the pauses below a mail is tried for four hours, a text message for seven minutes: later it would only puzzle. */
export const attemptsMax = { mail: 10, text: 5 } as const

/** 10 s, 30 s, 90 s … at most an hour. */
export const backoffMs = (attempts: number): number => Math.min(3_600_000, 10_000 * 3 ** (attempts - 1))

/** Addresses under `.invalid` can never exist (RFC 2606); rehearsals give them to their crowd. */
export const hasNoMailbox = (address: string): boolean => /\.invalid$/i.test(address)
