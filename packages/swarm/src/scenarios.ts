import type { Intent } from './buyer.ts'
import { drawCard, type Card } from './cards.ts'
import type { Chance } from './random.ts'
import type { PreparedSale, SalePlan } from './sale.ts'

export type ScenarioOptions = {
  users: number
  places: number
  holdSeconds: number
  together: number
  pspFailures: number
  order?: 'draw' | 'arrival'
}

/** A kind of rush: what is on sale, and what each person wants. */
export type Scenario = {
  about: string
  /** Fewer places would leave a section without any. */
  placesMin?: number
  holdSeconds: number
  /** From the publishing, when people may join, to the opening. */
  gatherMs: number
  /** How often the sale is held with the same crowd, for figures that depend on luck. */
  rounds: number
  plan(options: ScenarioOptions): SalePlan
  intent(person: number, chance: Chance, sale: PreparedSale, options: ScenarioOptions): Intent
  /** When a person comes, in ms from the opening; negative is before it. */
  arrivesMs(person: number, chance: Chance, options: ScenarioOptions): number
  isMacro(person: number): boolean
}

const noMacros = { gatherMs: 6000, rounds: 1, isMacro: () => false } as const
/** Somebody who knows what to do and does it at once. */
const quick = { thinksMs: 0, farm: undefined } as const

const concertPlan = ({ users, places, holdSeconds, together }: ScenarioOptions): SalePlan => ({
  kind: 'concert',
  name: 'Rehearsal concert',
  sections: splitPlaces(places, Math.max(1, Math.min(4, Math.floor(places / 50)))).map((count, i) => ({
    name: `Block ${String.fromCharCode(65 + i)}`,
    price: 99_000 - i * 11_000,
    places: count,
    seatsPerRow: 25,
  })),
  lines: [
    {
      name: 'All blocks',
      sections: splitPlaces(places, Math.max(1, Math.min(4, Math.floor(places / 50)))).map((_, i) => i),
      shoppersMax: Math.max(50, Math.min(500, users)),
      admitPerMinute: 60_000,
    },
  ],
  holdSeconds,
  limitPerAccount: Math.max(4, together),
})

const courses = ['5K', '10K', 'Half']
const paces = ['4:00-4:59', '5:00-5:59', '6:00-6:59', '7:00-7:59', 'Walk']
/** The two groups that 70 % of the people want, with 40 % of the places. */
const hotLines = [6, 7]

const racePlan = ({ places, holdSeconds }: ScenarioOptions): SalePlan => {
  const hotShare = splitPlaces(Math.round(places * 0.4), hotLines.length)
  const coldShare = splitPlaces(places - Math.round(places * 0.4), 15 - hotLines.length)
  const sections = courses.flatMap((course) =>
    paces.map((pace) => ({ name: `${course} ${pace}`, price: 40_000, attributes: { course, pace }, places: 0 })),
  )
  sections.forEach((section, i) => {
    section.places = hotLines.includes(i) ? hotShare.pop()! : coldShare.pop()!
  })
  return {
    kind: 'race',
    name: 'Rehearsal race',
    sections,
    lines: sections.map((section, i) => ({
      name: section.name,
      sections: [i],
      shoppersMax: 100,
      admitPerMinute: 30_000,
    })),
    holdSeconds,
    limitPerAccount: 1,
  }
}

/** Half come before the opening, half in the seconds after it. */
const rush = (_person: number, chance: Chance): number =>
  chance.unit() < 0.5 ? -4000 + 3500 * chance.unit() : 4000 * chance.unit() ** 2

const wholeLine = (sale: PreparedSale, index: number) => ({
  lineId: sale.lines[index]!.id,
  sectionIds: sale.lines[index]!.sectionIds,
})

const paymentOf = (chance: Chance, { pspFailures }: ScenarioOptions): Card => drawCard(chance, pspFailures)

/** Every fifth account. */
const isMacro = (person: number): boolean => person % 5 === 0
/** Accounts, macros and people, whose macros one operator runs. */
const farmSize = 500

/** Forty-nine in fifty come while the line gathers, the others in the seconds after the opening. */
const comesWhenPossible = (chance: Chance): number =>
  chance.unit() < 0.98 ? -8500 + 8000 * chance.unit() : 4000 * chance.unit()

