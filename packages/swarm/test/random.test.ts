import { describe, expect, it } from 'vitest'
import { chance } from '../src/random.ts'
import type { PreparedSale } from '../src/sale.ts'
import { scenarios, splitPlaces, type Scenario, type ScenarioName } from '../src/scenarios.ts'

const options = { users: 300, places: 150, holdSeconds: 8, together: 0, pspFailures: 20 }

/** The sale of a scenario as a server would have prepared it. */
function saleOf(scenario: Scenario): PreparedSale {
  const plan = scenario.plan(options)
  const lines = plan.lines.map(({ name, sections }, i) => ({
    id: `lin_${i}`,
    name,
    sectionIds: sections.map((section) => `sec_${section}`),
    places: sections.reduce((sum, section) => sum + plan.sections[section]!.places, 0),
  }))
  return { eventId: 'evt_1', saleId: 'sal_1', lines, capacity: options.places, opensAt: 0 }
}

function crowdOf(name: ScenarioName, seed: number) {
  const scenario: Scenario = scenarios[name]
  const sale = saleOf(scenario)
  const root = chance(seed).fork(0)
  return Array.from({ length: options.users }, (_, person) => {
    const personChance = root.fork(person)
    const arrivesMs = scenario.arrivesMs(person, personChance, options)
    return { arrivesMs, ...scenario.intent(person, personChance, sale, options) }
  })
}

describe('chance', () => {
  it('is the same for the same seed, and another for another', () => {
    const first = (seed: number) => Array.from({ length: 20 }, chance(seed).unit)
    expect(first(7)).toEqual(first(7))
    expect(first(7)).not.toEqual(first(8))
  })

  it('gives a person the same choices whoever was asked before', () => {
    const root = chance(3)
    const alone = chance(3).fork(5).unit()
    root.fork(1).unit()
    root.fork(2).unit()
    expect(root.fork(5).unit()).toBe(alone)
  })

  it('stays between 0 and 1 and spreads evenly', () => {
    const one = chance(11)
    const tenths = Array.from({ length: 10 }, () => 0)
    for (let i = 0; i < 10_000; i++) tenths[one.index(10)]!++
    for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })
})

describe.each(Object.keys(scenarios) as ScenarioName[])('the crowd of %s', (name) => {
  it('is the same for the same seed, and another for another', () => {
    expect(crowdOf(name, 1)).toEqual(crowdOf(name, 1))
    expect(crowdOf(name, 1)).not.toEqual(crowdOf(name, 2))
  })

  it('finds as many places on sale as were asked for', () => {
    const plan = scenarios[name].plan(options)
    expect(plan.sections.reduce((sum, section) => sum + section.places, 0)).toBe(options.places)
    expect(plan.lines.flatMap(({ sections }) => sections).toSorted((a, b) => a - b)).toEqual(
      plan.sections.map((_, i) => i),
    )
  })
})

describe('bots', () => {
  it('are a fifth of the accounts, come first and do not think; people come in time or late', () => {
    const crowd = crowdOf('bots', 1)
    const macros = crowd.filter((one) => one.farm !== undefined)
    const people = crowd.filter((one) => one.farm === undefined)
    expect(macros).toHaveLength(options.users / 5)
    expect(macros.every((one) => one.arrivesMs === -Infinity && one.thinksMs === 0)).toBe(true)
    expect(people.every((one) => one.thinksMs > 0)).toBe(true)
    const early = people.filter((one) => one.arrivesMs < 0).length / people.length
    expect(early).toBeGreaterThan(0.9)
    expect(early).toBeLessThan(1)
  })

  it('meet a sale in the order that was asked for', () => {
    expect(scenarios.bots.plan(options).order).toBeUndefined()
    expect(scenarios.bots.plan({ ...options, order: 'arrival' }).order).toBe('arrival')
  })
})

describe('splitPlaces', () => {
  it.each([
    [10, 3, [4, 3, 3]],
    [9, 3, [3, 3, 3]],
    [2, 4, [1, 1, 0, 0]],
  ])('%i places in %i parts', (places, parts, expected) => {
    expect(splitPlaces(places, parts)).toEqual(expected)
  })
})
