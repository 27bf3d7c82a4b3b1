import type { Platform } from '#platform/platform'
import type { Challenges } from './challenges.ts'
import { levelNames, type Defences, type Who } from './defences.ts'
import type { Documents } from './documents.ts'
import type { createPlaces, Joined } from './places.ts'

type Deps = Pick<Platform, 'log'> & {
  documents: Documents
  places: ReturnType<typeof createPlaces>
  challenges: Challenges | undefined
  defences: Defences
}
type Buyer = Who & { accountId: string }
type Wish = { challenge?: string; moveFrom?: string }

const refusals = {
  'waiting-room.challenge-required': 'proof-missing',
  'waiting-room.challenge-invalid': 'proof-invalid',
  'waiting-room.challenge-expired': 'proof-expired',
  'waiting-room.challenge-used': 'proof-used',
} as const

/** Joining as a stranger may: with a proof of work where the operator asks for one. */
export function createJoining({ documents, places, challenges, defences, log }: Deps) {
  /** What was given stays given, also when it cannot be noted. */
  async function watched(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      log.error({ err: error }, 'a signal could not be noted')
    }
  }

  return {
    /**
     * The account's place in the line. Whoever has one is told it without a proof, for example when the first answer was
     * lost on its way; a new one takes a proof, which is spent by the place and not by a refusal. A place that moves from
     * another line was proved when it was given. @throws Problem
     */
    async join(lineId: string, who: Buyer, { challenge: payload, moveFrom }: Wish): Promise<Joined> {
      const { saleId } = (await documents.read(lineId)).document
      const request = { lineId, accountId: who.accountId, moveFrom }
      if (!challenges) {
        const joined = await places.join(request)
        if (joined.isNew) await watched(() => defences.joined(saleId, who, { isTooFast: false }))
        return joined
      }
      const checked = await challenges.check(payload, who.accountId)
      // An easy challenge that was fetched without signing in is no way around a harder one.
      const isTooEasy = checked.kind === 'proven' && !checked.isBound && (await defences.levelFor(who)) > 0
      if (isTooEasy) await checked.release()
      const proof = isTooEasy ? ({ kind: 'refused', code: 'waiting-room.challenge-required' } as const) : checked
      if (proof.kind === 'refused') {
        return places.join({ ...request, unproven: proof.code }).catch((error: unknown) => {
          if ((error as { code?: string }).code === proof.code) defences.note(saleId, refusals[proof.code])
          throw error
        })
      }
      const joined = await places.join(request).catch(async (error: unknown) => {
        await proof.release()
        throw error
      })
      defences.note(saleId, `proof-accepted${levelNames[proof.level]}`)
      if (joined.isNew) await watched(() => defences.joined(saleId, who, proof))
      return joined
    },

    /** A pass was given to this caller. */
    async claimed(lineId: string, who: Buyer): Promise<void> {
      await watched(async () => defences.claimed((await documents.read(lineId)).document.saleId, lineId, who))
    },
  }
}
