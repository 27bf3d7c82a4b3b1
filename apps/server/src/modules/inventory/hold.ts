/** `held` also when its time is over but nobody has noticed yet: time decides, not the sweeper. */
export const holdStates = ['held', 'secured', 'sold', 'lapsed', 'released'] as const
export type HoldState = (typeof holdStates)[number]

/**
 * What may happen to a hold. `secure`, `secure-late`, `sell`, `return`, `release` and `release-sold` are asked by its
 * order, `drop` by its buyer, `lapse` by the clock.
 */
export const holdEvents = [
  'secure',
  'secure-late',
  'sell',
  'return',
  'release',
  'release-sold',
  'drop',
  'lapse',
] as const
export type HoldEvent = (typeof holdEvents)[number]

/**
 * - `claim`: becomes `secured` if each of its seats is its own, free or lapsed, and the limit allows it; else the answer is "lost"
 * - `yes`: it is so already, say it again
 * - `no`: refused, say so
 * - `sell`, `return`, `free`, `lapse`: becomes `sold`, `held`, `released`, `lapsed`
 * - `end`: becomes `released`; it has no seats any more
 * - `ignore`: nothing happens and nothing is said
 */
export type HoldOutcome = 'claim' | 'yes' | 'no' | 'sell' | 'return' | 'free' | 'end' | 'lapse' | 'ignore'

/** Every state meets every event: a new one of either does not compile until each cell is decided. */
export const holdTable: Record<HoldState, Record<HoldEvent, HoldOutcome>> = {
  held: {
    secure: 'claim',
    'secure-late': 'claim',
    sell: 'no',
    return: 'yes',
    release: 'free',
    'release-sold': 'free',
    drop: 'free',
    lapse: 'lapse',
  },
  secured: {
    secure: 'yes',
    'secure-late': 'yes',
    sell: 'sell',
    return: 'return',
    release: 'free',
    'release-sold': 'free',
    drop: 'no',
    lapse: 'ignore',
  },
  sold: {
    secure: 'yes',
    'secure-late': 'yes',
    sell: 'yes',
    return: 'ignore',
    release: 'ignore',
    'release-sold': 'free',
    drop: 'no',
    lapse: 'ignore',
  },
  lapsed: {
    secure: 'claim',
    'secure-late': 'claim',
    sell: 'no',
    return: 'yes',
    release: 'end',
    'release-sold': 'end',
    drop: 'end',
    lapse: 'ignore',
  },
  released: {
    secure: 'no',
    'secure-late': 'claim',
    sell: 'no',
    return: 'yes',
    release: 'ignore',
    'release-sold': 'ignore',
    drop: 'yes',
    lapse: 'ignore',
  },
}
