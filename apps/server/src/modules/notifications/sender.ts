import { transaction } from '#platform/db'
import type { Loop } from '#platform/loop'
import type { Platform } from '#platform/platform'
import { queuedTopic } from './events.ts'
import type { Mailer } from './mailer.ts'
import { attemptsMax, backoffMs, hasNoMailbox, nextState, type MessageEvent } from './message.ts'
import * as store from './notifications-store.ts'
import type { Booking, LeasedMessage } from './notifications-store.ts'
import { write } from './templates.ts'

export const sendTimeoutMs = 20_000
/** Longer than any send can take, so that a message is in two hands only after its sender has died. */
export const leaseMs = 60_000
const batchMax = 16

type Deps = Pick<Platform, 'db' | 'clock' | 'signals' | 'metrics' | 'log' | 'racepoints'> & { mailer: Mailer }

/** Sends queued messages: takes some in one transaction, sends them outside of any, books the outcomes in a statement. */
export function createSender(deps: Deps, config: { publicUrl: string; messageDomain: string }): Loop {
  const { db, clock, signals, metrics, log, racepoints, mailer } = deps
  const mails = metrics.counter('fairgate_mails_total', 'Attempts to send a mail by outcome', ['kind', 'outcome'])

  async function send(message: LeasedMessage): Promise<{ event: MessageEvent; reason: string | null }> {
    if (message.usefulUntil && message.usefulUntil.getTime() <= clock.now())
      return { event: 'late', reason: 'its time was over before it could be sent' }
    if (hasNoMailbox(message.email)) return { event: 'no-mailbox', reason: null }
    try {
      const rendered = write(message, message.locale, config.publicUrl)
      const sent = await mailer.send({
        messageId: `<${message.id}@${config.messageDomain}>`,
        to: message.email,
        ...rendered,
      })
      if (sent.kind === 'accepted') return { event: 'accepted', reason: null }
      if (sent.kind === 'rejected') return { event: 'rejected', reason: sent.reason }
      return { event: message.attempts >= attemptsMax ? 'exhausted' : 'deferred', reason: sent.reason }
    } catch (error) {
      // One message that cannot be written, or a mailbox table that is away, must not keep the others of its batch.
      log.error({ err: error, messageId: message.id, kind: message.kind }, 'mail could not be prepared')
      return {
        event: message.attempts >= attemptsMax ? 'exhausted' : 'deferred',
        reason: (error as Error).message.slice(0, 300),
      }
    }
  }

  async function attempt(message: LeasedMessage): Promise<Booking> {
    const { event, reason } = await send(message)
    const state = nextState.queued[event]
    mails.add({ kind: message.kind, outcome: event })
    if (event === 'deferred')
      log.warn({ messageId: message.id, kind: message.kind, attempts: message.attempts, reason }, 'mail deferred')
    if (state === 'given-up')
      log.error({ messageId: message.id, kind: message.kind, attempts: message.attempts, reason }, 'mail given up')
    return {
      id: message.id,
      attempts: message.attempts,
      state,
      reason,
      dueAt: new Date(clock.now() + backoffMs(message.attempts)),
    }
  }

  return {
    name: 'notifications.send',
    intervalMs: 1000,
    // A mail can wait that long, and in a rush some share their two statements.
    gatherMs: 200,
    onStart: (nudge) => void signals.on(queuedTopic, nudge),
    async run() {
      const now = clock.now()
      const leased = await transaction(db, (tx) =>
        store.leaseMessages(tx, batchMax, new Date(now), new Date(now + leaseMs)),
      )
      if (leased.length === 0) return false
      await racepoints.reach('notifications.leased')
      const bookings = await Promise.all(leased.map(attempt))
      await racepoints.reach('notifications.before-booking')
      await store.bookMessages(db, bookings, new Date(clock.now()))
      return leased.length === batchMax
    },
  }
}