export const scenarios = {
  concert: {
    about: 'reserved seats; each person wants two of their own choice, or several side by side with --together',
    holdSeconds: 300,
    ...noMacros,
    plan: concertPlan,
    intent: (_person, chance, sale, options) => ({
      ...wholeLine(sale, 0),
      seats: options.together || 2,
      admission: 'reserved',
      together: options.together > 0,
      abandons: false,
      payment: paymentOf(chance, options),
      ...quick,
    }),
    arrivesMs: rush,
  },
  race: {
    about:
      '15 lines: three courses by five pace groups; 70 % of the people want two of them, which have 40 % of the places; who finds nothing left takes another',
    placesMin: 22,
    holdSeconds: 300,
    ...noMacros,
    plan: racePlan,
    intent: (_person, chance, sale, options) => {
      const cold = sale.lines.map((_, i) => i).filter((i) => !hotLines.includes(i))
      return {
        ...wholeLine(sale, chance.unit() < 0.7 ? chance.pick(hotLines) : chance.pick(cold)),
        orElse: sale,
        seats: 1,
        admission: 'open',
        together: false,
        abandons: false,
        payment: paymentOf(chance, options),
        ...quick,
      }
    },
    arrivesMs: rush,
  },
  'two-wave': {
    about: 'of the first wave 30 % hold a place and leave; after the hold time a second wave takes what came back',
    holdSeconds: 8,
    ...noMacros,
    plan: ({ places, holdSeconds }) => ({
      kind: 'race',
      name: 'Rehearsal in two waves',
      sections: [{ name: '10K', price: 40_000, attributes: { course: '10K', pace: 'all' }, places }],
      lines: [{ name: '10K', sections: [0], shoppersMax: 400, admitPerMinute: 60_000 }],
      holdSeconds,
      limitPerAccount: 1,
    }),
    intent: (person, chance, sale, options) => ({
      ...wholeLine(sale, 0),
      seats: 1,
      admission: 'open',
      together: false,
      abandons: !isSecondWave(person, options) && chance.unit() < 0.3,
      payment: paymentOf(chance, options),
      ...quick,
    }),
    arrivesMs: (person, chance, options) =>
      rush(person, chance) + (isSecondWave(person, options) ? (options.holdSeconds + 4) * 1000 : 0),
  },
  bots: {
    about:
      'a fifth are macros: they join in the first instant, look ten times a second and answer at once; people come when they can and think',
    holdSeconds: 300,
    gatherMs: 10_000,
    rounds: 5,
    plan: ({ places, holdSeconds, order }) => ({
      kind: 'concert',
      name: 'Rehearsal with bots',
      sections: [{ name: 'Floor', price: 77_000, places }],
      // Few at a time, so that being quick inside decides over few seats only.
      lines: [
        { name: 'Floor', sections: [0], shoppersMax: Math.max(10, Math.round(places / 5)), admitPerMinute: 60_000 },
      ],
      holdSeconds,
      limitPerAccount: 1,
      ...(order ? { order } : {}),
    }),
    intent: (person, chance, sale, options) => ({
      ...wholeLine(sale, 0),
      seats: 1,
      admission: 'open',
      together: false,
      abandons: false,
      payment: paymentOf(chance, options),
      ...(isMacro(person)
        ? { thinksMs: 0, farm: Math.floor(person / farmSize) }
        : { thinksMs: 200 + 1000 * chance.unit(), farm: undefined }),
    }),
    arrivesMs: (person, chance) => (isMacro(person) ? -Infinity : comesWhenPossible(chance)),
    isMacro,
  },
} satisfies Record<string, Scenario>

export type ScenarioName = keyof typeof scenarios

/** The last third of the people. */
const isSecondWave = (person: number, { users }: ScenarioOptions): boolean => person >= Math.floor((users * 2) / 3)

/** As evenly as whole numbers allow: 10 in 3 → 4, 3, 3. */
export function splitPlaces(places: number, parts: number): number[] {
  return Array.from({ length: parts }, (_, i) => Math.floor(places / parts) + (i < places % parts ? 1 : 0))
}
