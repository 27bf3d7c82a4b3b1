import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { happenings, publicState, states, table } from './order.ts'

/** The table as SPEC.md shows it: one line for each step; what is refused is listed, all else is ignored. */
function render(): string {
  const lines = ['| in | on | becomes | and asks |', '| --- | --- | --- | --- |']
  for (const state of states) {
    for (const event of happenings) {
      const outcome = table[state][event]
      if (typeof outcome === 'object')
        lines.push(
          `| ${state} | ${event} | ${outcome.to === state ? '·' : outcome.to} | ${outcome.commands.join(', ') || '·'} |`,
        )
    }
  }
  lines.push('', '| in | refuses |', '| --- | --- |')
  for (const state of states)
    lines.push(`| ${state} | ${happenings.filter((event) => table[state][event] === 'refuse').join(', ') || '·'} |`)
  return lines.join('\n')
}

test('SPEC.md shows the table that the code decides by', () => {
  expect(readFileSync(new URL('SPEC.md', import.meta.url), 'utf8')).toContain(render())
})

test('an order that waits for another module can neither expire nor be cancelled', () => {
  for (const state of states.filter((state) => publicState[state] === 'paying')) {
    expect([state, table[state].deadline, table[state].cancel]).toEqual([state, 'ignore', 'refuse'])
  }
})

test('every state can be reached, and every end', () => {
  const reached = new Set<string>(['awaiting-payment'])
  for (const state of reached) {
    for (const outcome of Object.values(table[state as keyof typeof table]))
      if (typeof outcome === 'object') reached.add(outcome.to)
  }
  expect([...reached].toSorted()).toEqual([...states].toSorted())
})
