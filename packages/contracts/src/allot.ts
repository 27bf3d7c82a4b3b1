/**
 * How the places of a ballot are given out, `docs/concepts/fairness.md`: applications are taken in the order of the draw;
 * each gets the first line of its wishes that has all of its places left, or nothing. The server and whoever checks it
 * use this same program.
 */
export const ballotMoves = ['none', 'down'] as const
export type BallotMoves = (typeof ballotMoves)[number]

export type BallotRules = {
  moves: BallotMoves
  /** The course of each line, in the order of the sale. Lines of one course are listed from fast to slow. */
  courses: readonly (string | null)[]
}

/** `preferences` are indices of lines, the dearest first. */
export type Wish = { quantity: number; preferences: readonly number[] }

/**
 * The lines that an application may get, in order: its preferences; then, where people may be moved down, the lines of
 * each course it named that are slower than the slowest it named there. Nobody is ever moved to a faster one.
 */
export function linesFor({ moves, courses }: BallotRules, preferences: readonly number[]): number[] {
  if (moves === 'none') return [...preferences]
  const slowest = new Map<string, number>()
  for (const line of preferences) {
    const course = courses[line]
    if (course) slowest.set(course, Math.max(line, slowest.get(course) ?? -1))
  }
  const below = [...slowest].flatMap(([course, from]) =>
    courses.flatMap((other, line) => (other === course && line > from ? [line] : [])),
  )
  return [...preferences, ...below]
}

/** @param places  left in each line; the array is not changed */
export function createAllotment(rules: BallotRules, places: readonly number[]) {
  const left = [...places]
  return {
    /** The line that the next application in the order of the draw gets, or null: then it is passed by and stays in reserve. */
    give({ quantity, preferences }: Wish): number | null {
      const line = linesFor(rules, preferences).find((candidate) => left[candidate]! >= quantity)
      if (line === undefined) return null
      left[line]! -= quantity
      return line
    },
    left: (): readonly number[] => left,
    /** Nothing is left that anybody could get. */
    isOver: (): boolean => left.every((count) => count <= 0),
  }
}

/** The whole outcome. @param wishes  in the order of the draw. @returns the line of each, or null */
export function allot(rules: BallotRules, places: readonly number[], wishes: readonly Wish[]): (number | null)[] {
  const allotment = createAllotment(rules, places)
  return wishes.map((wish) => allotment.give(wish))
}
