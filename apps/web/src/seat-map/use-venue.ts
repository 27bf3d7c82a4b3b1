import { useMemo, useState } from 'react'
import type { EventDocument, Section } from '@fairgate/contracts/http/catalog'
import { formatMoney } from '@fairgate/contracts/money'
import type { SeatPictures } from '@fairgate/contracts/seat-picture'
import { useApp } from '../app.tsx'
import { useDrawing, useGeometries } from '../api/queries.ts'
import { localeOf } from '../i18n/dates.ts'
import { stateOf, tierOf } from './seats.ts'
import { layOutVenue, needsSeats, type Venue } from './venue.ts'

export const stateWords = { free: 'seatFree', held: 'seatHeld', sold: 'seatSold', blocked: 'seatBlocked' } as const

/** The venue of these sections, with the seats that are needed so far. */
export function useVenue(
  event: Pick<EventDocument, 'id' | 'planUrl'>,
  sections: readonly Section[],
  wantsAll: boolean,
) {
  const [asked, setAsked] = useState<ReadonlySet<string>>(new Set())
  const drawing = useDrawing(event)
  const isDrawn = event.planUrl === undefined || !drawing.isPending
  const needed = sections.filter(
    (section) =>
      section.admission === 'reserved' &&
      isDrawn &&
      (wantsAll || asked.has(section.id) || needsSeats(section, drawing.data)),
  )
  const geometries = useGeometries(needed)
  const found = geometries.data
  const prices = sections.map(({ price }) => price.amount)
  const priceList = prices.join()
  const venue = useMemo<Venue>(() => {
    const amounts = priceList.split(',').map(Number)
    const items = sections.map((section) => ({
      section,
      tier: tierOf(section.price.amount, amounts),
      seats: found.get(section.id),
    }))
    return layOutVenue({ sections: items, drawing: drawing.data })
  }, [sections, found, drawing.data, priceList])
  const isReady = isDrawn && sections.every((section) => !needsSeats(section, drawing.data) || found.has(section.id))
  return {
    venue,
    isReady,
    error: geometries.error,
    retry: geometries.retry,
    need(sectionIds: readonly string[]): void {
      setAsked((last) => (sectionIds.every((id) => last.has(id)) ? last : new Set([...last, ...sectionIds])))
    },
  }
}

/** What is said of seats and sections, the same in the map, the list and for a screen reader. */
export function useDescriptions(
  venue: Venue,
  pictures: SeatPictures,
  isMine: (sectionId: string, seat: number) => boolean,
) {
  const { t, lang } = useApp()
  const locale = localeOf(lang)
  return {
    describeSeat(sectionId: string, index: number): string {
      const section = venue.byId.get(sectionId)
      const seat = section?.seats?.[index]
      if (!section || !seat) return ''
      const state = isMine(sectionId, index) ? 'seatMine' : stateWords[stateOf(pictures.get(sectionId)?.status, index)]
      return [
        seat.label,
        t.shop[state],
        venue.sections.length > 1 ? section.section.name : '',
        formatMoney(section.section.price, locale),
        seat.accessible ? t.shop.accessible : '',
        seat.companionOf ? t.shop.companion : '',
        seat.restrictedView ? t.shop.restrictedView : '',
      ]
        .filter(Boolean)
        .join(', ')
    },
    describeSection(sectionId: string): string {
      const section = venue.byId.get(sectionId)?.section
      if (!section) return ''
      const free = pictures.get(sectionId)?.free
      const left = free === undefined ? '' : free === 0 ? t.shop.none : t.shop.left(free)
      return [section.name, formatMoney(section.price, locale), left].filter(Boolean).join(', ')
    },
  }
}
