// `npm run -s bench -- proofs`: what a proof of work costs the server, beside the bare key derivation, and what it costs a person.
import { pbkdf2 } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { solveChallenge } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2'
import { deriveKey as browserDeriveKey } from 'altcha-lib/algorithms/web/pbkdf2'
import { systemScheduler } from '#platform/clock'
import { memoryEphemeral } from '#platform/ephemeral'
import { systemRandom } from '#platform/ids'
import { createSecrets } from '#platform/secrets'
import { createChallenges } from '../src/modules/waiting-room/challenges.ts'
import type { Figure } from './bench.ts'

const made = 5000
const solvedEach = 60
const atOnce = 64

const derive = promisify(pbkdf2)

export async function bench(): Promise<Figure> {
  const challenges = createChallenges(
    { clock: systemScheduler, random: systemRandom, ephemeral: memoryEphemeral(systemScheduler) },
    { secrets: createSecrets(['a secret of the bench']), areRequired: true },
  )
  const create = () => challenges.create('acc_1', 0)
  const bare = () => derive(systemRandom(20), systemRandom(16), 1000, 32, 'sha256')
  await perSecond(500, create)
  const limit = await perSecond(made, bare)
  const value = await perSecond(made, create)

  const times: Record<string, number[]> = {}
  const payloads: string[] = []
  for (let i = 0; i < solvedEach; i++) {
    for (const [name, how] of Object.entries({ node: deriveKey, browser: browserDeriveKey })) {
      const challenge = await create()
      const solution = await solveChallenge({ challenge, deriveKey: how })
      times[name] = [...(times[name] ?? []), solution!.time ?? 0]
      payloads.push(Buffer.from(JSON.stringify({ challenge, solution })).toString('base64'))
    }
  }
  const startedAt = performance.now()
  const rounds = 200
  for (let round = 0; round < rounds; round++) for (const payload of payloads) await challenges.check(payload, 'acc_1')
  const verified = (rounds * payloads.length * 1000) / (performance.now() - startedAt)

  const cores = availableParallelism()
  const triesMean = 512 / 2
  const mean = (list: readonly number[]) => Math.round(list.reduce((sum, time) => sum + time, 0) / list.length)
  return {
    topic: 'proofs',
    unit: 'challenges/s',
    value: Math.round(value),
    limit: Math.round(limit),
    limitIs: 'the one key derivation that each takes, alone',
    ratio: Math.round((value / limit) * 100) / 100,
    beside: {
      'verified/s on one core': Math.round(verified),
      'places/s for each core of a farm': Math.round((limit / cores / triesMean) * 10) / 10,
      'core seconds for 10,000 places': Math.round((10_000 * triesMean * cores) / limit),
      'core seconds for 10,000 places, hardest': Math.round((16 * 10_000 * triesMean * cores) / limit),
      'solved in ms by Node, mean': mean(times['node']!),
      'solved in ms by Node, most': Math.round(Math.max(...times['node']!)),
      'solved in ms as browsers do, mean': mean(times['browser']!),
      'solved in ms as browsers do, most': Math.round(Math.max(...times['browser']!)),
    },
  }
}

/** How often a second `work` is done, many at a time. */
async function perSecond(count: number, work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  let left = count
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) await work()
    }),
  )
  return (count * 1000) / (performance.now() - startedAt)
}
