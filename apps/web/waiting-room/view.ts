import { expectedWait, isUnlikely, wholeMinutes } from '@fairgate/contracts/wait'
import { aheadOf, mayChooseAnother, otherLineOf, type RoomState } from './room.ts'
import type { Texts } from './en.ts'

/** `move-here`: the place moves from another line; `start-anew`: it is given up there for a new one at the end here. */
export type Press = 'join-again' | 'move-here' | 'start-anew'
export type Action = { label: string; quiet?: true } & ({ href: string } | { press: Press })

export type View = {
  /** Changes when the person must be told; the heading takes the focus when `takesFocus`. */
  key: string
  heading: string
  lead: string
  /** Epoch milliseconds on the server's clock that the countdown runs to. */
  countdownTo?: number
  countdownLabel?: string
  ahead?: number
  /** 0 to 1 */
  progress?: number
  warning?: string
  actions: Action[]
  facts: { label: string; value: string }[]
  note?: string
  /** Other lines of the sale that this person may want. */
  others?: { title: string; isOpen: boolean; items: { label: string; note: string; href: string }[] }
  takesFocus?: true
  goesIn?: true
}

/** What a person sees in a state. No time of day in here: the countdown is drawn by the clock. */
export function viewOf(state: RoomState, t: Texts): View {
  const others = othersOf(state, t)
  return { ...ownView(state, t), ...(others ? { others } : {}) }
}

/** What else there is: while a place may move any line that gathers, otherwise those with something left. */
function othersOf(state: RoomState, t: Texts): View['others'] {
  const { document, lineId, others } = state
  if (!document || !others || !mayChooseAnother(state) || state.ended) return undefined
  const mayMove = document.phase === 'gathering'
  const open = others.filter(({ phase, free }) =>
    mayMove ? phase === 'gathering' : free > 0 && (phase === 'open' || phase === 'paused'),
  )
  if (open.length === 0 || (mayMove && !state.place)) return undefined
  const from = mayMove ? `?from=${encodeURIComponent(lineId)}` : ''
  return {
    title: mayMove ? t.changeLine : t.stillOpen,
    isOpen: !mayMove,
    items: open.map(({ id, name, free, waiting }) => ({
      label: name,
      note: t.otherNote(free, waiting),
      href: `/wait/${encodeURIComponent(id)}${from}`,
    })),
  }
}

