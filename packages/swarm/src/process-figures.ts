import { readFileSync, readdirSync } from 'node:fs'

/** What the system says of a process. */
export type ProcessFigures = { rssBytes: number; cpuSeconds: number }

/** Ticks of `/proc/PID/stat` in a second (sysconf(_SC_CLK_TCK)): 100 on every Linux that Node has a build for. */
const ticksPerSecond = 100

/** Resident memory and processor time of a process so far, from `/proc` (man 5 proc); undefined where there is none. */
export function figuresOfProcess(pid: number): ProcessFigures | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return { rssBytes: rssOf(status), cpuSeconds: cpuOf(readFileSync(`/proc/${pid}/stat`, 'utf8')) }
  } catch {
    return undefined
  }
}

/**
 * Processor time of all that a process has started, itself left out: the embedded Postgres of a server. Of those that
 * have ended, their parent keeps count.
 */
export function cpuOfDescendants(pid: number): number {
  const parents = new Map<number, { parent: number; cpu: number }>()
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      parents.set(Number(name), { parent: Number(afterName(stat)[1]), cpu: cpuOf(stat, 'with ended children') })
    } catch {
      // It ended while the list was read.
    }
  }
  const isBelow = (one: number): boolean => {
    const parent = parents.get(one)?.parent
    return parent === pid || (parent !== undefined && parent > 1 && isBelow(parent))
  }
  return [...parents].reduce((sum, [one, { cpu }]) => (isBelow(one) ? sum + cpu : sum), 0)
}

export const rssOf = (status: string): number => Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024

/** User and system time, fields 14 and 15; those of children that have ended are 16 and 17. */
export const cpuOf = (stat: string, whose: 'its own' | 'with ended children' = 'its own'): number => {
  const times = afterName(stat).slice(11, whose === 'its own' ? 13 : 15)
  return times.reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond
}

/** The fields from the third on: a name may contain blanks and brackets. */
const afterName = (stat: string): string[] => stat.slice(stat.lastIndexOf(')') + 2).split(' ')
