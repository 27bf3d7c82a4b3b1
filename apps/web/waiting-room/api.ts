import type { Challenge, LineDocument, LineList, Place } from '@fairgate/contracts/http/waiting-room'
import type { ProblemDocument } from '@fairgate/contracts/errors'
import type { ServerClock } from '../src/api/server-clock.ts'
import type { Session } from '../src/api/session.ts'

/** A refusal that the server explained, or `status` 0 when it was not reached. */
export type Refusal = { ok: false; status: number; problem: Partial<ProblemDocument>; retryAfterMs?: number }
export type Result<T> = { ok: true; value: T } | Refusal

export type Pass = { passToken: string; expiresAt: string; sectionIds: string[] }
export type EventInShort = {
  name: string
  sales: { id: string; state: string; closesAt: string; lines: { id: string }[] }[]
}
export type RoomApi = ReturnType<typeof createRoomApi>

const deadlineMs = 15_000

/** The calls of the waiting room, without a library: this page is a few kB for everybody in a crowd. */
export function createRoomApi(
  doFetch: typeof fetch,
  session: Session,
  serverClock: ServerClock,
  /** Absent where the browser has no event streams. */
  openStream: ((url: string) => EventSource) | undefined,
) {
  async function request<T>(path: string, init: RequestInit): Promise<Result<T> & { headers?: Headers }> {
    // Not AbortSignal.timeout, which phones from before 2022 do not have.
    const control = new AbortController()
    const deadline = setTimeout(() => control.abort(), deadlineMs)
    try {
      const response = await doFetch(path, { ...init, signal: control.signal })
      serverClock.observe(response.headers.get('date') ?? '')
      const text = await response.text()
      const body: unknown = text ? JSON.parse(text) : undefined
      if (response.ok || response.status === 304) return { ok: true, value: body as T, headers: response.headers }
      const seconds = Number(response.headers.get('retry-after'))
      return {
        ok: false,
        status: response.status,
        problem: (body ?? {}) as Partial<ProblemDocument>,
        ...(seconds > 0 ? { retryAfterMs: seconds * 1000 } : {}),
      }
    } catch {
      return { ok: false, status: 0, problem: {} }
    } finally {
      clearTimeout(deadline)
    }
  }

  /** With the access token; an expired one is renewed once. */
  async function authorised<T>(method: string, path: string, body?: object): Promise<Result<T>> {
    const send = async (): Promise<Result<T>> => {
      const token = await session.freshToken()
      return request<T>(path, {
        method,
        headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
    }
    const first = await send()
    if (first.ok || first.status !== 401 || !(await session.refresh())) return first
    return send()
  }

  let etag: string | undefined
  let latest: LineDocument | undefined

  /** The shared document; `fresh` is false when nothing changed since the last read. */
  async function readLine(lineId: string): Promise<Result<LineDocument> & { fresh?: boolean }> {
    const answer = await request<LineDocument>(
      `/api/lines/${encodeURIComponent(lineId)}`,
      etag ? { headers: { 'if-none-match': etag } } : {},
    )
    if (!answer.ok) return answer
    etag = answer.headers?.get('etag') ?? undefined
    const fresh = answer.value !== undefined
    if (fresh) latest = answer.value
    return latest ? { ok: true, value: latest, fresh } : { ok: false, status: 0, problem: {} }
  }

  return {
    readLine,
    /**
     * The document whenever it changes, for as long as the stream lasts; where it cannot be had it ends at once.
     * @returns how to close it; undefined where there are no streams
     */
    watch(lineId: string, news: (document: LineDocument) => void, ended: () => void): (() => void) | undefined {
      const stream = openStream?.(`/api/lines/${encodeURIComponent(lineId)}/events`)
      if (!stream) return undefined
      stream.addEventListener('line', ({ data }: MessageEvent<string>) => {
        latest = JSON.parse(data) as LineDocument
        // What is read next may be older than this.
        etag = undefined
        news(latest)
      })
      stream.onerror = () => {
        stream.close()
        ended()
      }
      return () => stream.close()
    },
    readEvent: (eventId: string) => request<EventInShort>(`/api/events/${encodeURIComponent(eventId)}`, {}),
    challenge: (lineId: string) =>
      authorised<Challenge>('GET', `/api/challenges?purpose=join&line=${encodeURIComponent(lineId)}`),
    readLines: (saleId: string) => request<LineList>(`/api/lines?saleId=${encodeURIComponent(saleId)}`, {}),
    leave: (lineId: string) => authorised<void>('DELETE', `/api/lines/${encodeURIComponent(lineId)}/passes`),
    join: (lineId: string, wish: { challenge?: string; moveFrom?: string }) =>
      authorised<{ place: Place; placeToken: string }>('POST', `/api/lines/${encodeURIComponent(lineId)}/places`, wish),
    prove: (lineId: string, placeToken: string) =>
      request<{ path: string[] }>(`/api/lines/${encodeURIComponent(lineId)}/proofs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ placeToken }),
      }),
    claim: (lineId: string, placeToken: string) =>
      authorised<Pass>('POST', `/api/lines/${encodeURIComponent(lineId)}/passes`, { placeToken }),
  }
}
