// `npm run -s bench -- TOPIC… [--json]`: figures beside their limits, measured in one run. Without a topic: all of them.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { startEmbeddedPostgres } from '#platform/embedded-postgres'

/** What a topic measured; `ratio` is value / limit of the same run. Only ratios compare between machines and minutes. */
export type Figure = {
  topic: string
  unit: string
  value: number
  limit: number
  limitIs: string
  ratio: number
  beside?: Record<string, number>
  /** Processor time of what was measured, by part, or why there is none. */
  cpu?: Cpu | { absent: string }
  /** Further figures of the same run, each beside a limit of its own and what its ratio should be at least. */
  also?: Beside[]
}

export type Cpu = Record<'server' | 'postgres' | 'crowd', CpuPart>

/** `share` is of the three parts together. A profiled part also says how much of the time its thread was idle, and whose code ran in the rest. */
type CpuPart = {
  seconds: number
  share: number
  msPerOrder: number
  idle?: number
  cpuShare?: Record<string, number>
}

export type Beside =
  | { name: string; unit: string; value: number; limit: number; limitIs: string; ratio: number; atLeast: number }
  | { name: string; absent: string }

/** Every file of this folder with a `bench` is a topic of its name. One that takes a database is given an empty one that survives a power cut. */
type Topic = { bench(options: { databaseUrl: string }): Promise<Figure> }

const topics = readdirSync(import.meta.dirname)
  .filter(
    (name) =>
      name.endsWith('.ts') &&
      /^export async function bench\(/m.test(readFileSync(join(import.meta.dirname, name), 'utf8')),
  )
  .map((name) => name.slice(0, -'.ts'.length))

async function measure(name: string): Promise<Figure> {
  const topic = (await import(`./${name}.ts`)) as Topic
  if (topic.bench.length === 0) return topic.bench({ databaseUrl: '' })
  const folder = mkdtempSync(join(tmpdir(), 'fairgate-bench-'))
  const postgres = await startEmbeddedPostgres({
    dataDir: join(folder, 'data'),
    log: () => undefined,
    settings: { fsync: 'on', synchronous_commit: 'on' },
  })
  try {
    return await topic.bench({ databaseUrl: postgres.url })
  } finally {
    await postgres.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

const program = new Command('npm run -s bench --')
  .description('Measures figures beside their limits, in one run.')
  .argument('[topics...]', `of ${topics.join(', ')}; all of them when none is named`)
  .option('--json', 'print one JSON object a topic')
  .parse()
const wanted = program.args
const { json: asJson } = program.opts<{ json?: boolean }>()
const unknown = wanted.filter((name) => !topics.includes(name))
if (unknown.length > 0)
  program.error(`error: there is no topic ${unknown.join(', ')}; there are ${topics.join(', ')}`, { exitCode: 2 })
for (const name of wanted.length > 0 ? wanted : topics) {
  const figure = await measure(name)
  if (asJson) process.stdout.write(`${JSON.stringify(figure)}\n`)
  else print(figure)
}
process.exit(0)

function cpuLines(cpu: NonNullable<Figure['cpu']>): string[][] {
  if ('absent' in cpu) return [['  cpu', `not measured: ${cpu.absent}`]]
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`
  return Object.entries(cpu).flatMap(([part, { seconds, share, msPerOrder, idle, cpuShare = {} }]) => [
    [`  cpu ${part}`, `${percent(share)}: ${seconds} s, ${msPerOrder} ms an order`],
    ...(idle === undefined ? [] : [['    idle', `${percent(idle)} of its time; of the rest:`]]),
    ...Object.entries(cpuShare).map(([name, of]) => [`    ${name}`, percent(of)]),
  ])
}

function print({ topic, unit, value, limit, limitIs, ratio, beside = {}, cpu, also = [] }: Figure): void {
  const lines = [
    [topic, `${value} ${unit}`],
    ['  limit', `${limit} ${unit}: ${limitIs}`],
    ['  ratio', String(ratio)],
    ...Object.entries(beside).map(([name, figure]) => [`  ${name}`, String(figure)]),
    ...(cpu ? cpuLines(cpu) : []),
    ...also.map((one) => [
      `  ${one.name}`,
      'absent' in one
        ? `not measured: ${one.absent}`
        : `${one.ratio} (at least ${one.atLeast}): ${one.value} of ${one.limit} ${one.unit}, ${one.limitIs}`,
    ]),
  ]
  const width = Math.max(...lines.map(([name]) => name!.length)) + 2
  process.stdout.write(`${lines.map(([name, text]) => name!.padEnd(width) + text).join('\n')}\n`)
}
