import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { holdEvents, holdStates, holdTable, type HoldState } from './hold.ts'

test('SPEC.md shows the table that the code runs', () => {
  const lines = readFileSync(new URL('./SPEC.md', import.meta.url), 'utf8').split('\n')
  const cells = (line: string) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
  const table = lines.filter((line) => line.startsWith('| ')).map(cells)
  expect(table[0]).toEqual(['state', ...holdEvents])
  expect(table.slice(2)).toEqual(
    holdStates.map((state) => [state, ...holdEvents.map((event) => holdTable[state][event])]),
  )
})

test('only a decision of its order ends a secured hold, and only a refund a sold one', () => {
  const leaves = (state: HoldState) =>
    holdEvents.filter((event) => ['sell', 'return', 'free', 'end', 'lapse', 'claim'].includes(holdTable[state][event]))
  expect(leaves('secured')).toEqual(['sell', 'return', 'release', 'release-sold'])
  expect(leaves('sold')).toEqual(['release-sold'])
})
