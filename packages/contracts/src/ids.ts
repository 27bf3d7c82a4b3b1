/**
 * Identifiers are a prefix by kind and 26 characters of Crockford's base32: 48 bits of milliseconds, then 80 random
 * bits (the layout of ULID, https://github.com/ulid/spec), so they sort by time and cannot be guessed.
 */
export const idPrefixes = {
  account: 'acc',
  event: 'evt',
  section: 'sec',
  seat: 'sea',
  sale: 'sal',
  line: 'lin',
  place: 'plc',
  pass: 'pas',
  hold: 'hld',
  block: 'blk',
  allotment: 'alt',
  order: 'ord',
  promotion: 'prm',
  payment: 'pay',
  refund: 'ref',
  ticket: 'tkt',
  return: 'ret',
  cancellation: 'can',
  lot: 'lot',
  bid: 'bid',
  award: 'awd',
  application: 'app',
  entry: 'ent',
  offer: 'ofr',
  message: 'msg',
  endpoint: 'whe',
  session: 'ses',
} as const

export type IdKind = keyof typeof idPrefixes

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/**
 * @param ms  milliseconds since 1970 of the moment of birth
 * @param random  at least 10 random bytes
 */
export function formatId(kind: IdKind, ms: number, random: Uint8Array): string {
  let bits = (BigInt(ms) << 80n) | bytesToBigInt(random.subarray(0, 10))
  let text = ''
  for (let i = 0; i < 26; i++) {
    text = alphabet[Number(bits & 31n)] + text
    bits >>= 5n
  }
  return `${idPrefixes[kind]}_${text}`
}

/** The public id of a seat: its section and its number (1…capacity) in it. */
export function seatId(sectionId: string, number: number): string {
  return `${idPrefixes.seat}_${sectionId.slice(idPrefixes.section.length + 1)}-${number}`
}

/** The number of a seat in this section, or undefined when the id is malformed or belongs to another section. */
export function seatNumber(sectionId: string, id: string): number | undefined {
  const lead = `${idPrefixes.seat}_${sectionId.slice(idPrefixes.section.length + 1)}-`
  if (!id.startsWith(lead)) return undefined
  const digits = id.slice(lead.length)
  return /^[1-9][0-9]{0,6}$/.test(digits) ? Number(digits) : undefined
}

function bytesToBigInt(bytes: Uint8Array): bigint {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return value
}
