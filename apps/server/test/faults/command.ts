// `npm run -s faults [-- --json | --docs | --check]`: every fault on every message and call of a purchase.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import type { Line } from './matrix.ts'
import { pageOf, wordOf } from './page.ts'
import { faults } from './strike.ts'

const root = join(import.meta.dirname, '../../../..')
const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const page = join(root, 'docs/reference/faults.md')
const options = new Command('npm run -s faults --')
  .description('Strikes every message and provider call of a purchase with every fault.')
  .option('--json', 'print one JSON object')
  .option('--docs', 'write docs/reference/faults.md')
  .option('--check', 'only say whether that page is in step; exits with 1 when it is not')
  .parse()
  .opts<{ json?: boolean; docs?: boolean; check?: boolean }>()

const folder = mkdtempSync(join(tmpdir(), 'fairgate-faults-'))
try {
  const file = join(folder, 'matrix.json')
  const run = spawnSync(
    process.execPath,
    [vitest, 'run', 'apps/server/test/faults/faults.test.ts', '-t', 'the whole matrix'],
    { cwd: root, env: { ...process.env, FAULTS_OUT: file }, encoding: 'utf8' },
  )
  if (run.status !== 0) throw new Error(`${run.stdout}\n${run.stderr}`)
  const lines = JSON.parse(readFileSync(file, 'utf8')) as Line[]
  const cells = lines.flatMap((line) => faults.map((fault) => line.cells[fault]))
  const failed = cells.filter((cell) => cell.kind === 'ended' && cell.wrong.length > 0).length
  if (failed > 0) process.exitCode = 1
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ cells: cells.length, failed, faults, lines })}\n`)
  } else if (options.docs) {
    writeFileSync(page, pageOf(lines))
  } else if (options.check) {
    if (readFileSync(page, 'utf8') !== pageOf(lines)) {
      process.stdout.write('docs/reference/faults.md is not in step (npm run faults -- --docs)\n')
      process.exitCode = 1
    }
  } else {
    show(lines)
    process.stdout.write(`${cells.length} purchases, ${failed} failed\n`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function show(lines: readonly Line[]): void {
  const table = [
    ['', ...faults],
    ...lines.map(({ scenario, target, cells }) => [
      `${scenario}: ${target}`,
      ...faults.map((fault) => wordOf(cells[fault])),
    ]),
  ]
  const widths = table[0]!.map((_, i) => Math.max(...table.map((cells) => cells[i]!.length)))
  for (const cells of table)
    process.stdout.write(
      `${cells
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd()}\n`,
    )
}
