/**
 * SHA-256 (FIPS 180-4) and HMAC (RFC 2104) for places without a crypto library that answers at once: the waiting page
 * and the downloaded proof. Servers use their own. Nothing secret is hashed here, so time may depend on the bytes.
 */

/** The first bits behind the point of the n-th roots of primes: a table of them would be half of this file. */
const rootBits = (count: number, exponent: number): Uint32Array => {
  const primes: number[] = []
  for (let candidate = 2; primes.length < count; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate)
  }
  return Uint32Array.from(primes, (prime) => (prime ** exponent % 1) * 2 ** 32)
}

const k = rootBits(64, 1 / 3)
const initial = rootBits(8, 1 / 2)

const blockBytes = 64

/** @returns the 32 bytes of the hash */
export function sha256(bytes: Uint8Array): Uint8Array {
  // The message, a bit, zeros, and its length in bits, in whole blocks.
  const padded = new Uint8Array(Math.ceil((bytes.length + 9) / blockBytes) * blockBytes)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29))
  view.setUint32(padded.length - 4, bytes.length << 3)

  const state = initial.slice()
  const w = new Uint32Array(64)
  for (let start = 0; start < padded.length; start += blockBytes) {
    for (let t = 0; t < 16; t++) w[t] = view.getUint32(start + 4 * t)
    for (let t = 16; t < 64; t++) {
      const [x, y] = [w[t - 15]!, w[t - 2]!]
      const small0 = rotated(x, 7) ^ rotated(x, 18) ^ (x >>> 3)
      const small1 = rotated(y, 17) ^ rotated(y, 19) ^ (y >>> 10)
      w[t] = w[t - 16]! + small0 + w[t - 7]! + small1
    }
    compress(state, w)
  }
  const hash = new DataView(new ArrayBuffer(32))
  state.forEach((word, i) => hash.setUint32(4 * i, word))
  return new Uint8Array(hash.buffer)
}

function compress(state: Uint32Array, w: Uint32Array): void {
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number]
  for (let t = 0; t < 64; t++) {
    const big1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
    const first = (h + big1 + ((e & f) ^ (~e & g)) + k[t]! + w[t]!) | 0
    const big0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
    const second = (big0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + first) | 0
    d = c
    c = b
    b = a
    a = (first + second) | 0
  }
  ;[a, b, c, d, e, f, g, h].forEach((word, i) => (state[i]! += word))
}

const rotated = (x: number, bits: number): number => (x >>> bits) | (x << (32 - bits))

/** @param key at most 64 bytes, which is all that a draw needs */
export function hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  const padded = (mask: number, message: Uint8Array) => {
    const whole = new Uint8Array(blockBytes + message.length).fill(mask, 0, blockBytes)
    key.forEach((byte, i) => (whole[i] = byte ^ mask))
    whole.set(message, blockBytes)
    return sha256(whole)
  }
  return padded(0x5c, padded(0x36, bytes))
}
