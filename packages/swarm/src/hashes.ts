import { createHmac, hash } from 'node:crypto'
import type { Hashes } from '@fairgate/contracts/draw'

/** What a draw is recomputed with. */
export const hashes: Hashes = {
  sha256: (bytes) => hash('sha256', bytes, 'buffer'),
  hmacSha256: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
}
