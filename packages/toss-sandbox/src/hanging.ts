import type { ServerResponse } from 'node:http'

export type Schedule = (delayMs: number, run: () => void) => () => void

/** Keeps requests without an answer until their caller gives up, their time is over, or the sandbox closes. */
export type Hanging = {
  hang(response: ServerResponse, timeMs: number, over: () => void): void
  close(): void
}

const hangingMax = 10_000

export function createHanging(schedule: Schedule): Hanging {
  const responses = new Set<ServerResponse>()

  return {
    hang(response, timeMs, over) {
      if (response.destroyed || responses.size >= hangingMax) {
        response.destroy()
        over()
        return
      }
      responses.add(response)
      const cancel = schedule(timeMs, () => response.destroy())
      response.once('close', () => {
        cancel()
        responses.delete(response)
        over()
      })
    },
    close() {
      for (const response of responses) response.destroy()
    },
  }
}
