import { ApiError, createClient } from '@fairgate/contracts/client'
import { recordsPerPage, waitlistRecords } from '@fairgate/contracts/http/waitlist'
import type { DrawCheck } from '@fairgate/contracts/verify-draw'
import { verifyWaitlist } from '@fairgate/contracts/verify-waitlist'
import { Command } from 'commander'
import { hashes } from './hashes.ts'

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
  const program = new Command('npm run -s verify-waitlist --')
    .description(
      'Replays what is public of a waitlist and checks that every offer followed its order. Exits with 1 when something does not fit, with 2 when it cannot be read.',
    )
    .argument('<sale>', 'id of the sale')
    .option('--url <url>', 'the server', 'http://localhost:8080')
    .option('--json', 'print one JSON object as the last line')
  program.parse()
  const options = program.opts<{ url: string; json?: boolean }>()
  try {
    const report = await verifySale(options.url.replace(/\/+$/, ''), program.args[0]!)
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : textOf(report))
    process.exitCode = report.verified ? 0 : 1
  } catch (error) {
    process.stderr.write(`${error instanceof ApiError ? error.problem.title : String(error)}\n`)
    process.exitCode = 2
  }
}

const marks = { right: '✓', warning: '!', wrong: '✗' } as const

function textOf({ sale, records, head, verified, checks }: WaitlistReport): string {
  const lines = checks.map(({ name, result, detail }) => `  ${marks[result]} ${name}\n      ${detail}`)
  const verdict = verified ? 'every offer followed the order' : 'SOMETHING DOES NOT FIT'
  return `${sale}, ${records} records up to ${head.slice(0, 16)}…: ${verdict}\n${lines.join('\n')}\n`
}

if (import.meta.main) await main()
