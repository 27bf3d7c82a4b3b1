import type { Body } from '@fairgate/contracts/http/route'
import type { createEvent, editEvent } from '@fairgate/contracts/http/catalog'
import type { Fees } from '@fairgate/contracts/money'
import { refundLadderFaults, type RefundLadder } from '@fairgate/contracts/refund-ladder'
import { tidy } from '@fairgate/contracts/plans/text'
import { textFault, type Fault } from './faults.ts'

/** What an organiser says of an event. */
export type EventMembers = Required<Omit<Body<typeof createEvent>, 'startsAt' | 'refunds'>> & {
  startsAt: Date
  refunds: RefundLadder | null
}

/** Members that stand still once a sale of the event is published: buyers and other modules plan by them. */
export const frozenMembers = ['kind', 'startsAt', 'timeZone', 'currency', 'fees', 'refunds'] as const

/** Whether there is anything to say of them. */
export const hasFees = ({ perTicket, basisPoints }: Fees): boolean => perTicket > 0 || basisPoints > 0

/**
 * Tidies what was given and finds every fault in it.
 * @param now  epoch milliseconds: an event starts later
 */
export function checkEvent(
  given: Body<typeof editEvent>,
  now: number,
): { members: Partial<EventMembers>; faults: Fault[] } {
  const faults: Fault[] = []
  const members: Partial<EventMembers> = {}

  for (const name of ['name', 'venue', 'region', 'description'] as const) {
    const text = given[name]
    if (text === undefined) continue
    const tidied = tidy(text)
    members[name] = tidied
    const mayBeEmpty = name === 'region' || name === 'description'
    const fault =
      tidied === '' && !mayBeEmpty ? 'is empty' : textFault(tidied, name === 'description' ? { multiline: true } : {})
    if (fault) faults.push({ pointer: `#/${name}`, detail: fault })
  }
  if (given.kind !== undefined) members.kind = given.kind
  if (given.currency !== undefined) members.currency = given.currency
  if (given.fees !== undefined) members.fees = given.fees
  if (given.refunds !== undefined) members.refunds = given.refunds
  if (given.timeZone !== undefined) {
    members.timeZone = given.timeZone
    if (!isTimeZone(given.timeZone))
      faults.push({ pointer: '#/timeZone', detail: 'is not an IANA time zone such as Asia/Seoul' })
  }
  if (given.startsAt !== undefined) {
    members.startsAt = new Date(given.startsAt)
    if (Number.isNaN(members.startsAt.getTime())) faults.push({ pointer: '#/startsAt', detail: 'is not a moment' })
    else if (members.startsAt.getTime() <= now) faults.push({ pointer: '#/startsAt', detail: 'is in the past' })
  }
  return { members, faults }
}

/** What is wrong with what buyers get back, counted from when and where the event begins. */
export function refundFaults({ refunds, startsAt, timeZone }: Partial<EventMembers>): Fault[] {
  if (!refunds || !startsAt || Number.isNaN(startsAt.getTime()) || !timeZone || !isTimeZone(timeZone)) return []
  return refundLadderFaults(refunds, { startsAt: startsAt.toISOString(), timeZone }).map(({ pointer, detail }) => ({
    pointer: `#/refunds${pointer}`,
    detail,
  }))
}

/** A name of the IANA database that this runtime knows. `+09:00` is understood by Intl too, but is no zone. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    // The only way Intl has to say that it does not know a zone.
    return false
  }
}
