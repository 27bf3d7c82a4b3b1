import { transaction } from '#platform/db'
import type { Loop } from '#platform/loop'
import type { Platform } from '#platform/platform'
import { queuedTopic } from './events.ts'
import type { Mailer, Sent } from './mailer.ts'
import { attemptsMax, backoffMs, hasNoMailbox, nextState, type MessageEvent } from './message.ts'
import * as store from './notifications-store.ts'
import type { Booking, LeasedMessage } from './notifications-store.ts'
import type { Texter } from './sms.ts'
import { write } from './templates.ts'
import { writeText } from './texts.ts'

export const sendTimeoutMs = 20_000
/** Longer than any send can take, so that a message is in two hands only after its sender has died. */
export const leaseMs = 60_000
/** A mail server that takes a second for each of four at once is through with them before `sendTimeoutMs`. */
const batchMax = 64

type Deps = Pick<Platform, 'db' | 'clock' | 'signals' | 'metrics' | 'log' | 'racepoints'> & {
  mailer: Mailer
  texter: Texter
}

/** Sends queued messages: takes some in one transaction, sends them outside of any, books the outcomes in a statement. */
export function createSender(deps: Deps, config: { publicUrl: string; messageDomain: string }): Loop {
  const { db, clock, signals, metrics, log, racepoints, mailer, texter } = deps
  const mails = metrics.counter('fairgate_mails_total', 'Attempts to send a mail by outcome', ['kind', 'outcome'])
  const texts = metrics.counter('fairgate_texts_total', 'Attempts to send a text message by outcome', [
    'kind',
    'outcome',
  ])

  async function hand(message: LeasedMessage): Promise<Sent | 'nowhere'> {
    if (message.channel === 'mail') {
      if (hasNoMailbox(message.email)) return 'nowhere'
      const messageId = `<${message.id}@${config.messageDomain}>`
      return mailer.send({ messageId, to: message.email, ...write(message, message.locale, config.publicUrl) })
    }
    const text = writeText(message, message.locale, config.publicUrl)
    if (message.phone === null || text === undefined) return 'nowhere'
    return texter.send({ messageId: message.id, to: message.phone, text })
  }

  async function send(message: LeasedMessage): Promise<{ event: MessageEvent; reason: string | null }> {
    if (message.usefulUntil && message.usefulUntil.getTime() <= clock.now())
      return { event: 'late', reason: 'its time was over before it could be sent' }
    const deferred: MessageEvent = message.attempts >= attemptsMax[message.channel] ? 'exhausted' : 'deferred'
    try {
      const sent = await hand(message)
      if (sent === 'nowhere') return { event: 'no-mailbox', reason: null }
      if (sent.kind === 'accepted') return { event: 'accepted', reason: null }
      return { event: sent.kind === 'rejected' ? 'rejected' : deferred, reason: sent.reason }
    } catch (error) {
      // One message that cannot be written, or a mailbox table that is away, must not keep the others of its batch.
      log.error({ err: error, messageId: message.id, kind: message.kind }, 'message could not be prepared')
      return { event: deferred, reason: (error as Error).message.slice(0, 300) }
    }
  }

  async function attempt(message: LeasedMessage): Promise<Booking> {
    const { event, reason } = await send(message)
    const state = nextState.queued[event]
    const { id: messageId, channel, kind, attempts } = message
    ;(channel === 'mail' ? mails : texts).add({ kind, outcome: event })
    if (event === 'deferred') log.warn({ messageId, channel, kind, attempts, reason }, 'message deferred')
    if (state === 'given-up') log.error({ messageId, channel, kind, attempts, reason }, 'message given up')
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
    // In a rush many share their two statements: up to 640 a second. A lot of 50 seats and 5,000 bidders pushed out some 330 a
    // second in its last ten seconds. With 16 in 200 ms their letters came after 12 s (p95), or not before the end; now after 0.13 s.
    gatherMs: 100,
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
