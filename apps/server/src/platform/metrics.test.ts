import { expect, test } from 'vitest'
import { createMetrics } from './metrics.ts'

test('asking twice for a metric gives the same one, and labels are kept apart', async () => {
  const metrics = createMetrics({ processMetrics: false })
  metrics.counter('fairgate_things_total', 'Things', ['kind']).add({ kind: 'a' })
  metrics.counter('fairgate_things_total', 'Things', ['kind']).add({ kind: 'a' }, 2)
  metrics.counter('fairgate_things_total', 'Things', ['kind']).add({ kind: 'b' })
  metrics.gauge('fairgate_waiting', 'Waiting').set({}, 7)
  metrics.histogram('fairgate_seconds', 'Time', [], [0.1, 1]).observe({}, 0.5)
  const text = await metrics.text()
  expect(text).toContain('fairgate_things_total{kind="a"} 3')
  expect(text).toContain('fairgate_things_total{kind="b"} 1')
  expect(text).toContain('fairgate_waiting 7')
  expect(text).toContain('fairgate_seconds_bucket{le="0.1"} 0')
  expect(text).toContain('fairgate_seconds_bucket{le="1"} 1')
  expect(metrics.contentType).toContain('text/plain')
})

test('two servers in one process do not share their figures', async () => {
  const [one, two] = [createMetrics({ processMetrics: true }), createMetrics({ processMetrics: false })]
  one.counter('fairgate_things_total', 'Things').add({})
  expect(await one.text()).toContain('nodejs_eventloop_lag')
  expect(await two.text()).not.toContain('fairgate_things_total')
})

test('a label that was not announced is an error, not a new series', () => {
  const metrics = createMetrics({ processMetrics: false })
  expect(() => metrics.counter('fairgate_things_total', 'Things', ['kind']).add({ account: 'acc_1' })).toThrow(
    'account',
  )
})
