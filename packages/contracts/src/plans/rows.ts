/** 0 → A, 25 → Z, 26 → AA */
export function rowName(index: number): string {
  const last = String.fromCharCode(65 + (index % 26))
  return index < 26 ? last : rowName(Math.floor(index / 26) - 1) + last
}

/** Coordinates are written with two decimals: a hundredth of a seat. */
export const hundredths = (value: number): number => Math.round(value * 100) / 100 || 0

/** Middles of neighbouring rows are this many seat widths apart. */
export const rowPitch = 1.6
