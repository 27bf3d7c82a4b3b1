import { cpuOfDescendants, figuresOfProcess } from '@fairgate/swarm/process-figures'
import type { Cpu } from './bench.ts'

/** Processor seconds by part. */
export type CpuSeconds = Record<keyof Cpu, number>

/**
 * Processor time so far of a server with its embedded Postgres, the processes that ended included, and of this process,
 * which is the crowd. Undefined where the system has no `/proc`.
 */
export function cpuSecondsOf(serverPid: number): CpuSeconds | undefined {
  const server = figuresOfProcess(serverPid)
  if (!server) return undefined
  const { user, system } = process.cpuUsage()
  return { server: server.cpuSeconds, postgres: cpuOfDescendants(serverPid), crowd: (user + system) / 1e6 }
}

/** What was spent between two readings of each round, in all and for one of `orders`. */
export function cpuOf(rounds: readonly { before: CpuSeconds; after: CpuSeconds }[], orders: number): Cpu {
  const spent = (part: keyof Cpu) => rounds.reduce((sum, { before, after }) => sum + after[part] - before[part], 0)
  const all = spent('server') + spent('postgres') + spent('crowd')
  const figures = (part: keyof Cpu) => ({
    seconds: Math.round(spent(part) * 100) / 100,
    share: Math.round((spent(part) / all) * 1000) / 1000,
    msPerOrder: Math.round((spent(part) / orders) * 1e5) / 100,
  })
  return { server: figures('server'), postgres: figures('postgres'), crowd: figures('crowd') }
}
