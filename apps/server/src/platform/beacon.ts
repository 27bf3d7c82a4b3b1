import { hash } from 'node:crypto'
import type { Scheduler } from './clock.ts'

/**
 * A chain of public randomness: the drand HTTP API, version 1 (https://docs.drand.love), of which a relay's
 * `GET {url}/{chain}/public/{round}` gives `{round, randomness, signature}`.
 */
export type BeaconConfig = { url: string; chain: string; genesisSeconds: number; periodSeconds: number }

/** The chain of the League of Entropy with a round every three seconds, at a relay such as `https://api.drand.sh`. */
export const quicknet = (url: string): BeaconConfig => ({
  url,
  chain: '52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971',
  genesisSeconds: 1_692_803_367,
  periodSeconds: 3,
})

/** A round of public randomness; `at` is when it becomes known. */
export type Beacon = { url: string; chain: string; round: number; at: Date }

/**
 * From the moment of a draw to the round that it uses: time for what is frozen to be seen by many before anybody can
 * know the randomness.
 */
const marginMs = 3000

/** The first round that comes at least three seconds after a draw. Round r comes at genesis + (r − 1) periods. */
export function beaconFor(config: BeaconConfig, drawAt: Date): Beacon {
  const { url, chain, genesisSeconds, periodSeconds } = config
  const seconds = (drawAt.getTime() + marginMs) / 1000 - genesisSeconds
  const round = Math.max(1, Math.ceil(seconds / periodSeconds) + 1)
  return { url, chain, round, at: new Date((genesisSeconds + (round - 1) * periodSeconds) * 1000) }
}

/** A round's randomness in hexadecimal, or why it could not be had. */
export type Fetched = { randomness: string } | { failed: string }

/** Asks a relay once. The signature of the round is checked by whoever verifies the draw, with the chain's public key. */
export async function fetchRandomness(
  { url, chain, round }: Pick<Beacon, 'url' | 'chain' | 'round'>,
  scheduler: Scheduler,
  timeoutMs: number,
): Promise<Fetched> {
  const deadline = new AbortController()
  const cancel = scheduler.after(timeoutMs, () => deadline.abort())
  try {
    const response = await fetch(`${url}/${chain}/public/${round}`, { signal: deadline.signal })
    const text = await response.text()
    if (!response.ok) return { failed: `HTTP ${response.status}` }
    return readRound(JSON.parse(text), round)
  } catch (error) {
    return { failed: deadline.signal.aborted ? 'no answer in time' : String(error) }
  } finally {
    cancel()
  }
}

function readRound(answer: unknown, round: number): Fetched {
  const given = (answer ?? {}) as { round?: unknown; randomness?: unknown; signature?: unknown }
  if (given.round !== round) return { failed: `another round: ${String(given.round)}` }
  const { randomness, signature } = given
  if (typeof randomness !== 'string' || !/^[0-9a-f]{64}$/.test(randomness)) return { failed: 'no randomness' }
  if (typeof signature !== 'string' || !/^([0-9a-f]{2})+$/.test(signature)) return { failed: 'no signature' }
  // By the specification of drand; a relay that breaks it is not asked to be believed.
  if (hash('sha256', Buffer.from(signature, 'hex'), 'hex') !== randomness)
    return { failed: 'randomness is not the hash of the signature' }
  return { randomness }
}
