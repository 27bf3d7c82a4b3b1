import { fact } from '#platform/bus'
import { transaction } from '#platform/db'
import type { Loop } from '#platform/loop'
import type { Platform } from '#platform/platform'
import { subscriber } from './events.ts'
import type { Post } from './poster.ts'
import { attemptsMax, failingMsMax, nextState, pauseMs, signedHeaders, type DeliveryEvent } from './webhook.ts'
import * as store from './webhooks-store.ts'
import type { Booking, Leased } from './webhooks-store.ts'

export const postTimeoutMs = 15_000
/** Longer than any post can take, so that a message is in two hands only after its sender has died. */
const leaseMs = 60_000
const endpointsMax = 16
const eachMax = 4

type Deps = Pick<Platform, 'db' | 'clock' | 'random' | 'signals' | 'outbox' | 'metrics' | 'log' | 'racepoints'> & {
  post: Post
}

/**
 * Posts what is due: takes some of each endpoint in one transaction, posts outside of any, books the outcomes. A portion
 * is as slow as its slowest receiver, so endpoints that took the last message and those that did not have a loop each:
 * a dead server keeps nobody waiting but its like.
 */
export function createSenders({ db, clock, random, signals, outbox, metrics, log, racepoints, post }: Deps): Loop[] {
  const posts = metrics.counter('fairgate_webhooks_total', 'Attempts to post a webhook by outcome', ['outcome'])
  const chance = () => random(1)[0]! / 255

  async function attempt(leased: Leased): Promise<Booking & { event: DeliveryEvent }> {
    const { endpointId, messageId, attempts, round, body } = leased
    const secrets = [leased.secret, ...(leased.previousSecret ? [leased.previousSecret] : [])]
    const at = clock.now()
    const headers = { ...signedHeaders(messageId, at, body, secrets), 'content-type': 'application/json' }
    const { status, reason, retryAfterMs } = await post(leased.url, { ...headers, 'user-agent': 'Fairgate' }, body)
    const event = outcomeOf(status, round)
    posts.add({ outcome: event })
    const now = clock.now()
    return {
      endpointId,
      messageId,
      attempts,
      event,
      state: nextState.waiting[event],
      dueAt: new Date(now + pauseMs(round, chance(), retryAfterMs)),
      at: new Date(at),
      status,
      ms: now - at,
      reason,
    }
  }

  async function settle(done: readonly (Booking & { event: DeliveryEvent })[]): Promise<void> {
    const now = clock.now()
    const at = new Date(now)
    const byEndpoint = Map.groupBy(done, ({ endpointId }) => endpointId)
    const health = [...byEndpoint].map(([endpointId, results]) => ({
      endpointId,
      failed: results.every(({ event }) => event !== 'accepted'),
    }))
    const gone = done.filter(({ event }) => event === 'gone').map(({ endpointId }) => endpointId)
    const off = await transaction(db, async (tx) => {
      await store.book(tx, done)
      await store.bookHealth(tx, health, at)
      const failing = await store.failingSince(tx, new Date(now - failingMsMax))
      const disabled = [
        ...(await store.disable(tx, gone, 'gone', at)),
        ...(await store.disable(
          tx,
          failing.map(({ id }) => id),
          'failing',
          at,
        )),
      ]
      await outbox.publish(
        tx,
        disabled.map(({ id, organiserId, url, failingSince }) =>
          fact('webhooks.endpoint-disabled.v1', {
            endpointId: id,
            accountId: organiserId,
            url,
            failingSince: (failingSince ?? at).toISOString(),
            at: at.toISOString(),
          }),
        ),
      )
      return disabled
    })
    for (const { id } of off) log.warn({ endpointId: id }, 'webhook endpoint switched off')
  }

  const loop = (name: string, isFailing: boolean): Loop => ({
    name,
    intervalMs: 1000,
    gatherMs: 200,
    onStart: (nudge) => void signals.on(subscriber, nudge),
    async run() {
      const now = new Date(clock.now())
      const until = new Date(clock.now() + leaseMs)
      const leased = await transaction(db, (tx) => store.lease(tx, { isFailing, endpointsMax, eachMax, now, until }))
      if (leased.length === 0) return false
      await racepoints.reach('webhooks.leased')
      await settle(await Promise.all(leased.map(attempt)))
      return true
    },
  })
  return [loop('webhooks.send', false), loop('webhooks.retry', true)]
}

function outcomeOf(status: number | null, round: number): DeliveryEvent {
  if (status !== null && status >= 200 && status < 300) return 'accepted'
  if (status === 410) return 'gone'
  return round >= attemptsMax ? 'exhausted' : 'deferred'
}
