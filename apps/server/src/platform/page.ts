/** One page of a longer list, and where the next begins; null after the last. */
export type Page<T> = { items: T[]; nextCursor: string | null }

/** @param found  what was asked for: a page and one more, which tells that the list goes on */
export function pageOf<T>(found: readonly T[], size: number, cursorOf: (last: T) => string): Page<T> {
  const items = found.slice(0, size)
  return { items, nextCursor: found.length > size ? cursorOf(items.at(-1)!) : null }
}
