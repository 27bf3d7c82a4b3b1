import type { Challenge } from '@fairgate/contracts/http/waiting-room'

/** Longer than an old phone needs for the hardest challenge, and less than a challenge lives. */
const deadlineMs = 300_000

/**
 * Solves a challenge in a worker, so that the page goes on counting and speaking; in a browser that has no worker of
 * modules, in the page itself, which breathes after every try. ALTCHA's library is loaded now and not before.
 * @returns the answer to send, or undefined when this browser cannot find it
 */
export async function solveAside(challenge: Challenge): Promise<string | undefined> {
  const controller = new AbortController()
  const deadline = setTimeout(() => controller.abort(), deadlineMs)
  try {
    return (await inWorker(challenge, controller.signal).catch(() => inPage(challenge, controller))) ?? undefined
  } catch {
    return undefined
  } finally {
    clearTimeout(deadline)
  }
}

/** @throws when there is no worker to be had */
function inWorker(challenge: Challenge, signal: AbortSignal): Promise<string | null> {
  return new Promise<string | null>((resolve, reject) => {
    const worker = new Worker(new URL('./solver.ts', import.meta.url), { type: 'module' })
    const end = (settle: () => void): void => {
      worker.terminate()
      settle()
    }
    signal.addEventListener('abort', () => end(() => resolve(null)))
    worker.onmessage = ({ data }: MessageEvent<string | null>) => end(() => resolve(data))
    worker.onerror = () => end(() => reject(new Error('no worker')))
    worker.postMessage(challenge)
  })
}

async function inPage(challenge: Challenge, controller: AbortController): Promise<string | null> {
  const { answerTo } = await import('./solving.ts')
  return answerTo(challenge, controller)
}
