import { createClient } from '@fairgate/contracts/client'
import { recordsPerPage, waitlistRecords } from '@fairgate/contracts/http/waitlist'
import type { DrawCheck } from '@fairgate/contracts/verify-draw'
import { verifyWaitlist } from '@fairgate/contracts/verify-waitlist'
import { hashes } from './hashes.ts'
import { runVerification, verificationCommand } from './verification.ts'

/** Whether the offers of a waitlist followed its order, from what is public and nothing else. */
export type WaitlistReport = { sale: string; records: number; head: string; verified: boolean; checks: DrawCheck[] }

/** Reads all records of a waitlist and replays them. @throws when they cannot be read */
export async function verifySale(url: string, saleId: string): Promise<WaitlistReport> {
  const client = createClient({ baseUrl: url })
  const texts: string[] = []
  let head = ''
  // More may be added while this reads: the first answer says how many there are, and what stands for them.
  for (let records = Infinity; texts.length < records;) {
    const page = await client.call(waitlistRecords, { params: { id: saleId }, query: { after: texts.length } })
    if (records === Infinity) ({ records, head } = page)
    texts.push(...page.items.slice(0, records - texts.length))
    if (page.items.length < recordsPerPage) break
  }
  const checks = verifyWaitlist(hashes, texts, head)
  const verified = checks.every(({ result }) => result !== 'wrong')
  return { sale: saleId, records: texts.length, head, verified, checks }
}

async function main(): Promise<void> {
  const program = verificationCommand(
    'verify-waitlist',
    'Replays what is public of a waitlist and checks that every offer followed its order.',
    ['sale', 'id of the sale'],
  )
  await runVerification(program, verifySale, {
    about: ({ sale, records, head }) => `${sale}, ${records} records up to ${head.slice(0, 16)}…`,
    verdict: 'every offer followed the order',
  })
}

if (import.meta.main) await main()
