import { useEffect, useState } from 'react'
import {
  saleAvailability,
  saleAvailabilityEvents,
  type AvailabilityUpdate,
} from '@fairgate/contracts/http/availability'
import { urlOf } from '@fairgate/contracts/client'
import { getAvailability } from '@fairgate/contracts/http/inventory'
import { pictureOf, readUpdate, type SeatPicture, type SeatPictures } from '@fairgate/contracts/seat-picture'
import { useApp } from '../app.tsx'
import type { Api } from '../api/api.ts'

/** While there is no stream, everything is asked for so often; unchanged documents cost a 304. */
const pollMs = 3000
/** After so long a stream is tried again. */
const retryMs = 20_000

type Watch = {
  api: Api
  now: () => number
  saleId: string
  sectionIds: readonly string[]
  tell: (pictures: SeatPictures) => void
}

/**
 * Keeps the pictures of a sale's sections up to date until stopped: by the event stream of the sale, and by asking again
 * and again where there is none (an old proxy, too many watchers).
 */
export function watchSale({ api, now, saleId, sectionIds, tell }: Watch): () => void {
  let pictures: SeatPictures = new Map()
  let source: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let isStopped = false
  let streamAgainAt = 0
  const etags = new Map<string, string>()

  function open(): void {
    source = new EventSource(urlOf(saleAvailabilityEvents, { id: saleId }, {}))
    source.addEventListener('availability', ({ data }: MessageEvent<string>) => {
      const next = readUpdate(pictures, JSON.parse(data) as AvailabilityUpdate)
      if (next === 'missed') {
        source?.close()
        open()
        return
      }
      pictures = next
      tell(pictures)
    })
    source.addEventListener('error', () => {
      // While it is connecting again the browser does the trying; a stream that was refused is closed for good.
      if (source?.readyState !== EventSource.CLOSED) return
      streamAgainAt = now() + retryMs
      void poll()
    })
  }

  async function poll(): Promise<void> {
    if (isStopped) return
    try {
      const overview = await api.send(saleAvailability, { params: { id: saleId }, ...etagOf('') })
      keep('', overview.headers)
      const counts = overview.status === 304 ? [] : overview.body.sections
      const stale = counts.filter(({ sectionId, version }) => pictures.get(sectionId)?.version !== version)
      const read = await Promise.all(
        stale.filter(({ sectionId }) => sectionIds.includes(sectionId)).map(({ sectionId }) => picture(sectionId)),
      )
      const next = new Map(pictures)
      for (const found of read) if (found) next.set(found.sectionId, found)
      pictures = next
      tell(pictures)
    } catch {
      // Asked again below; what is shown stays as it was.
    }
    if (isStopped) return
    timer = setTimeout(() => (now() >= streamAgainAt ? open() : void poll()), pollMs)
  }

  const etagOf = (key: string) => {
    const etag = etags.get(key)
    return etag ? { etag } : {}
  }
  const keep = (key: string, headers: Headers): void => {
    const etag = headers.get('etag')
    if (etag) etags.set(key, etag)
  }
  async function picture(sectionId: string): Promise<SeatPicture | undefined> {
    const reply = await api.send(getAvailability, { params: { id: sectionId }, ...etagOf(sectionId) })
    keep(sectionId, reply.headers)
    return reply.status === 304 ? undefined : pictureOf(reply.body)
  }

  open()
  return () => {
    isStopped = true
    source?.close()
    clearTimeout(timer)
  }
}

/** The sections of a sale as they are now. Empty until the first news. */
export function useSeatPictures(saleId: string | undefined, sectionIds: readonly string[]): SeatPictures {
  const { api, now } = useApp()
  const [pictures, setPictures] = useState<SeatPictures>(new Map())
  const wanted = sectionIds.join(' ')
  useEffect(() => {
    if (!saleId || wanted === '') return
    return watchSale({ api, now, saleId, sectionIds: wanted.split(' '), tell: setPictures })
  }, [api, now, saleId, wanted])
  return pictures
}
