import { endpointsMax, type DeliveryState, type WebhookType } from '@fairgate/contracts/http/webhooks'
import { addInterests, dropInterests } from '#platform/bus'
import { afterCommit, transaction, type Tx } from '#platform/db'
import { pageOf, type Page } from '#platform/page'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { subscriber } from './events.ts'
import { bodyOf } from './payloads.ts'
import { urlFault } from './poster.ts'
import { formatSecret, rotationMs } from './webhook.ts'
import * as store from './webhooks-store.ts'
import type { Delivery, Endpoint } from './webhooks-store.ts'

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'random' | 'signals'>
type Wish = { url: string; description: string; types: WebhookType[] }

const pageSize = 30
const secretBytes = 32

/** An organiser's own endpoints. Somebody else's are as unknown as none. */
export function createEndpoints({ db, clock, ids, random, signals }: Deps, { allowsLocal }: { allowsLocal: boolean }) {
  const moment = () => new Date(clock.now())
  const nudge = (tx: Tx) => afterCommit(tx, () => signals.emit(subscriber, ''))

  function check(url: string): void {
    const detail = urlFault(url, allowsLocal)
    if (detail) throw new Problem('webhooks.url-invalid', { detail: `url ${detail}` })
  }

  async function own(tx: Tx, organiserId: string, id: string): Promise<Endpoint> {
    await store.lockOrganiser(tx, organiserId)
    const endpoint = await store.endpointOf(tx, organiserId, id)
    if (!endpoint) throw new Problem('webhooks.endpoint-not-found')
    return endpoint
  }

  return {
    list: (organiserId: string) => store.endpointsOf(db, organiserId),

    async create(organiserId: string, wish: Wish): Promise<{ endpoint: Endpoint; secret: string }> {
      check(wish.url)
      const secret = formatSecret(random(secretBytes))
      const id = ids('endpoint')
      return transaction(db, async (tx) => {
        await store.lockOrganiser(tx, organiserId)
        if ((await store.endpointsOf(tx, organiserId)).length >= endpointsMax)
          throw new Problem('webhooks.too-many', { endpointsMax })
        await store.insertEndpoint(tx, { id, organiserId, ...wish, secret }, moment())
        await addInterests(tx, subscriber, await store.interestsOf(tx, organiserId))
        return { endpoint: (await store.endpointOf(tx, organiserId, id))!, secret }
      })
    },

    change(organiserId: string, id: string, { isEnabled, ...change }: Partial<Wish> & { isEnabled?: boolean }) {
      if (change.url !== undefined) check(change.url)
      return transaction(db, async (tx) => {
        await own(tx, organiserId, id)
        await store.changeEndpoint(tx, id, change)
        if (isEnabled === true) await store.enable(tx, id)
        if (isEnabled === false) await store.disable(tx, [id], 'by-hand', moment())
        return own(tx, organiserId, id)
      })
    },

    remove: (organiserId: string, id: string) =>
      transaction(db, async (tx) => {
        await own(tx, organiserId, id)
        await store.removeEndpoint(tx, id)
        if ((await store.endpointsOf(tx, organiserId)).length === 0)
          await dropInterests(tx, subscriber, await store.interestsOf(tx, organiserId))
      }),

    /** The secret before signs too for a day, so that receivers can change over without missing one. */
    rotate: (organiserId: string, id: string) =>
      transaction(db, async (tx) => {
        await own(tx, organiserId, id)
        const secret = formatSecret(random(secretBytes))
        await store.rotate(tx, id, secret, new Date(clock.now() + rotationMs))
        return { endpoint: await own(tx, organiserId, id), secret }
      }),

    /** @returns the id of the message */
    test: (organiserId: string, id: string) =>
      transaction(db, async (tx) => {
        await own(tx, organiserId, id)
        const type = 'webhook.test'
        const messageId = ids('message')
        const body = bodyOf(type, clock.now(), { message: 'Hello from Fairgate' })
        await store.queueFor(tx, id, { id: messageId, type, body }, moment())
        nudge(tx)
        return messageId
      }),

    async deliveries(
      organiserId: string,
      id: string,
      { cursor, state }: { cursor?: string; state?: DeliveryState },
    ): Promise<Page<Delivery>> {
      if (!(await store.endpointOf(db, organiserId, id))) throw new Problem('webhooks.endpoint-not-found')
      const found = await store.deliveriesOf(db, { endpointId: id, state, before: cursor, limit: pageSize + 1 })
      return pageOf(found, pageSize, ({ messageId }) => messageId)
    },

    resend: (organiserId: string, id: string, messageId: string) =>
      transaction(db, async (tx) => {
        await own(tx, organiserId, id)
        if ((await store.resend(tx, id, messageId, moment())) === 0) throw new Problem('webhooks.delivery-not-found')
        nudge(tx)
      }),
  }
}

export type Endpoints = ReturnType<typeof createEndpoints>
