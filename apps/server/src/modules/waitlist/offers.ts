import { seatId } from '@fairgate/contracts/ids'
import { afterCommit, transaction } from '#platform/db'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import type { Documents } from './documents.ts'
import { transitions } from './offer.ts'
import { end } from './offering.ts'
import { createJournal } from './waitlist.ts'
import * as store from './waitlist-store.ts'
import type { FullOffer, Who } from './waitlist-store.ts'

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'tokens' | 'outbox' | 'metrics'> & { documents: Documents }

export type Passed = { passToken: string; expiresAt: Date; sectionId: string; seatIds: string[] }

/** Most offers that an account is shown. */
const shownMax = 100

/** What the owner of an offer does with it. */
export function createOffers({ db, clock, ids, tokens, outbox, metrics, documents }: Deps) {
  const passes = metrics.counter('fairgate_offer_passes_total', 'Passes given for offers')

  /** Somebody else's is as unknown as one that never was. */
  async function ownOffer(id: string, accountId: string): Promise<FullOffer> {
    const offer = await store.findOffer(db, id)
    if (!offer || offer.accountId !== accountId) throw new Problem('waitlist.offer-not-found')
    return offer
  }

  const over = ({ state, until }: FullOffer) =>
    new Problem('waitlist.offer-over', { state, until: until.toISOString() })

  return {
    all: (accountId: string): Promise<FullOffer[]> => store.offersOf(db, accountId, shownMax),

    newest: (who: Who): Promise<FullOffer | undefined> => store.newestOfferOf(db, who),

    isOpen: (offer: FullOffer): boolean => isOpen(offer, clock.now()),

    /**
     * A pass for exactly the seats of the offer, as long as it lasts. It promises nothing by itself: the seats are kept for
     * the offer until the inventory hears that it is over. @throws waitlist.offer-not-found, waitlist.offer-over
     */
    async pass(id: string, accountId: string): Promise<Passed> {
      const offer = await ownOffer(id, accountId)
      if (!isOpen(offer, clock.now())) throw over(offer)
      passes.add({})
      const { saleId, sectionId, until } = offer
      const seatIds = offer.seats.map((number) => seatId(sectionId, number))
      const passToken = tokens.sign('pass', {
        passId: ids('pass'),
        // Like an allotment, an offer has a line of its own: it takes nobody's turn.
        lineId: id,
        saleId,
        accountId,
        sectionIds: [sectionId],
        seatIds,
        offerId: id,
        exp: until.getTime(),
      })
      return { passToken, expiresAt: until, sectionId, seatIds }
    },

    /** Gives the offer up. Its seats go on at once, those in a hold when that ends. @throws Problem */
    async decline(id: string, accountId: string): Promise<FullOffer> {
      const { saleId } = await ownOffer(id, accountId)
      await transaction(db, async (tx) => {
        const [sale] = await store.lockSales(tx, [saleId])
        const offer = (await store.findOffer(tx, id))!
        const outcome = transitions[offer.state].decline
        if (outcome === 'same') return
        if (typeof outcome === 'string') throw over(offer)
        const now = new Date(clock.now())
        const journal = createJournal(sale!, now)
        if (offer.overAt === null) {
          journal.add({ kind: 'offer-over', offer: offer.record, why: 'declined' })
          await end(tx, outbox, [offer], now)
        }
        await store.moveOffers(tx, [{ id, state: outcome.to, bought: offer.bought }])
        await store.endEntries(tx, saleId, [offer.number])
        await store.appendRecords(tx, [journal], true)
        afterCommit(tx, () => documents.expire([saleId]))
      })
      return ownOffer(id, accountId)
    },
  }
}

export type Offers = ReturnType<typeof createOffers>

const isOpen = ({ overAt, until }: FullOffer, now: number): boolean => overAt === null && now < until.getTime()
