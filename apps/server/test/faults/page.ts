import type { Ending, Line } from './matrix.ts'
import { scenarios } from './scenarios.ts'
import { faults } from './strike.ts'

export const wordOf = (ending: Ending): string =>
  ending.kind === 'none' ? '—' : ending.wrong.length > 0 ? `FAILED: ${ending.wrong.join('; ')}` : ending.state

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`

/** The page `docs/reference/faults.md`. */
export function pageOf(lines: readonly Line[]): string {
  const reasons = new Map<string, string[]>()
  for (const { scenario, target, cells } of lines) {
    for (const fault of faults) {
      const ending = cells[fault]
      if (ending.kind !== 'none') continue
      const where = `${target} (${scenario}), ${fault}`
      reasons.set(ending.reason, [...(reasons.get(ending.reason) ?? []), where])
    }
  }
  return `# Faults

Made by \`npm run faults -- --docs\`; do not edit.

Every message of a purchase and every call to the payment provider, struck by every fault: ${lines.length * faults.length} purchases on a real database, with inventory, orders, payments and tickets as they are, the provider's sandbox over HTTP, and a clock that stands still. The cell is how the order ends. \`npm run -s faults\` does it again (about a minute); \`npm test\` does a part.

After each purchase: each section's seats add up; no seat has two claims or two tickets; the money kept, in our books and in the provider's own, is the price of the valid tickets; seats sold, seats ordered and tickets are the same seats; nobody is over the limit; nothing is held, secured, pending, undelivered or parked.

## The faults

| fault | of a message | of a call to the provider |
| --- | --- | --- |
| crash before | the process dies when all its statements have run and nothing is committed | it dies before it has asked |
| crash after | it dies after the commit, before anybody was told | it dies when the provider has done it and nothing is booked |
| timeout | its statements take too long and are ended by the database | the request is lost and nobody answers |
| error after | it fails after its effect, which is undone | the provider does it and answers 500 |
| duplicate | it comes once more at once, and once more as a new message when all is over | it arrives twice |
| reorder | all that follows overtakes it: the step is asked for again, the buyer pays again | the provider's notice comes before its answer |
| delay | it arrives long after the time to pay, when somebody else wants the seats | the provider cannot be reached until then, and hears the first request last |

## The ways of a purchase

${row(['way', 'what happens'])}
${row(['---', '---'])}
${scenarios.map(({ name, about }) => row([name, about])).join('\n')}

## How they end

${row(['way', 'struck', ...faults])}
${row(['---', '---', ...faults.map(() => '---')])}
${lines.map(({ scenario, target, cells }) => row([scenario, `\`${target}\``, ...faults.map((fault) => wordOf(cells[fault]))])).join('\n')}

## What cannot happen

${[...reasons].map(([reason, where]) => `- ${reason}: ${where.join('; ')}.`).join('\n')}

Two guards are switched off to see that the matrix notices: with messages forgotten before their effect is committed an order is under way for ever, and with late money not heeded it is kept without tickets.
`
}
