// `npm run check`: everything that can be known without running the program, within 15 s on two cores.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { readSources, violations } from '../apps/server/test/boundaries.ts'
import { documentFaults, readThings } from '../apps/server/test/documents.ts'

type Finding = { ok: boolean; output: string }
type Check = { name: string; says: string; run: () => Promise<Finding> | Finding }

const root = join(import.meta.dirname, '..')
const bin = join(root, 'node_modules', '.bin')
const cli = join(root, 'apps/server/src/cli.ts')
const checkTimeoutMs = 120_000
const budgetMs = 15_000
const typesCache = join('node_modules', '.cache', 'fairgate', 'types.tsbuildinfo')
// Each further checker works out most types again: alone, one took 6 s of a core, the usual four 19 s. What has not
// changed since the last check is known from the cache.
const typesArgs = ['-p', '.', '--checkers', '1', '--incremental', '--tsBuildInfoFile', typesCache]

/** Runs a tool of the install; it passes when it exits with 0. Its output is kept for the case that it does not. */
function tool(command: string, args: readonly string[]): Promise<Finding> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, PATH: [bin, process.env['PATH']].join(delimiter), NO_COLOR: '1' },
      shell: process.platform === 'win32',
      timeout: checkTimeoutMs,
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    }
    child.once('error', (err) => resolve({ ok: false, output: err.message }))
    child.once('close', (code, signal) =>
      resolve({ ok: code === 0, output: signal === null ? output : `${output}\nended by ${signal}` }),
    )
  })
}

function boundaries(): Finding {
  const found = violations(readSources())
  return { ok: found.length === 0, output: found.map(({ path, line, what }) => `${path}:${line} ${what}`).join('\n') }
}

function documents(): Finding {
  const read = readThings()
  const found = documentFaults(read.documents, read.things)
  return { ok: found.length === 0, output: found.map(({ path, line, what }) => `${path}:${line} ${what}`).join('\n') }
}

const checks: Check[] = [
  { name: 'types', says: 'tsc', run: () => tool('tsc', typesArgs) },
  { name: 'lint', says: 'oxlint', run: () => tool('oxlint', ['--deny-warnings']) },
  { name: 'format', says: 'oxfmt; npm run format repairs it', run: () => tool('oxfmt', ['--check', '.']) },
  { name: 'boundaries', says: 'who may import whom', run: boundaries },
  { name: 'documents', says: 'what they name is there', run: documents },
  { name: 'unused', says: 'knip', run: () => tool('knip', ['--no-progress', '--no-config-hints']) },
]
if (existsSync(cli)) {
  const run = () => tool(process.execPath, [cli, 'docs', '--check'])
  checks.push({ name: 'generated', says: 'npm run docs brings them in step', run })
}

const startedAt = performance.now()
const ends = await Promise.all(
  checks.map(async ({ name, says, run }) => {
    const { ok, output } = await run()
    return { name, says, ok, output, tookMs: performance.now() - startedAt }
  }),
)

for (const { name, ok, output } of ends) if (!ok) console.log(`── ${name}\n${output.trim()}\n`)
for (const { name, says, ok, tookMs } of ends) {
  console.log(`${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(10)}  ${seconds(tookMs).padStart(6)}  ${says}`)
}
const totalMs = performance.now() - startedAt
const failed = ends.filter(({ ok }) => !ok).length
console.log(`${ends.length - failed} passed, ${failed} failed in ${seconds(totalMs)}`)
if (totalMs > budgetMs) console.log(`that is over the budget of ${seconds(budgetMs)}`)
process.exitCode = failed === 0 ? 0 : 1

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
