import type { Challenge } from '@fairgate/contracts/http/waiting-room'

/** Longer than an old phone needs for the hardest challenge, and less than a challenge lives. */
const deadlineMs = 300_000

/**
 * Solves a challenge in a worker, so that the page goes on counting and speaking. The worker and ALTCHA's library are
 * loaded now and not before. @returns the answer to send, or undefined when this browser cannot find it
 */
export function solveAside(challenge: Challenge): Promise<string | undefined> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL('./solver.ts', import.meta.url), { type: 'module' })
    const end = (answer?: string): void => {
      clearTimeout(deadline)
      worker.terminate()
      resolve(answer)
    }
    const deadline = setTimeout(end, deadlineMs)
    worker.onmessage = ({ data }: MessageEvent<string | null>) => end(data ?? undefined)
    worker.onerror = () => end()
    worker.postMessage(challenge)
  })
}
