import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { errors } from '@fairgate/contracts/errors'
import { events } from '@fairgate/contracts/events'
import { fault, isFaultCode, statusOf, wordFault } from '@fairgate/toss-sandbox/faults'
import { tossCodes } from '#modules/payments'
import { systemScheduler } from '#platform/clock'
import { systemRandom } from '#platform/ids'
import { silentLog } from '#platform/log'
import { allModules, compose } from './compose.ts'
import { readConfig, settings } from './config.ts'
import { openApiDocument } from './openapi.ts'

const docsFolder = fileURLToPath(new URL('../../../docs/', import.meta.url))

/** The pages that are made from the code, by their path below `docs/`. */
export async function generatedDocs(): Promise<Record<string, string>> {
  return {
    'reference/openapi.json': `${JSON.stringify(openApiDocument(), null, 2)}\n`,
    'reference/errors.md': errorsPage(),
    'reference/events.md': eventsPage(),
    'reference/toss-codes.md': tossCodesPage(),
    'operating/configuration.md': configurationPage(),
    'operating/metrics.md': await metricsPage(),
  }
}

/** Writes the pages. @returns those that were not in step */
export async function writeDocs(options: { check: boolean }): Promise<string[]> {
  const stale: string[] = []
  for (const [path, text] of Object.entries(await generatedDocs())) {
    const file = join(docsFolder, path)
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue
    stale.push(path)
    if (options.check) continue
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  return stale
}

const made = 'Made from the code by `npm run docs`; do not edit.'

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function errorsPage(): string {
  const rows = Object.entries(errors).map(([code, entry]) => [
    `\`${code}\``,
    String(entry.status),
    entry.title,
    entry.ko,
    'retry' in entry ? 'yes' : '',
  ])
  return `# Errors\n\n${made}\n\nEvery refusal is an RFC 9457 problem document (\`application/problem+json\`) with one of these codes. *Again* means that the same request may succeed later; \`Retry-After\` and \`retryAfterMs\` say when.\n\n${table(['code', 'status', 'meaning', '한국어', 'again'], rows)}\n`
}

/** What each answer of Toss Payments makes the server do. */
const tossAnswers: Record<keyof typeof tossCodes, string> = {
  refuse: 'refuse: nothing was captured, the buyer may pay in another way',
  retry: 'retry: the same request again, under its key',
  ask: 'ask: money may have moved, the payment is looked at until it is known',
  'ask-buyer': 'ask the buyer for another account to refund into',
  alarm: 'alarm: a person has to repair keys, contract or request; the payment is asked about ever more slowly',
}

function tossCodesPage(): string {
  const rows = (Object.keys(tossCodes) as (keyof typeof tossCodes)[]).flatMap((answer) =>
    tossCodes[answer].map((code) => {
      const known = isFaultCode(code) ? code : undefined
      return [
        `\`${code}\``,
        known ? String(statusOf(known)) : '',
        known ? wordFault(fault(known), 'en').message : '',
        tossAnswers[answer],
      ]
    }),
  )
  return `# Error codes of Toss Payments\n\n${made}\n\nEvery error code that the provider documents for confirm, look-up, cancel and the list of transactions, and what the server does about it. A code that is not listed is asked about. A refusal counts only with a status from 400 to 499: behind a 500 money may have moved.\n\n${table(
    ['code', 'status', 'meaning', 'what we do'],
    rows.toSorted((a, b) => a[0]!.localeCompare(b[0]!)),
  )}\n`
}

function eventsPage(): string {
  const sections = Object.entries(events).map(([type, { key, data }]) => {
    const subscribers = Object.values(allModules).filter((statics) =>
      (statics.subscribes as readonly string[]).includes(type),
    )
    const members = Object.entries(
      (data as { properties: Record<string, { type?: string; description?: string; enum?: unknown[] }> }).properties,
    )
    const rows = members.map(([name, schema]) => [
      `\`${name}\``,
      schema.enum ? schema.enum.join(', ') : (schema.type ?? ''),
      schema.description ?? '',
    ])
    return `## \`${type}\`\n\nKey: \`${key}\`. Published by ${type.split('.')[0]}, wanted by ${subscribers.map((s) => s.name).join(', ') || 'nobody yet'}.\n\n${table(['member', 'type', 'meaning'], rows)}`
  })
  return `# Events\n\n${made}\n\nThe facts that modules tell each other through the outbox. A fact is published in the transaction that makes it true, reaches each subscriber's effect exactly once, and keeps its order among facts with the same key.\n\n${sections.join('\n\n')}\n`
}

function configurationPage(): string {
  const rows = Object.entries(settings).map(([name, setting]) => [
    `\`${name}\`${setting.secret ? ` (or \`${name}_FILE\`)` : ''}`,
    setting.default === undefined ? '' : `\`${setting.default}\``,
    `${setting.about}${setting.secret ? '. Secret: never printed' : ''}`,
  ])
  return `# Configuration\n\n${made}\n\nEverything is set by environment variables, read once at start. All mistakes are reported together and the process ends with status 2.\n\n${table(['variable', 'default', 'meaning'], rows)}\n`
}

/** The metrics are those that the composed modules register; nothing is started and no database is asked. */
async function metricsPage(): Promise<string> {
  const server = compose(readConfig({ SERVICES: 'catalog' }), {
    databaseUrl: 'postgresql://nobody@127.0.0.1:1/none',
    signingSecrets: ['only for the list of metrics'],
    publicUrl: 'http://localhost',
    log: silentLog,
    scheduler: systemScheduler,
    random: systemRandom,
  })
  const definitions = server.metrics.definitions().filter(({ name }) => name.startsWith('fairgate_'))
  await server.database.close()
  const rows = definitions
    .toSorted((a, b) => a.name.localeCompare(b.name))
    .map(({ name, type, labels, help }) => [
      `\`${name}\``,
      type,
      labels.map((label) => `\`${label}\``).join(', '),
      help,
    ])
  return `# Metrics\n\n${made}\n\nPrometheus text at \`/metrics\`: on the public port in the demo, elsewhere on \`OPERATIONS_PORT\` only. Labels come from closed sets, never an id. The usual metrics of a Node process (\`nodejs_eventloop_lag_p99_seconds\`, \`process_resident_memory_bytes\` and so on) are there too.\n\nWatch on a sale day: the p95 of \`fairgate_http_request_duration_seconds\` by route, \`nodejs_eventloop_lag_p99_seconds\`, \`fairgate_line_people\`, \`fairgate_payments_unknown_oldest_seconds\`, \`fairgate_orders_stuck\`, \`fairgate_messages_parked_total\`.\n\n${table(['metric', 'type', 'labels', 'meaning'], rows)}\n`
}
