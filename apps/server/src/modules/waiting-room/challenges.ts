import { createHmac, timingSafeEqual } from 'node:crypto'
import { createChallenge, type Challenge, type ChallengeParameters } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2'
import type { ErrorCode } from '@fairgate/contracts/errors'
import type { Platform } from '#platform/platform'
import type { Secrets } from '#platform/secrets'

export type ChallengesConfig = {
  /** Proofs are signed with keys of these. */
  secrets: Secrets
  /** Whether joining takes one; where it does not, who asks is still given one. */
  areRequired: boolean
  /** PBKDF2 iterations of one try, 1000 by default. Creating a challenge costs the server one try. */
  cost?: number
  /** Tries that the easiest challenge may take, 512 by default; half of them on average. */
  triesMax?: number
  /** How long a challenge may be answered, 10 minutes by default. */
  expirySeconds?: number
}

/** How hard a challenge is: each level multiplies the tries by four. */
export type Level = 0 | 1 | 2

export type Proof =
  | { kind: 'proven'; level: Level; isBound: boolean; isTooFast: boolean; release(): Promise<void> }
  | { kind: 'refused'; code: Extract<ErrorCode, `waiting-room.challenge-${string}`> }

/** No hardware that a person has is quicker a try: one core takes 0.07 ms and more, and the widget uses 16 at most. */
const tryMsMin = 0.004

const purpose = 'join'

/**
 * Proof of work by ALTCHA, protocol 2, with PBKDF2/SHA-256 in its deterministic mode: the server picks the number that
 * has to be found, evenly from all, because a lower bound would be work that nobody has to do.
 */
export function createChallenges(
  { clock, random, ephemeral }: Pick<Platform, 'clock' | 'random' | 'ephemeral'>,
  { secrets, cost = 1000, triesMax = 512, expirySeconds = 600 }: ChallengesConfig,
) {
  const pairs = () => {
    const derived = secrets.keys('challenge-key')
    return secrets.keys('challenge').map(({ key }, i) => ({
      challenge: key.toString('hex'),
      derivedKey: derived[i]!.key.toString('hex'),
    }))
  }
  const spentKey = (nonce: string) => `waiting-room.proof:${nonce}`

  return {
    /** A challenge that only `accountId` may answer, or anybody when it is undefined. */
    async create(accountId: string | undefined, level: Level): Promise<Challenge> {
      const [pair] = pairs()
      const now = clock.now()
      const tries = triesMax * 4 ** level
      return createChallenge({
        algorithm: 'PBKDF2/SHA-256',
        cost,
        counter: Buffer.from(random(4)).readUInt32BE() % tries,
        deriveKey,
        expiresAt: Math.floor(now / 1000) + expirySeconds,
        data: { account: accountId ?? null, issuedAt: now, level, purpose },
        hmacSignatureSecret: pair!.challenge,
        hmacKeySignatureSecret: pair!.derivedKey,
      })
    },

    /**
     * Checks an answer and spends it: the same one is refused until it has expired. `release` makes it usable again,
     * for when nothing was given for it. Checked here and not by the library, which reads the time of the machine.
     */
    async check(payload: string | undefined, accountId: string): Promise<Proof> {
      if (payload === undefined) return { kind: 'refused', code: 'waiting-room.challenge-required' }
      const read = readSigned(payload, pairs())
      if (!read || (read.data.account !== null && read.data.account !== accountId) || read.data.purpose !== purpose)
        return { kind: 'refused', code: 'waiting-room.challenge-invalid' }
      const now = clock.now()
      const leftMs = read.expiresAt * 1000 - now
      if (leftMs <= 0) return { kind: 'refused', code: 'waiting-room.challenge-expired' }
      if (!(await ephemeral.once(spentKey(read.nonce), leftMs)))
        return { kind: 'refused', code: 'waiting-room.challenge-used' }
      return {
        kind: 'proven',
        level: read.data.level,
        isBound: read.data.account !== null,
        isTooFast: now - read.data.issuedAt < read.counter * tryMsMin,
        release: () => ephemeral.clear(spentKey(read.nonce)),
      }
    },
  }
}

export type Challenges = ReturnType<typeof createChallenges>

type SignedData = { account: string | null; issuedAt: number; level: Level; purpose: string }
type Answered = { nonce: string; expiresAt: number; counter: number; data: SignedData }

/** What was signed, if both signatures are ours: of the challenge, and of the key that had to be found. */
function readSigned(
  payload: string,
  pairs: readonly { challenge: string; derivedKey: string }[],
): Answered | undefined {
  try {
    const { challenge, solution } = JSON.parse(Buffer.from(payload, 'base64').toString()) as {
      challenge: Challenge
      solution: { counter: unknown; derivedKey: unknown }
    }
    const { algorithm, cost, data, expiresAt, keyLength, keyPrefix, keySignature, nonce, salt } = challenge.parameters
    const { account, issuedAt, level, purpose } = (data ?? {}) as SignedData
    // Exactly the members that `create` signs, in their order: what else was sent is not looked at, and what these are
    // follows from the signature.
    const signed = JSON.stringify({
      algorithm,
      cost,
      data: { account, issuedAt, level, purpose },
      expiresAt,
      keyLength,
      keyPrefix,
      keySignature,
      nonce,
      salt,
    } satisfies { [K in keyof ChallengeParameters]: unknown })
    const { counter, derivedKey } = solution
    if (typeof derivedKey !== 'string' || !/^([0-9a-f]{2}){16,64}$/i.test(derivedKey)) return undefined
    if (typeof counter !== 'number' || !Number.isSafeInteger(counter) || counter < 0) return undefined
    const pair = pairs.find((candidate) => isMac(candidate.challenge, signed, challenge.signature))
    if (!pair || !isMac(pair.derivedKey, Buffer.from(derivedKey, 'hex'), keySignature)) return undefined
    return { nonce, expiresAt: expiresAt!, counter, data: { account, issuedAt, level, purpose } }
  } catch {
    return undefined
  }
}

function isMac(key: string, text: string | Buffer, given: unknown): boolean {
  if (typeof given !== 'string') return false
  const wanted = Buffer.from(createHmac('sha256', key).update(text).digest('hex'))
  const actual = Buffer.from(given)
  return actual.length === wanted.length && timingSafeEqual(actual, wanted)
}
