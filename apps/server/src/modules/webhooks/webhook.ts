import { createHmac } from 'node:crypto'
import type { DeliveryState } from '@fairgate/contracts/http/webhooks'

/**
 * `accepted`: answered 2xx. `deferred`: any other answer, or none. `exhausted`: deferred for the last time. `gone`:
 * answered 410. `disabled`: the endpoint was switched off. `resend`: the organiser wants another round.
 */
export type DeliveryEvent = 'accepted' | 'deferred' | 'exhausted' | 'gone' | 'disabled' | 'resend'

export const nextState: Record<DeliveryState, Record<DeliveryEvent, DeliveryState>> = {
  waiting: {
    accepted: 'delivered',
    deferred: 'waiting',
    exhausted: 'failed',
    gone: 'failed',
    disabled: 'failed',
    resend: 'waiting',
  },
  delivered: {
    accepted: 'delivered',
    deferred: 'delivered',
    exhausted: 'delivered',
    gone: 'delivered',
    disabled: 'delivered',
    resend: 'waiting',
  },
  failed: {
    accepted: 'failed',
    deferred: 'failed',
    exhausted: 'failed',
    gone: 'failed',
    disabled: 'failed',
    resend: 'waiting',
  },
}

const second = 1000
const minute = 60 * second
const hour = 60 * minute

/** Pauses after the first attempt, the second and so on: the schedule that the Standard Webhooks specification suggests, over three days. */
const pausesMs = [5 * second, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour]

export const attemptsMax = pausesMs.length + 1

const pauseMsMax = 24 * hour

/**
 * How long to wait after the n-th attempt of a round: up to a fifth more than the schedule, so that what failed together
 * does not come back together, and as long as the receiver has asked for, a day at most.
 * @param chance  0 to 1
 */
export function pauseMs(attempt: number, chance: number, retryAfterMs = 0): number {
  const scheduled = pausesMs[attempt - 1] ?? pauseMsMax
  return Math.round(Math.max(scheduled * (1 + chance / 5), Math.min(retryAfterMs, pauseMsMax)))
}

/** An endpoint that has taken nothing for so long is switched off. */
export const failingMsMax = 5 * 24 * hour
/** How long the secret before a rotation still signs. */
export const rotationMs = 24 * hour

const secretPrefix = 'whsec_'

/** @param random  24 to 64 bytes */
export const formatSecret = (random: Uint8Array): string => secretPrefix + Buffer.from(random).toString('base64')

/**
 * The three headers of the Standard Webhooks specification. The signed content is `id.timestamp.body`.
 * @param secrets  each gives a signature, the newest first
 */
export function signedHeaders(
  id: string,
  nowMs: number,
  body: string,
  secrets: readonly string[],
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  const timestamp = String(Math.floor(nowMs / 1000))
  const signature = (secret: string) =>
    createHmac('sha256', Buffer.from(secret.slice(secretPrefix.length), 'base64'))
      .update(`${id}.${timestamp}.${body}`)
      .digest('base64')
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': secrets.map((secret) => `v1,${signature(secret)}`).join(' '),
  }
}
