import type { Challenge } from '@fairgate/contracts/http/waiting-room'
import { answerTo } from './solving.ts'

/** The worker: takes a challenge, gives back the answer. */
self.onmessage = async ({ data: challenge }: MessageEvent<Challenge>) => {
  self.postMessage(await answerTo(challenge))
}
