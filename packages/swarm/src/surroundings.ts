/** What a rehearsal takes from the process that runs it. */
export type Surroundings = { progress: (line: string) => void; now: () => number; sleep: (ms: number) => Promise<void> }

/** Shows how it goes every five seconds. @returns what stops it */
export function showProgress(show: () => void, sleep: (ms: number) => Promise<void>): () => void {
  let stopped = false
  void (async () => {
    while (!stopped) {
      await sleep(5000)
      if (!stopped) show()
    }
  })()
  return () => {
    stopped = true
  }
}
