import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { returnEvents, returnStates, returnTable } from './return.ts'

test('SPEC.md shows the table of returns that the code decides by', () => {
  const lines = ['| in | on | becomes | and |', '| --- | --- | --- | --- |']
  for (const state of returnStates)
    for (const event of returnEvents) {
      const outcome = returnTable[state][event]
      if (outcome !== 'ignore')
        lines.push(`| ${state} | ${event} | ${outcome.to} | ${outcome.commands.join(', ') || '·'} |`)
    }
  expect(readFileSync(new URL('SPEC.md', import.meta.url), 'utf8')).toContain(lines.join('\n'))
})
