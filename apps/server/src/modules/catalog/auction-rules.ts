import type { Body } from '@fairgate/contracts/http/route'
import type { createSale } from '@fairgate/contracts/http/catalog'
import type { AuctionFacts, LotFacts } from '@fairgate/contracts/events'
import type { Section } from '@fairgate/contracts/http/catalog'
import { money } from '@fairgate/contracts/money'
import { seatOrder } from '@fairgate/contracts/seat-order'
import type { StoredEvent } from './catalog-store.ts'
import type { Fault } from './faults.ts'
import type { Seat } from './seat-plan.ts'

type Asked = NonNullable<Body<typeof createSale>['auction']>

/** Bidding ends so long before the event, unless the organiser says otherwise: winners still have to pay and to come. */
const endsBeforeMs = 3600_000
const bidsMax = 3
/** A message carries the seats of a lot: 2,000 are about 80 kB. */
const lotSeatsMax = 2000

/** What was asked for, with the defaults filled in. */
export const auctionOf = (asked: Asked, event: Pick<StoredEvent, 'startsAt' | 'currency'>): AuctionFacts => ({
  endsAt: new Date(
    asked.endsAt === undefined ? event.startsAt.getTime() - endsBeforeMs : Date.parse(asked.endsAt),
  ).toISOString(),
  payBySeconds: asked.payBySeconds,
  bidsMax: asked.bidsMax ?? bidsMax,
  step: typeof asked.step === 'number' ? money(asked.step, event.currency) : asked.step,
  ...(asked.softClose ? { softClose: asked.softClose } : {}),
  leftOver: asked.leftOver ?? 'organiser',
})

/** Every fault of what a sale says of its auction. */
export function auctionFaults(body: Body<typeof createSale>, event: StoredEvent): Fault[] {
  if (body.method !== 'auction')
    return body.auction ? [{ pointer: '#/auction', detail: 'goes with the method auction only' }] : []
  if (!body.auction) return [{ pointer: '#/auction', detail: 'is needed for an auction' }]
  const faults: Fault[] = []
  const at = (pointer: string, detail: string) => faults.push({ pointer: `#${pointer}`, detail })
  if (body.auction.endsAt !== undefined && Number.isNaN(Date.parse(body.auction.endsAt))) {
    at('/auction/endsAt', 'is not a moment')
    return faults
  }
  const { endsAt, payBySeconds, step, softClose } = auctionOf(body.auction, event)
  if (Date.parse(endsAt) <= Date.parse(body.opensAt)) at('/auction/endsAt', 'must be after opensAt')
  const latestMs = Date.parse(endsAt) + (softClose?.extendSecondsMax ?? 0) * 1000
  if (latestMs + payBySeconds * 1000 > Date.parse(body.closesAt))
    at('/closesAt', 'must leave payBySeconds after the latest end of the bids')
  if (body.holdSeconds > payBySeconds) at('/auction/payBySeconds', 'must be at least holdSeconds')
  if (softClose && softClose.extendSeconds > softClose.extendSecondsMax)
    at('/auction/softClose/extendSecondsMax', 'must be at least extendSeconds')
  if (step.amount < 1) at('/auction/step', 'must be at least 1')
  if (step.currency !== event.currency) at('/auction/step', `must be in ${event.currency}`)
  if (body.limitPerAccount < body.lines.length)
    at('/limitPerAccount', 'must be at least the number of lots: an account may win in each')
  body.lines.forEach((line, index) => {
    const pointer = `/lines/${index}/sectionIds`
    if (line.sectionIds.length !== 1) at(pointer, 'must be one section, whose seats are the lot')
    const capacity = event.sections.find((section) => section.id === line.sectionIds[0])?.capacity ?? 0
    if (capacity > lotSeatsMax) at(pointer, `has ${capacity} seats, and a lot may have ${lotSeatsMax}`)
  })
  return faults
}

/** A lot as the other modules know it. @param seats  of a reserved section, in the order of its plan */
export const lotOf = (lotId: string, section: Section, seats: readonly Seat[] | undefined): LotFacts => ({
  id: lotId,
  lineId: lotId,
  sectionId: section.id,
  startPrice: section.price,
  seats: seats
    ? seatOrder(
        seats.map(({ label, x, y, accessible, restrictedView = false }, index) => ({
          number: index + 1,
          label,
          x,
          y,
          accessible,
          restrictedView,
        })),
        section.focalPoint,
      ).map(({ number, label }) => ({ number, label }))
    : Array.from({ length: section.capacity }, (_, index) => ({ number: index + 1, label: String(index + 1) })),
})
