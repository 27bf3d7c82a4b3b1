/**
 * How a section's picture (2 bits a seat, `seatStatus`) became another: for each seat that changed, in seat order, the
 * number of unchanged seats since the one before it, times four, plus its new state, as a LEB128 varint. A seat that
 * changed costs one byte within 31 seats of the last one, two within 4,095.
 */
export function encodeChanges(before: Uint8Array, after: Uint8Array): Uint8Array {
  const bytes: number[] = []
  let next = 0
  for (let at = 0; at < after.length; at++) {
    const was = before[at] ?? 0
    const is = after[at] ?? 0
    if (was === is) continue
    for (let bit = 0; bit < 8; bit += 2) {
      const state = (is >> bit) & 3
      if (state === ((was >> bit) & 3)) continue
      const seat = at * 4 + (bit >> 1)
      let value = (seat - next) * 4 + state
      next = seat + 1
      for (; value > 127; value = Math.floor(value / 128)) bytes.push((value & 127) | 128)
      bytes.push(value)
    }
  }
  return Uint8Array.from(bytes)
}

/** Calls `change` with the index (from 0) and the new state of every seat that changed. @throws when the bytes end within a number */
export function decodeChanges(bytes: Uint8Array, change: (seat: number, state: number) => void): void {
  let seat = -1
  let value = 0
  let weight = 1
  for (const byte of bytes) {
    value += (byte & 127) * weight
    weight *= 128
    if (byte > 127) continue
    seat += Math.floor(value / 4) + 1
    change(seat, value & 3)
    value = 0
    weight = 1
  }
  if (weight > 1) throw new Error('the changes end within a number')
}
