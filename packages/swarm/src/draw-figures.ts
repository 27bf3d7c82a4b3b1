import { createHash } from 'node:crypto'
import { createPermutation, createRoot, drawRounds, leafOf } from '@fairgate/contracts/draw'
import { hashes } from './hashes.ts'

// The figures of docs/concepts/fairness.md: `node packages/swarm/src/draw-figures.ts`. The seeds never change, so the
// counts do not either; the times are those of the machine.

const keyOf = (text: string) => createHash('sha256').update(text).digest()

/**
 * How far the joint distribution of two positions is from uniform (total variation), exactly, with ideal round
 * functions, on a domain of two halves of so many bits. Only the difference of two inputs matters: equal on the left
 * (which a round turns into equal nowhere or right), equal on the right, or equal nowhere.
 */
function pairDeviation(halfBits: number, rounds: number): number {
  const half = 2 ** halfBits
  const all = half ** 2 - 1
  const uniform = [(half - 1) / all, (half - 1) / all, (half - 1) ** 2 / all]
  let worst = 0
  for (const start of [0, 1, 2]) {
    let chance = [0, 0, 0].map((_, i) => (i === start ? 1 : 0)) as [number, number, number]
    for (let round = 0; round < rounds; round++) {
      const differsRight = chance[0] + chance[2]
      chance = [chance[1], differsRight / half, differsRight * (1 - 1 / half)]
    }
    worst = Math.max(worst, chance.reduce((sum, p, i) => sum + Math.abs(p - uniform[i]!), 0) / 2)
  }
  return worst
}

/** The same for the whole order of up to four people: all 24 orders of the domain, exactly. */
function orderDeviation(rounds: number): number {
  let chances = new Map([['0123', 1]])
  for (let round = 0; round < rounds; round++) {
    const next = new Map<string, number>()
    for (const [order, chance] of chances) {
      for (let f = 0; f < 4; f++) {
        const to = order
          .split('')
          .map((x) => ((Number(x) & 1) << 1) | ((Number(x) >> 1) ^ ((f >> (Number(x) & 1)) & 1)))
          .join('')
        next.set(to, (next.get(to) ?? 0) + chance / 4)
      }
    }
    chances = next
  }
  return [...chances.values()].reduce((sum, chance) => sum + Math.abs(chance - 1 / 24), (24 - chances.size) / 24) / 2
}

/** Pearson's statistic over positions of one number, in ten equal parts, as a z-score (Wilson and Hilferty). */
function uniformity(n: number, seeds: number): { worst: number; numbers: number } {
  const numbers = Array.from({ length: 10 }, (_, i) => Math.floor((i * n) / 10) + 1)
  const counts = numbers.map(() => Array.from({ length: 10 }, () => 0))
  for (let seed = 0; seed < seeds; seed++) {
    const { positionOf } = createPermutation(hashes, keyOf(`figures ${n} ${seed}`), n)
    numbers.forEach((number, i) => (counts[i]![Math.floor(((positionOf(number) - 1) * 10) / n)]! += 1))
  }
  const scores = counts.map((parts) => {
    const statistic = parts.reduce((sum, count) => sum + (count - seeds / 10) ** 2 / (seeds / 10), 0)
    return (Math.cbrt(statistic / 9) - 1 + 2 / 81) / Math.sqrt(2 / 81)
  })
  return { worst: Math.max(...scores.map(Math.abs)), numbers: numbers.length }
}

function timed(work: () => void): number {
  const startedAt = performance.now()
  work()
  return performance.now() - startedAt
}

const print = (line: string) => process.stdout.write(`${line}\n`)
/** Below this a sum of doubles says nothing. */
const small = (value: number) => (value < 1e-15 ? '< 1e-15' : value.toExponential(1))

print('| entrants | two positions | whole order |\n| --- | --- | --- |')
for (const [halfBits, entrants] of [
  [1, '2 to 4'],
  [2, '5 to 16'],
  [3, '17 to 64'],
  [4, '65 to 256'],
] as const) {
  print(
    `| ${entrants} | ${small(pairDeviation(halfBits, drawRounds))} | ${halfBits === 1 ? small(orderDeviation(drawRounds)) : ''} |`,
  )
}

print('\n| entrants | seeds | numbers watched | largest z-score |\n| --- | --- | --- | --- |')
for (const [n, seeds] of [
  [10, 20_000],
  [100, 20_000],
  [1000, 10_000],
  [100_000, 2000],
] as const) {
  const { worst, numbers } = uniformity(n, seeds)
  print(`| ${n} | ${seeds} | ${numbers} | ${worst.toFixed(2)} |`)
}

const root = timed(() => {
  const tree = createRoot(hashes)
  for (let number = 1; number <= 100_000; number++) tree.push(leafOf(hashes, number, 'plc_01kdvdna00wyecn3qt8wehe1zn'))
})
const order = timed(() => {
  const { positionOf } = createPermutation(hashes, keyOf('time'), 100_000)
  for (let number = 1; number <= 100_000; number++) positionOf(number)
})
const one = timed(() => {
  for (let i = 0; i < 200; i++) createPermutation(hashes, keyOf(`one ${i}`), 100_000).positionOf(i + 1)
})
print(
  `\nroot over 100,000 entrants: ${Math.round(root)} ms; all their positions: ${Math.round(order)} ms; one position with a new key: ${Math.round(one * 5)} µs`,
)
