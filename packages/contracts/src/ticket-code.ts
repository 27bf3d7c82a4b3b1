import { idPrefixes } from './ids.ts'

/**
 * The event that the code of a ticket names (`T1.<key id>.<ticket>.<event>.…`), for a gate that serves one event.
 * Unchecked: whether the code is ours, and whether the ticket is still valid, only the server can say.
 * @returns undefined for any other text
 */
export function eventOfCode(code: string): string | undefined {
  const [version, , , event] = code.trim().split('.')
  return version === 'T1' && event ? `${idPrefixes.event}_${event}` : undefined
}
