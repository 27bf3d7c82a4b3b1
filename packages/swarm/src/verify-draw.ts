import { createClient, urlOf } from '@fairgate/contracts/client'
import { idPrefixes } from '@fairgate/contracts/ids'
import { createPermutation, drawKey, fromHex } from '@fairgate/contracts/draw'
import { ballotEntries, getBallot } from '@fairgate/contracts/http/ballots'
import { getLine, lineEntrants, type DrawDocument, type LineDocument } from '@fairgate/contracts/http/waiting-room'
import { verifyBallot } from '@fairgate/contracts/verify-ballot'
import { verifyDraw, type DrawCheck } from '@fairgate/contracts/verify-draw'
import { hashes } from './hashes.ts'
import { runVerification, verificationCommand } from './verification.ts'

/** Whether a draw is what it was promised to be, from what is public and nothing else. */
export type DrawReport = { line: string; entrants: number; verified: boolean; checks: DrawCheck[] }

const timeoutMs = 60_000

async function entrantsOf(url: string, lineId: string): Promise<Uint8Array> {
  const response = await fetch(url + urlOf(lineEntrants, { id: lineId }, undefined), {
    signal: AbortSignal.timeout(timeoutMs),
  })
  if (!response.ok) throw new Error(`the entrants could not be read: HTTP ${response.status}`)
  return new Uint8Array(await response.arrayBuffer())
}

/** Asks the relay for the round that the document names, to see that it says the same. */
async function checkBeacon(beacon: NonNullable<LineDocument['draw']['beacon']>): Promise<DrawCheck> {
  const name = 'the public randomness is what the beacon says'
  const address = `${beacon.url}/${beacon.chain}/public/${beacon.round}`
  const answer = await fetch(address, { signal: AbortSignal.timeout(timeoutMs) }).then(
    (response) => response.json() as Promise<{ randomness?: unknown }>,
    (error: unknown) => ({ randomness: undefined, error: String(error) }),
  )
  if (typeof answer.randomness !== 'string') return { name, result: 'warning', detail: `${address} did not answer` }
  return { name, result: answer.randomness === beacon.randomness ? 'right' : 'wrong', detail: address }
}

/** What is not drawn yet, or never will be, can be neither right nor wrong. @throws when there is nothing to check */
function expectDrawn({ commitment, seed }: DrawDocument): void {
  if (commitment === null) throw new Error('There is no draw: the order is the order of arrival')
  if (seed === undefined) throw new Error('No draw is published yet, only what it was committed to')
}

/** Reads what was published of a line and recomputes all of it. @throws when it cannot be read, or is not drawn */
export async function verifyLine(url: string, lineId: string, options: { beacon?: boolean } = {}): Promise<DrawReport> {
  const client = createClient({ baseUrl: url })
  if (lineId.startsWith(`${idPrefixes.sale}_`)) return verifySale(url, lineId, options)
  const line = await client.call(getLine, { params: { id: lineId } })
  expectDrawn(line.draw)
  const checks = verifyDraw(hashes, line.draw, await entrantsOf(url, lineId))
  if (options.beacon && line.draw.beacon?.randomness) checks.push(await checkBeacon(line.draw.beacon))
  return {
    line: line.id,
    entrants: line.draw.entrants ?? 0,
    verified: checks.every((check) => check.result !== 'wrong'),
    checks,
  }
}

/** The same of a ballot, by the id of its sale: the draw, and what it gave to everybody. */
async function verifySale(url: string, saleId: string, options: { beacon?: boolean }): Promise<DrawReport> {
  const client = createClient({ baseUrl: url })
  const { draw } = await client.call(getBallot, { params: { id: saleId } })
  expectDrawn(draw)
  const checks = verifyBallot(hashes, draw, await client.call(ballotEntries, { params: { id: saleId } }))
  if (options.beacon && draw.beacon?.randomness) checks.push(await checkBeacon(draw.beacon))
  const verified = checks.every((check) => check.result !== 'wrong')
  return { line: saleId, entrants: draw.entrants ?? 0, verified, checks }
}

/** The positions of a line or a ballot, for those who want to look: one `number position` a line. */
async function positionsOf(url: string, lineId: string): Promise<string> {
  const client = createClient({ baseUrl: url })
  const params = { id: lineId }
  const { draw } = lineId.startsWith(`${idPrefixes.sale}_`)
    ? await client.call(getBallot, { params })
    : await client.call(getLine, { params })
  if (draw.seed === undefined || draw.entrantsRoot === undefined) return ''
  const beacon = draw.beacon?.randomness ? fromHex(draw.beacon.randomness) : undefined
  const key = drawKey(hashes, fromHex(draw.seed), fromHex(draw.entrantsRoot), beacon)
  const { positionOf } = createPermutation(hashes, key, draw.entrants ?? 0)
  return Array.from({ length: draw.entrants ?? 0 }, (_, i) => `${i + 1} ${positionOf(i + 1)}\n`).join('')
}

async function main(): Promise<void> {
  const program = verificationCommand(
    'verify-draw',
    'Recomputes the draw of a line, or of a ballot with all it gave, from what is public.',
    ['line', 'id of the line, or of a sale by ballot'],
  )
    .option('--beacon', 'also ask the beacon that the line names')
    .option('--positions', 'print the position of every number')
  const read = async (url: string, lineId: string): Promise<DrawReport> => {
    const options = program.opts<{ beacon?: boolean; positions?: boolean }>()
    const report = await verifyLine(url, lineId, options)
    if (options.positions) process.stdout.write(await positionsOf(url, lineId))
    return report
  }
  await runVerification(program, read, {
    about: ({ line, entrants }) => `${line}, ${entrants} entrants`,
    verdict: 'the draw is what was promised',
  })
}

if (import.meta.main) await main()
