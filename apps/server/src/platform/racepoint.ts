/** A named moment in the code at which a test may hold whoever comes by. */
export type Racepoints = {
  /** Called by the code under test. Returns at once unless a test holds `name`. */
  reach(name: string): Promise<void> | void
}

export type HeldRacepoint = {
  /** Settles when as many callers as asked for are waiting at the race point. */
  reached: Promise<void>
  /** Settles when so many callers are waiting: for a test that starts the second only when the first is there. */
  arrived(count: number): Promise<void>
  /** Lets all who wait, and all who come later, go on. Opening twice does nothing. */
  open(): void
}

export type TestRacepoints = Racepoints & {
  /** Stops everyone at `name` until `open()`. `arrivals` is how many must be waiting for `reached`, 1 by default. */
  hold(name: string, arrivals?: number): HeldRacepoint
}

/** What production passes: nothing is ever held. */
export const noRacepoints: Racepoints = { reach() {} }

/**
 * Race points that a test can hold.
 *
 *     const gate = racepoints.hold('orders.before-commit', 2)
 *     const both = [pay(), pay()]
 *     await gate.reached
 *     gate.open()
 */
export function createRacepoints(): TestRacepoints {
  const held = new Map<string, { arrive(): Promise<void> }>()

  return {
    reach: (name) => held.get(name)?.arrive(),

    hold(name, arrivals = 1) {
      if (held.has(name)) throw new Error(`race point ${name} is already held`)
      const marks: { count: number; resolve: () => void }[] = []
      const opened = Promise.withResolvers<void>()
      let waiting = 0
      held.set(name, {
        arrive() {
          waiting += 1
          for (const mark of marks) if (waiting >= mark.count) mark.resolve()
          return opened.promise
        },
      })
      const arrived = (count: number) =>
        new Promise<void>((resolve) => {
          if (waiting >= count) resolve()
          else marks.push({ count, resolve })
        })
      let isOpen = false
      return {
        reached: arrived(arrivals),
        arrived,
        open() {
          if (isOpen) return
          isOpen = true
          held.delete(name)
          opened.resolve()
        },
      }
    },
  }
}
