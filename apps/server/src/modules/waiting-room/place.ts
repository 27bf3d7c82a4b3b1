import type { ErrorCode } from '@fairgate/contracts/errors'

/** `waiting` and `admitted` places are live: an account has at most one of them in a sale. */
export type PlaceState = 'waiting' | 'admitted' | 'used' | 'lapsed' | 'left'
/** `claim` a pass, `miss` one's call, `leave` of one's own accord, `finish`: the pass ran out or its order was fulfilled. */
export type PlaceEvent = 'claim' | 'miss' | 'leave' | 'finish'

type Outcome = { to: PlaceState } | 'same' | ErrorCode

const to = (state: PlaceState): Outcome => ({ to: state })

export const transitions: Readonly<Record<PlaceState, Readonly<Record<PlaceEvent, Outcome>>>> = {
  waiting: { claim: to('admitted'), miss: to('lapsed'), leave: to('left'), finish: 'same' },
  admitted: { claim: 'same', miss: 'same', leave: to('used'), finish: to('used') },
  used: { claim: 'waiting-room.pass-used', miss: 'same', leave: 'same', finish: 'same' },
  lapsed: { claim: 'waiting-room.lapsed', miss: 'same', leave: 'same', finish: 'same' },
  left: { claim: 'waiting-room.pass-used', miss: 'same', leave: 'same', finish: 'same' },
}

export type Place = {
  lineId: string
  number: number
  id: string
  saleId: string
  accountId: string
  joinedAt: Date
  state: PlaceState
}

export type Pass = { id: string; expiresAt: Date; endedAt: Date | null }

/** Positions called together, while and after they may claim. */
export type Call = { calledAt: Date; lapsedAt: Date | null }

export const isPassLive = (pass: Pass, now: number): boolean => pass.endedAt === null && pass.expiresAt.getTime() > now

export const hasLapsed = (call: Call, now: number, windowMs: number): boolean =>
  call.lapsedAt !== null || now >= call.calledAt.getTime() + windowMs

/** What time alone has done to a live place: its pass ran out, or its call was missed. */
export function dueEvent(
  place: Pick<Place, 'state'>,
  pass: Pass | undefined,
  call: Call | undefined,
  now: number,
  windowMs: number,
): 'finish' | 'miss' | undefined {
  if (place.state === 'admitted' && (!pass || !isPassLive(pass, now))) return 'finish'
  if (place.state === 'waiting' && call && hasLapsed(call, now, windowMs)) return 'miss'
  return undefined
}
