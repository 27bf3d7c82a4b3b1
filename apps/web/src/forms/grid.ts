import { currencyDigits, type Currency } from '@fairgate/contracts/money'

export type GridSection = { name: string; course: string; pace: string; amount: number; capacity: number }

/** An amount as people write it, in minor units: `55,000`, `12.50`. Undefined when it is no price of the currency. */
export function parsePrice(text: string, currency: Currency): number | undefined {
  const digits = currencyDigits[currency]
  const plain = text.trim().replaceAll(',', '').replaceAll(' ', '')
  if (!/^\d+(\.\d+)?$/.test(plain)) return undefined
  const [whole = '', part = ''] = plain.split('.')
  if (part.length > digits) return undefined
  return Number(whole + part.padEnd(digits, '0'))
}

/** The reverse of `parsePrice`: `12.50`. */
export function priceText(amount: number, currency: Currency): string {
  const digits = currencyDigits[currency]
  return (amount / 10 ** digits).toFixed(digits)
}

/** A percentage up to 50 as people write it, with two decimals at most, in hundredths of a percent. */
export function basisPointsOf(text: string): number | undefined {
  const plain = text.trim().replace(/%$/, '').trim()
  if (plain === '') return 0
  if (!/^\d{1,2}(\.\d{1,2})?$/.test(plain)) return undefined
  const points = Math.round(Number(plain) * 100)
  return points <= 5000 ? points : undefined
}

/** Lines of `name, value`: the value is what follows the first comma. */
function pairs(text: string): { name: string; value: string; line: number }[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return []
    const comma = line.indexOf(',')
    return [
      {
        name: (comma < 0 ? line : line.slice(0, comma)).trim(),
        value: comma < 0 ? '' : line.slice(comma + 1).trim(),
        line: index + 1,
      },
    ]
  })
}

/** Every course with every pace group, as sections. A fault is the number of its line. */
export function gridSections(
  coursesText: string,
  pacesText: string,
  currency: Currency,
): { sections: GridSection[]; courseFault?: number; paceFault?: number } {
  const courses = pairs(coursesText).map(({ name, value, line }) => ({
    name,
    amount: parsePrice(value, currency),
    line,
  }))
  const paces = pairs(pacesText).map(({ name, value, line }) => ({ name, capacity: Number(value), line }))
  const badCourse = courses.find(({ name, amount }) => !name || amount === undefined)
  const badPace = paces.find(
    ({ name, capacity }) => !name || !Number.isInteger(capacity) || capacity < 1 || capacity > 200_000,
  )
  if (badCourse || badPace || courses.length === 0 || paces.length === 0) {
    return {
      sections: [],
      ...(badCourse || courses.length === 0 ? { courseFault: badCourse ? badCourse.line : 1 } : {}),
      ...(badPace || paces.length === 0 ? { paceFault: badPace ? badPace.line : 1 } : {}),
    }
  }
  return {
    sections: courses.flatMap((course) =>
      paces.map((pace) => ({
        name: `${course.name} · ${pace.name}`,
        course: course.name,
        pace: pace.name,
        amount: course.amount ?? 0,
        capacity: pace.capacity,
      })),
    ),
  }
}
