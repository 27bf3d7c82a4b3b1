import type { AvailabilityUpdate } from './http/availability.ts'
import type { Availability } from './http/inventory.ts'
import { decodeChanges } from './seat-changes.ts'

/** What a reader of an availability stream knows of a section. `status` has 2 bits a seat, see `statusAt`. */
export type SeatPicture = Omit<Availability, 'status'> & { status: Uint8Array }

export type SeatPictures = ReadonlyMap<string, SeatPicture>

/** The `seatStatus` of a seat by its index from 0; undefined beyond the last. */
export const statusAt = (status: Uint8Array, seat: number): number | undefined => {
  const byte = status[seat >> 2]
  return byte === undefined ? undefined : (byte >> ((seat & 3) * 2)) & 3
}

export const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))

export const pictureOf = (snapshot: Availability): SeatPicture => ({ ...snapshot, status: bytesOf(snapshot.status) })

/** What is known after a message; pictures that it does not change stay the same objects. `missed` when one before it was lost. */
export function readUpdate(known: SeatPictures, update: AvailabilityUpdate): SeatPictures | 'missed' {
  const next = new Map(known)
  for (const snapshot of update.snapshots) next.set(snapshot.sectionId, pictureOf(snapshot))
  for (const { from, to, changes, ...counts } of update.changes) {
    const before = next.get(counts.sectionId)
    if (!before) return 'missed'
    if (to <= before.version) continue
    if (from !== before.version) return 'missed'
    const status = before.status.slice()
    decodeChanges(bytesOf(changes), (seat, state) => {
      const shift = (seat & 3) * 2
      status[seat >> 2] = (status[seat >> 2]! & ~(3 << shift)) | (state << shift)
    })
    next.set(counts.sectionId, { ...counts, version: to, status })
  }
  return next
}
