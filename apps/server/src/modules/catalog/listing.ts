import { createHash } from 'node:crypto'
import type { Query } from '@fairgate/contracts/http/route'
import type { listEvents } from '@fairgate/contracts/http/catalog'
import { refuseFaults, type Fault } from './faults.ts'

/** Where a page ends: the next one begins after this event. `startsAt` in epoch milliseconds. */
type PageEnd = { startsAt: number; id: string }

/** A request for a page of the public list, checked. */
export type Listing = {
  patterns: string[]
  kind: 'concert' | 'race' | null
  region: string | null
  from: Date | null
  to: Date | null
  after: PageEnd | null
  limit: number
}

/** The form in which texts are compared: no matter of case, of width (ﾗｲﾌﾞ, ＬＩＶＥ) or of composed characters. */
export const searchForm = (text: string): string => text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim()

/** `like` patterns of the words of a search, each to be found. */
export const searchPatterns = (query: string): string[] =>
  searchForm(query)
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => `%${word.replace(/[\\%_]/g, '\\$&')}%`)

/** Checks the query of the public list. All faults are refused together. */
export function checkListing(query: Query<typeof listEvents>): Listing {
  const faults: Fault[] = []
  const moment = (pointer: string, text: string | undefined): Date | null => {
    if (text === undefined) return null
    const date = new Date(text)
    if (!Number.isNaN(date.getTime())) return date
    faults.push({ pointer, detail: 'is not a moment' })
    return null
  }
  const from = moment('#/query/from', query.from)
  const to = moment('#/query/to', query.to)
  if (from && to && to < from) faults.push({ pointer: '#/query/to', detail: 'is before from' })
  for (const name of ['query', 'region'] as const) {
    if (query[name]?.includes('\0')) faults.push({ pointer: `#/query/${name}`, detail: 'has control characters' })
  }
  const after = query.cursor === undefined ? null : readCursor(query.cursor, query)
  if (after === undefined) faults.push({ pointer: '#/query/cursor', detail: 'is not a cursor of this search' })
  refuseFaults('http.invalid', faults)
  return {
    patterns: searchPatterns(query.query ?? ''),
    kind: query.kind ?? null,
    region: query.region ? searchForm(query.region) : null,
    from,
    to,
    after: after ?? null,
    limit: query.limit ?? 20,
  }
}

/** Opaque mark of the end of a page, good for the same search only. */
export function writeCursor(end: PageEnd, query: Query<typeof listEvents>): string {
  const text = `${end.startsAt} ${end.id}`
  return Buffer.from(`${checksum(text, query)} ${text}`).toString('base64url')
}

/** The end of the page that a cursor marks, or undefined when it was altered or belongs to another search. */
function readCursor(cursor: string, query: Query<typeof listEvents>): PageEnd | undefined {
  const decoded = Buffer.from(cursor, 'base64url').toString()
  const match = /^([\w-]{11}) (\d{1,15}) (evt_[0-9a-z]{26})$/.exec(decoded)
  if (!match || Buffer.from(decoded).toString('base64url') !== cursor) return undefined
  const [, sum, startsAt, id] = match as unknown as [string, string, string, string]
  return sum === checksum(`${startsAt} ${id}`, query) ? { startsAt: Number(startsAt), id } : undefined
}

/** Against slips, not forgers: a position in a public list is no secret, so no key is needed. */
function checksum(text: string, { query, kind, from, to, region }: Query<typeof listEvents>): string {
  const search = JSON.stringify([text, query ?? '', kind ?? '', from ?? '', to ?? '', region ?? ''])
  return createHash('sha256').update(search).digest('base64url').slice(0, 11)
}