function ownView(state: RoomState, t: Texts): View {
  const { document, lineId, who, place } = state
  const here = encodeURIComponent(`/wait/${lineId}`)
  const browse: Action = { label: t.allEvents, href: '/', quiet: true }

  if (state.missing) return { key: 'missing', heading: t.notFound, lead: t.notFoundLead, actions: [browse], facts: [] }
  if (!document || who === 'unknown')
    return { key: 'loading', heading: t.loading, lead: t.loadingLead, actions: [], facts: [] }

  const toEvent: Action = { label: t.thisEvent, href: `/events/${document.eventId}`, quiet: true }
  // Whose code opens places that are set aside need not wait.
  const haveCode: Action = { label: t.haveCode, href: `/events/${document.eventId}/code`, quiet: true }
  const stock = [
    { label: t.stockFree, value: t.number(document.stock.free) },
    { label: t.stockHeld, value: t.number(document.stock.held) },
  ]
  const beforeOpening = document.phase === 'scheduled' || document.phase === 'gathering'
  const opening = beforeOpening ? { countdownTo: Date.parse(document.opensAt), countdownLabel: t.opensIn } : {}
  const crowd = { label: t.arrivals, value: t.number(document.arrivals) }

  const hasOtherSales = state.event?.sales.some(
    ({ id, state: stage, closesAt }) =>
      id !== document.saleId && stage === 'published' && Date.parse(closesAt) > Date.parse(document.serverTime),
  )
  const elsewhere: Action[] = hasOtherSales
    ? [
        { label: t.otherSales, href: `/events/${document.eventId}` },
        { label: t.soldOutOther, href: '/', quiet: true },
      ]
    : [{ label: t.soldOutOther, href: '/' }, toEvent]

  if (state.pass) {
    return {
      key: 'inside',
      heading: state.justCalled ? t.called : t.inside,
      lead: state.justCalled ? t.calledLead : t.insideLead,
      countdownTo: Date.parse(state.pass.expiresAt),
      countdownLabel: t.passFor,
      actions: [{ label: t.goIn, href: `/lines/${lineId}/shop` }],
      facts: stock,
      takesFocus: true,
      ...(state.justCalled ? { goesIn: true } : {}),
    }
  }
  if (document.phase === 'sold-out') {
    return {
      key: 'sold-out',
      heading: t.soldOut,
      lead: t.soldOutLead,
      actions: [
        { label: t.waitlist, href: `/waitlists/${document.saleId}` },
        ...elsewhere.map((action) => ({ ...action, quiet: true as const })),
      ],
      facts: [],
      takesFocus: true,
    }
  }
  if (document.phase === 'closed') {
    return {
      key: 'closed',
      heading: t.closed,
      lead: t.closedLead,
      actions: elsewhere,
      facts: [],
    }
  }
  if (who === 'signed-out') {
    return {
      key: 'signed-out',
      heading: t.signedOut,
      lead: t.signedOutLead,
      ...opening,
      actions: [
        { label: t.signIn, href: `/sign-in?next=${here}` },
        { label: t.register, href: `/register?next=${here}`, quiet: true },
      ],
      facts: [crowd, ...(beforeOpening ? stock.slice(0, 1) : stock)],
    }
  }
  if (who === 'unverified') {
    return {
      key: 'unverified',
      heading: t.unverified,
      lead: t.unverifiedLead,
      ...opening,
      actions: [{ label: t.verify, href: `/verify?next=${here}` }],
      facts: [],
    }
  }
  if (state.ended?.kind === 'other-line') {
    const other = otherLineOf(state)
    const mayMove = other !== undefined && document.phase === 'gathering'
    const move: Action = mayMove
      ? { label: t.moveHere, press: 'move-here' }
      : { label: t.startAnew, press: 'start-anew', quiet: true }
    const stay: Action[] = other
      ? [{ label: t.toOtherLine, href: `/wait/${other}`, ...(mayMove ? { quiet: true } : {}) }]
      : []
    return {
      key: 'other-line',
      heading: mayMove ? t.moveTitle : t.otherLine,
      lead: mayMove
        ? document.draw.commitment === null
          ? t.moveLead
          : t.moveLeadDraw
        : other && beforeOpening === false
          ? t.startAnewLead
          : t.otherLineLead,
      actions: [
        ...(mayMove ? [move, ...stay] : [...stay, ...(other && !beforeOpening ? [move] : [])]),
        ...(stay.length > 0 ? [] : [toEvent]),
      ],
      facts: [],
      takesFocus: true,
    }
  }
  if (state.ended) {
    const lapsed = state.ended.kind === 'lapsed'
    return {
      key: state.ended.kind,
      heading: lapsed ? t.lapsed : t.passUsed,
      lead: lapsed ? t.lapsedLead : t.passUsedLead,
      actions: [{ label: t.joinAgain, press: 'join-again' }, toEvent],
      facts: stock,
      takesFocus: true,
    }
  }
  if (!place) {
    return document.phase === 'scheduled'
      ? {
          key: 'scheduled',
          heading: t.scheduled,
          lead: t.scheduledLead,
          ...opening,
          actions: [toEvent],
          facts: stock.slice(0, 1),
        }
      : state.busy === 'proving'
        ? { key: 'proving', heading: t.proving, lead: t.provingLead, ...opening, actions: [], facts: [crowd] }
        : state.cannotProve
          ? { key: 'cannot-prove', heading: t.cannotProve, lead: t.cannotProveLead, actions: [toEvent], facts: [crowd] }
          : { key: 'joining', heading: t.joining, lead: t.joiningLead, ...opening, actions: [], facts: [crowd] }
  }

  // The shared document may be from before this person joined.
  const joined = { label: t.arrivals, value: t.number(Math.max(document.arrivals, place.place.number)) }
  const number = { label: t.yourNumber, value: t.number(place.place.number) }
  if (beforeOpening) {
    return {
      key: 'gathering',
      heading: t.gathering,
      lead: t.gatheringLead,
      ...opening,
      actions: [haveCode],
      facts: [number, joined, ...stock.slice(0, 1)],
      ...(document.draw.commitment === null ? {} : { note: t.gatheringDraw }),
    }
  }

  const ahead = aheadOf(state)
  const isPaused = document.phase === 'paused'
  if (!isPaused && state.busy === 'claiming' && ahead === 0) {
    return { key: 'claiming', heading: t.claiming, lead: t.claimingLead, actions: [], facts: stock }
  }
  const wait = ahead === undefined || isPaused ? undefined : expectedWait(ahead + 1, document)
  const minutes = wait && wholeMinutes(wait)
  const waitText = !wait ? t.waitUnknown : minutes ? t.waitRange(minutes.low, minutes.high) : t.waitSoon
  const isNear = ahead !== undefined && ahead <= 3
  const words = drawWords(state, t)
  return {
    key: isPaused ? 'paused' : isNear ? 'nearly' : 'waiting',
    heading: isPaused ? t.paused : isNear ? t.nearly : t.waiting,
    lead: isPaused ? t.pausedLead : isNear ? t.nearlyLead : t.waitingLead,
    ...(ahead === undefined ? {} : { ahead, progress: progressOf(ahead, place.aheadAtFirst) }),
    ...(ahead !== undefined && isUnlikely(ahead, document) ? { warning: t.unlikely } : {}),
    ...words,
    actions: [...words.actions, haveCode],
    facts: [{ label: t.wait, value: waitText }, ...stock, number],
  }
}

/** The share of the way that lies behind; nothing before the first count of those ahead. */
function progressOf(ahead: number, aheadAtFirst: number | undefined): number {
  if (aheadAtFirst === undefined) return 0
  return aheadAtFirst === 0 ? 1 : Math.min(1, Math.max(0, 1 - ahead / aheadAtFirst))
}

/** One sentence about what this page checked of the draw, or the warning that something does not fit. */
function drawWords({ document, place, draw, lineId }: RoomState, t: Texts): Pick<View, 'note' | 'warning' | 'actions'> {
  const proof: Action = { label: t.drawProof, href: `/api/lines/${encodeURIComponent(lineId)}/proof.html`, quiet: true }
  if (draw?.result === 'wrong') return { warning: t.drawWrong, actions: [proof] }
  if (draw === undefined && document?.draw.commitment !== null) return { note: t.drawing, actions: [] }
  if (draw?.result !== 'checked' || !place) return { actions: [] }
  const checked = t.drawChecked(place.place.number, draw.entrants, draw.position)
  return { note: document?.draw.beacon?.missing ? `${checked} ${t.drawWeaker}` : checked, actions: [proof] }
}

/** What a screen reader hears: the state in words, and how many are ahead. */
export const announcementOf = (view: View, t: Texts): string =>
  [view.heading + '.', view.ahead === undefined ? view.lead : t.aheadSaid(view.ahead), view.warning ?? '']
    .join(' ')
    .trim()
