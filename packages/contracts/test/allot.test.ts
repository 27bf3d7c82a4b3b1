import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allot, linesFor, type BallotRules, type Wish } from '../src/allot.ts'

/** What the fairness page promises, in ten lines: nothing shared with the program but the words. */
function reference(rules: BallotRules, places: readonly number[], wishes: readonly Wish[]): (number | null)[] {
  const left = [...places]
  return wishes.map(({ quantity, preferences }) => {
    const named = preferences.map((line) => rules.courses[line])
    const slower = [...new Set(named)].flatMap((course) =>
      rules.courses.flatMap((other, line) =>
        course && other === course && preferences.every((p) => rules.courses[p] !== course || p < line) ? [line] : [],
      ),
    )
    const line = [...preferences, ...(rules.moves === 'down' ? slower : [])].find((l) => left[l]! >= quantity)
    if (line !== undefined) left[line]! -= quantity
    return line ?? null
  })
}

const ballots = fc
  .record({
    moves: fc.constantFrom('none' as const, 'down' as const),
    courses: fc.array(fc.constantFrom(null, '5K', '10K'), { minLength: 1, maxLength: 6 }),
  })
  .chain((rules) => {
    const lines = rules.courses.map((_, index) => index)
    return fc.record({
      rules: fc.constant(rules),
      places: fc.array(fc.nat(5), { minLength: lines.length, maxLength: lines.length }),
      wishes: fc.array(
        fc.record({
          quantity: fc.integer({ min: 1, max: 3 }),
          preferences: fc.shuffledSubarray(lines, { minLength: 1 }),
        }),
        { maxLength: 20 },
      ),
    })
  })

describe('the allotment', () => {
  test('it gives what ten plain lines give', () => {
    fc.assert(
      fc.property(ballots, ({ rules, places, wishes }) => {
        expect(allot(rules, places, wishes)).toEqual(reference(rules, places, wishes))
      }),
      { numRuns: 1000 },
    )
  })

  test('nobody is passed by for a line that would have been free at their turn, and no line gives more than it has', () => {
    fc.assert(
      fc.property(ballots, ({ rules, places, wishes }) => {
        const left = [...places]
        allot(rules, places, wishes).forEach((line, index) => {
          const { quantity, preferences } = wishes[index]!
          const mayHave = linesFor(rules, preferences)
          const before = line === null ? mayHave : mayHave.slice(0, mayHave.indexOf(line))
          for (const dearer of before) expect(left[dearer]).toBeLessThan(quantity)
          if (line !== null) left[line]! -= quantity
        })
        for (const count of left) expect(count).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: 500 },
    )
  })

  test('nobody is moved to a faster line, or to another course', () => {
    fc.assert(
      fc.property(ballots, ({ rules, places, wishes }) => {
        allot(rules, places, wishes).forEach((line, index) => {
          const { preferences } = wishes[index]!
          if (line === null || preferences.includes(line)) return
          expect(rules.moves).toBe('down')
          const named = preferences.filter((preference) => rules.courses[preference] === rules.courses[line])
          expect(named.length).toBeGreaterThan(0)
          expect(line).toBeGreaterThan(Math.max(...named))
        })
      }),
      { numRuns: 500 },
    )
  })

  test('an application gets the first of its wishes with room for all of it; smaller ones behind it go on', () => {
    const rules = { moves: 'none', courses: [null, null] } as const
    const wishes = [
      { quantity: 2, preferences: [0] },
      { quantity: 2, preferences: [0, 1] },
      { quantity: 3, preferences: [1] },
      { quantity: 1, preferences: [1, 0] },
    ]
    expect(allot(rules, [3, 3], wishes)).toEqual([0, 1, null, 1])
  })

  test('who is moved down goes to the next slower line below the slowest that was named', () => {
    const rules = { moves: 'down', courses: ['10K', '10K', '10K', 'Half'] } as const
    expect(linesFor(rules, [1])).toEqual([1, 2])
    expect(linesFor(rules, [1, 0])).toEqual([1, 0, 2])
    expect(linesFor(rules, [3, 0])).toEqual([3, 0, 1, 2])
    expect(linesFor({ ...rules, moves: 'none' }, [1])).toEqual([1])
  })
})
