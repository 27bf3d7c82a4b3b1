import { test } from 'vitest'
import {
  expectEveryOrder,
  expectOrdersEquallyLikely,
  expectPositionsEquallyLikely,
  expectSampledOrders,
} from '../draw-orders.ts'

// What takes a minute of a core; `npm test` proves the same for fewer orders.

test('every position from 1 to n is given exactly once, for every n from 0 to 5,000', () => expectEveryOrder(5000))

test('every position is given exactly once for sampled n to 10 million, keys and sizes by chance', () =>
  expectSampledOrders(60, [65_537, 1_048_577, 10_000_000]))

test.each([2, 3, 4, 5])('all orders of %i people are equally likely', (n) => expectOrdersEquallyLikely(n, 12_000))

test.each([10, 100, 1000])('every number of %i gets every position equally often', (n) =>
  expectPositionsEquallyLikely(n, 3000),
)
