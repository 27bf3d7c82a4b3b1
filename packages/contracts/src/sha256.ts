/**
 * SHA-256 (FIPS 180-4) and HMAC (RFC 2104) for places without a crypto library that answers at once: the waiting page
 * and the downloaded proof. Servers use their own. Nothing secret is hashed here, so time may depend on the bytes.
 */

const k = new Uint32Array([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
])

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

  const state = new Uint32Array([
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
  ])
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
