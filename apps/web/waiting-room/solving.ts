import { solveChallenge } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/web/pbkdf2'
import type { Challenge } from '@fairgate/contracts/http/waiting-room'

/** The answer to send, or null when this browser cannot find it. Every try is left to the browser's own cryptography and waited for. */
export async function answerTo(challenge: Challenge, controller?: AbortController): Promise<string | null> {
  const options = { challenge, deriveKey, timeout: 0, ...(controller ? { controller } : {}) }
  const solution = await solveChallenge(options).catch(() => null)
  return solution && btoa(JSON.stringify({ challenge, solution }))
}
