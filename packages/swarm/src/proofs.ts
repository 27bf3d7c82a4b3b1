import { solveChallenge } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2'
import { getChallenge } from '@fairgate/contracts/http/waiting-room'
import type { Wire } from './wire.ts'

/** Node derives keys in four threads; more solutions at a time would only all come later. */
const lanesMax = 4

/** How hard the challenges of a rehearsal were: iterations of one try, and how many were solved at each level. */
export type ProofOfWork = { cost: number; solvedByLevel: [number, number, number]; solvingMs: number }

export const noProofs = (): ProofOfWork => ({ cost: 0, solvedByLevel: [0, 0, 0], solvingMs: 0 })

/**
 * Solves the challenge of one account after the other, as each would on its own device, and adds to `work`.
 * @returns what `joinLine` takes
 */
export function createProofs(wire: Wire, work: ProofOfWork): (accessToken: string) => Promise<string> {
  const lanes = Array.from({ length: lanesMax }, () => Promise.resolve())
  let next = 0

  async function solve(accessToken: string): Promise<string> {
    const query = { purpose: 'join' } as const
    const { body: challenge } = await wire.call('other', getChallenge, { query, accessToken })
    const solution = await solveChallenge({ challenge, deriveKey })
    if (!solution) throw new Error('a challenge was not solved in 90 s')
    work.cost = challenge.parameters.cost
    work.solvedByLevel[challenge.parameters.data.level as 0 | 1 | 2]++
    work.solvingMs += solution.time ?? 0
    return Buffer.from(JSON.stringify({ challenge, solution })).toString('base64')
  }

  return (accessToken) => {
    const lane = next++ % lanesMax
    const proof = lanes[lane]!.then(() => solve(accessToken))
    lanes[lane] = proof.then(
      () => undefined,
      () => undefined,
    )
    return proof
  }
}
