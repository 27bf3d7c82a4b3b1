import { AggregatorRegistry, Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

type Labels = Record<string, string>

/** Prometheus metrics of one process. Labels come from closed sets: never an id of a person, an order or an event. */
export type Metrics = {
  counter(name: string, help: string, labels?: readonly string[]): { add(labels: Labels, by?: number): void }
  /** @param across  of several processes: their sum, or, of what each reads from the database, the largest */
  gauge(
    name: string,
    help: string,
    labels?: readonly string[],
    across?: 'sum' | 'max',
  ): { set(labels: Labels, value: number): void }
  histogram(
    name: string,
    help: string,
    labels: readonly string[],
    buckets: readonly number[],
  ): { observe(labels: Labels, value: number): void }
  text(): Promise<string>
  /** The values as `textOfAll` takes them from several processes. */
  values(): Promise<unknown>
  readonly contentType: string
  /** What has been registered so far, for the reference page. */
  definitions(): { name: string; help: string; type: string; labels: readonly string[] }[]
}

export function createMetrics({ processMetrics }: { processMetrics: boolean }): Metrics {
  const registry = new Registry()
  if (processMetrics) collectDefaultMetrics({ register: registry })
  const once = <M>(name: string, make: () => M): M => (registry.getSingleMetric(name) as M | undefined) ?? make()

  return {
    counter(name, help, labels = []) {
      const metric = once(name, () => new Counter({ name, help, labelNames: [...labels], registers: [registry] }))
      return { add: (values, by = 1) => metric.inc(values, by) }
    },
    gauge(name, help, labels = [], across = 'max') {
      const metric = once(
        name,
        () => new Gauge({ name, help, labelNames: [...labels], registers: [registry], aggregator: across }),
      )
      return { set: (values, value) => metric.set(values, value) }
    },
    histogram(name, help, labels, buckets) {
      const metric = once(
        name,
        () => new Histogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers: [registry] }),
      )
      return { observe: (values, value) => metric.observe(values, value) }
    },
    text: () => registry.metrics(),
    values: () => registry.getMetricsAsJSON(),
    definitions() {
      const all = registry.getMetricsAsArray() as unknown as {
        name: string
        help: string
        type: string
        labelNames: string[]
      }[]
      return all.map(({ name, help, type, labelNames }) => ({ name, help, type, labels: labelNames }))
    },
    contentType: registry.contentType,
  }
}

/** The metrics of several processes as one text: counters and histograms added up. */
export const textOfAll = (values: readonly unknown[]): Promise<string> =>
  AggregatorRegistry.aggregate(values as Parameters<typeof AggregatorRegistry.aggregate>[0]).metrics()
