import { createPublicKey, hash, verify, type webcrypto } from 'node:crypto'

import { createClient } from '@fairgate/contracts/client'
import { lotReport, type LotReport } from '@fairgate/contracts/http/auctions'
import { jwks } from '@fairgate/contracts/http/identity'
import { verifyAuction } from '@fairgate/contracts/verify-auction'
import type { DrawCheck } from '@fairgate/contracts/verify-draw'
import { runVerification, verificationCommand } from './verification.ts'

type Key = webcrypto.JsonWebKey & { kid?: string }

/** Whether the close of a lot is what its bids give, from what is public and nothing else. */
export type AuctionReport = { lot: string; bids: number; winners: number; verified: boolean; checks: DrawCheck[] }

/** Checks a JWS (RFC 7515, Ed25519 by RFC 8037) over the hash of a report by the server's public keys. */
function checkSignature(report: LotReport, signature: string, keys: readonly Key[]) {
  const [head = '', body = '', mark = ''] = signature.split('.')
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>
  const reportHash = hash('sha256', JSON.stringify(report))
  try {
    const { kid, alg, typ } = read(head)
    const claims = read(body)
    const jwk = keys.find((key) => key.kid === kid)
    if (!jwk) return { isGood: false, detail: `there is no key ${String(kid)}` }
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    const isSigned =
      alg === 'EdDSA' &&
      typ === 'fairgate-lot+jws' &&
      verify(null, Buffer.from(`${head}.${body}`), key, Buffer.from(mark, 'base64url'))
    const isOfThis = claims['reportHash'] === reportHash && claims['lotId'] === report.lotId
    return { isGood: isSigned && isOfThis, detail: `key ${String(kid)}, SHA-256(report) = ${reportHash}` }
  } catch (error) {
    return { isGood: false, detail: String(error) }
  }
}

/** Reads the report of a closed lot and recomputes it. @throws when it cannot be read */
export async function verifyLot(url: string, lotId: string): Promise<AuctionReport> {
  const client = createClient({ baseUrl: url })
  const { report, signature } = await client.call(lotReport, { params: { id: lotId } })
  const { keys } = await client.call(jwks, {})
  const checks = verifyAuction(report, checkSignature(report, signature, keys as readonly Key[]))
  return {
    lot: report.lotId,
    bids: report.bids.length,
    winners: Math.min(report.seats.length, report.ranking.length),
    verified: checks.every(({ result }) => result !== 'wrong'),
    checks,
  }
}

async function main(): Promise<void> {
  const program = verificationCommand('verify-auction', 'Recomputes the close of a lot from its signed report.', [
    'lot',
    'id of the lot',
  ])
  await runVerification(program, verifyLot, {
    about: ({ lot, bids, winners }) => `${lot}, ${bids} bids, ${winners} winners`,
    verdict: 'the close is what the bids give',
  })
}

if (import.meta.main) await main()
