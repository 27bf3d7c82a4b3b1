import { solveChallenge } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/web/pbkdf2'
import type { Challenge } from '@fairgate/contracts/http/waiting-room'

/** The worker: takes a challenge, gives back the answer to send, or nothing when this browser cannot find it. */
self.onmessage = async ({ data: challenge }: MessageEvent<Challenge>) => {
  const solution = await solveChallenge({ challenge, deriveKey, timeout: 0 }).catch(() => null)
  self.postMessage(solution && btoa(JSON.stringify({ challenge, solution })))
}
