/** What a seat row says. Held seats whose `held_until` has come are free to take, whatever the row says. */
export const seatState = { free: 0, held: 1, secured: 2, sold: 3, blocked: 4 } as const

/** One seat of a section by its number, 1…capacity. */
export type SeatKey = { sectionId: string; number: number }

/** The order in which every statement locks seats: two processes that lock in one order cannot deadlock. */
export const bySeatKey = (a: SeatKey, b: SeatKey): number =>
  a.sectionId < b.sectionId ? -1 : a.sectionId > b.sectionId ? 1 : a.number - b.number
