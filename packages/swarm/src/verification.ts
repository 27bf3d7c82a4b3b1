import { ApiError } from '@fairgate/contracts/client'
import type { DrawCheck } from '@fairgate/contracts/verify-draw'
import { Command } from 'commander'

/** What a check of published facts has found. */
type Verification = { verified: boolean; checks: readonly DrawCheck[] }

/** A command that checks what anybody may read. @param argument  what it is about, and what the argument says */
export const verificationCommand = (name: string, does: string, argument: readonly [string, string]): Command =>
  new Command(`npm run -s ${name} --`)
    .description(`${does} Exits with 1 when something does not fit, with 2 when there is nothing to check.`)
    .argument(`<${argument[0]}>`, argument[1])
    .option('--url <url>', 'the server', 'http://localhost:8080')

/**
 * Runs such a command: prints what was found and sets the exit code.
 * @param read  @throws when it cannot be read, or is still to come
 * @param words  what the report is about, and the verdict when all fits
 */
export async function runVerification<R extends Verification>(
  program: Command,
  read: (url: string, id: string) => Promise<R>,
  words: { about: (report: R) => string; verdict: string },
): Promise<void> {
  program.option('--json', 'print one JSON object as the last line').parse()
  const options = program.opts<{ url: string; json?: boolean }>()
  try {
    const report = await read(options.url.replace(/\/+$/, ''), program.args[0]!)
    const verdict = report.verified ? words.verdict : 'SOMETHING DOES NOT FIT'
    const text = `${words.about(report)}: ${verdict}\n${report.checks.map(lineOf).join('\n')}\n`
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : text)
    process.exitCode = report.verified ? 0 : 1
  } catch (error) {
    process.stderr.write(`${reasonOf(error, options.url)}\n`)
    process.exitCode = 2
  }
}

/** Why there was nothing to check: what the server said, or that it did not answer. */
function reasonOf(error: unknown, url: string): string {
  if (error instanceof ApiError) return error.problem.title
  // This is all that `fetch` says, whatever kept it from an answer.
  if (error instanceof TypeError && error.message === 'fetch failed') return `${url} does not answer`
  return error instanceof Error ? error.message : String(error)
}

const marks = { right: '✓', warning: '!', wrong: '✗' } as const

const lineOf = ({ name, result, detail }: DrawCheck): string => `  ${marks[result]} ${name}\n      ${detail}`
