/** One seat of a section by its number, 1…capacity. */
export type SeatKey = { sectionId: string; number: number }

export const seatKey = (sectionId: string, number: number): string => `${sectionId} ${number}`

/** The order in which every statement locks seats: two processes that lock in one order cannot deadlock. */
export const bySeatKey = (a: SeatKey, b: SeatKey): number =>
  a.sectionId < b.sectionId ? -1 : a.sectionId > b.sectionId ? 1 : a.number - b.number
