/** Whether a process has room for one more event stream, and if not, what it lacks. */
export type StreamRoom = { lacks(): 'connections' | 'event-loop' | undefined }

export type StreamRoomOptions = {
  /** Connections that are open now, and the most that this process may have. */
  connections: () => number
  connectionsMax: number
  /** How late the event loop came to its timers in the last seconds. */
  lagMs: () => number
  lagMsMax: number
}

/** The rest is for people who join, pay and poll. */
const streamsShare = 0.9

/**
 * Streams are the first thing a process in need does without: whoever may not keep one polls, which costs a connection
 * only for as long as an answer takes. Open streams stay.
 */
export function createStreamRoom({ connections, connectionsMax, lagMs, lagMsMax }: StreamRoomOptions): StreamRoom {
  return {
    lacks() {
      if (connections() >= connectionsMax * streamsShare) return 'connections'
      return lagMs() > lagMsMax ? 'event-loop' : undefined
    },
  }
}

/** Files that belong to the process itself: its sources, its database connections. */
const ownFiles = 500

/** How many connections the limit of open files (`ulimit -n`) leaves to a process; unknown where there is none. */
export function connectionsAllowed(process: { report: { getReport(): object } }): number {
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } }
  const files = Number(userLimits?.open_files?.soft ?? Infinity)
  return Number.isNaN(files) ? Infinity : Math.max(1, files - ownFiles)
}
