import { createHmac, hash } from 'node:crypto'

/** What draws are computed with. */
export const hashes = {
  sha256: (bytes: Uint8Array): Buffer => hash('sha256', bytes, 'buffer'),
  hmacSha256: (key: Uint8Array, bytes: Uint8Array): Buffer => createHmac('sha256', key).update(bytes).digest(),
}
