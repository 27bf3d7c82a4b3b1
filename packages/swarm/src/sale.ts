import type { Client } from '@fairgate/contracts/client'
import {
  addSection,
  createEvent,
  createSale,
  getEvent,
  publishSale,
  type Section,
} from '@fairgate/contracts/http/catalog'
import { getLine } from '@fairgate/contracts/http/waiting-room'

/** A sale that is ready to be opened. */
export type PreparedSale = {
  eventId: string
  saleId: string
  lines: { id: string; name: string; sectionIds: string[]; places: number }[]
  capacity: number
  opensAt: number
}

export type SalePlan = {
  kind: 'concert' | 'race'
  name: string
  sections: SectionPlan[]
  /** Indexes into `sections`, a line each. */
  lines: { name: string; sections: number[]; shoppersMax: number; admitPerMinute: number }[]
  holdSeconds: number
  limitPerAccount: number
  /** Who joined before the opening is drawn, unless the order is that of arrival. */
  order?: 'draw' | 'arrival'
}

export type SectionPlan = {
  name: string
  price: number
  attributes?: Record<string, string>
  places: number
  seatsPerRow?: number
}

/** Creates, publishes and waits until every module has built its tables. */
export async function prepareSale(
  client: Client,
  accessToken: string,
  plan: SalePlan,
  options: { opensAt: () => number; sleep: (ms: number) => Promise<void>; now: () => number },
): Promise<PreparedSale> {
  const event = await client.call(createEvent, {
    body: {
      kind: plan.kind,
      name: plan.name,
      venue: 'Rehearsal',
      startsAt: new Date(options.now() + 30 * 24 * 3600_000).toISOString(),
      timeZone: 'Asia/Seoul',
      currency: 'KRW',
    },
    accessToken,
  })
  const sections: Section[] = []
  for (const section of plan.sections) {
    const common = {
      name: section.name,
      price: { amount: section.price, currency: 'KRW' as const },
      attributes: section.attributes ?? {},
    }
    const body = section.seatsPerRow
      ? { ...common, admission: 'reserved' as const, seats: rowsOf(section.places, section.seatsPerRow) }
      : { ...common, admission: 'open' as const, capacity: section.places }
    sections.push(await client.call(addSection, { params: { id: event.id }, body, accessToken }))
  }
  const opensAt = options.opensAt()
  const sale = await client.call(createSale, {
    params: { id: event.id },
    body: {
      method: 'queue',
      opensAt: new Date(opensAt).toISOString(),
      closesAt: new Date(opensAt + 3 * 3600_000).toISOString(),
      holdSeconds: plan.holdSeconds,
      limitPerAccount: plan.limitPerAccount,
      ...(plan.order ? { order: plan.order } : {}),
      lines: plan.lines.map((line) => ({
        name: line.name,
        sectionIds: line.sections.map((index) => sections[index]!.id),
        shoppersMax: line.shoppersMax,
        admitPerMinute: line.admitPerMinute,
      })),
    },
    accessToken,
  })
  await client.call(publishSale, { params: { id: sale.id }, accessToken })
  const deadline = options.now() + 60_000
  for (;;) {
    const { sales } = await client.call(getEvent, { params: { id: event.id }, accessToken })
    const current = sales.find((candidate) => candidate.id === sale.id)
    if (current?.readiness.inventory && current.readiness.waitingRoom) break
    if (options.now() > deadline) throw new Error('the sale was not ready a minute after it was published')
    await options.sleep(100)
  }
  for (const line of sale.lines) await client.call(getLine, { params: { id: line.id } })
  return {
    eventId: event.id,
    saleId: sale.id,
    lines: sale.lines.map((line, index) => ({
      id: line.id,
      name: line.name,
      sectionIds: line.sectionIds,
      places: plan.lines[index]!.sections.reduce((sum, section) => sum + plan.sections[section]!.places, 0),
    })),
    capacity: plan.sections.reduce((sum, section) => sum + section.places, 0),
    opensAt,
  }
}

/** The seats of a plain hall, as `addSection` takes them. */
export function rowsOf(places: number, seatsPerRow: number) {
  return Array.from({ length: places }, (_, i) => {
    const row = Math.floor(i / seatsPerRow)
    return { row: rowName(row), number: String((i % seatsPerRow) + 1), x: (i % seatsPerRow) - seatsPerRow / 2, y: row }
  })
}

/** 0 → A, 25 → Z, 26 → AA */
function rowName(index: number): string {
  const last = String.fromCharCode(65 + (index % 26))
  return index < 26 ? last : rowName(Math.floor(index / 26) - 1) + last
}
