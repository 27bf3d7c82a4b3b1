import type { Challenge, LineDocument, LineList } from '@fairgate/contracts/http/waiting-room'
import type { Keep, KeptPass, KeptPlace } from '../src/api/keep.ts'
import type { ServerClock } from '../src/api/server-clock.ts'
import type { Session } from '../src/api/session.ts'
import { isUnlikely, pollEntry } from '@fairgate/contracts/wait'
import type { EventInShort, Refusal, RoomApi } from './api.ts'
import { pauseAfterFailure, pauseMs, spread } from './poll.ts'
import type * as proofModule from './proof.ts'
import type { OwnDraw } from './proof.ts'

/** Why this person has no place that can still be called. */
export type Ended = { kind: 'lapsed' | 'pass-used' } | { kind: 'other-line'; lineId: string | undefined }

export type RoomState = {
  lineId: string
  document?: LineDocument
  event?: EventInShort
  /** The other lines of the sale, when they were last asked for. */
  others?: LineList['items']
  missing?: true
  who: 'unknown' | 'signed-out' | 'unverified' | 'signed-in'
  place?: KeptPlace
  /** What this page computed of the draw, once there was one. */
  draw?: OwnDraw
  pass?: KeptPass
  /** The pass was given on this page, not found from an earlier visit. */
  justCalled?: true
  ended?: Ended
  busy?: 'proving' | 'joining' | 'claiming'
  /** This browser could not solve a challenge. */
  cannotProve?: true
  online: boolean
  lastNewsMs?: number
}

type Deps = {
  lineId: string
  api: RoomApi
  session: Session
  keep: Keep
  serverClock: ServerClock
  random: () => number
  /** The answer to a challenge, or undefined when this browser cannot find it. */
  solve: (challenge: Challenge) => Promise<string | undefined>
  /** The check of the draw, loaded only for lines that have one. */
  loadProof: () => Promise<Pick<typeof proofModule, 'lookAtDraw' | 'isListed'>>
  /** The line that this person came from to choose this one instead. */
  from?: string | undefined
  /** Runs once after a time; returns how to call it off. */
  after: (ms: number, run: () => void) => () => void
  changed: (state: RoomState) => void
}

/** People ahead of this place, or undefined before the position is known. */
export function aheadOf(state: RoomState): number | undefined {
  const { document, place } = state
  if (!document || !place || document.phase === 'scheduled' || document.phase === 'gathering') return undefined
  const position = positionOf(state)
  return position === undefined ? undefined : Math.max(0, position - document.frontier - 1)
}

/** Where this person stands in the line; undefined before the draw. */
function positionOf({ document, place, draw }: RoomState): number | undefined {
  return document?.draw.commitment === null ? place?.place.number : draw?.position
}

/** The line that the place of this person stands in, when it is not this one. */
export const otherLineOf = ({ ended }: RoomState): string | undefined =>
  ended?.kind === 'other-line' ? ended.lineId : undefined

/** Whether this person should hear what else there is: while a place may move, and when nothing is to be had here. */
export function mayChooseAnother(state: RoomState): boolean {
  const { document, pass } = state
  if (!document || pass) return false
  if (document.phase === 'gathering' || document.phase === 'sold-out' || document.phase === 'closed') return true
  const ahead = aheadOf(state)
  return ahead !== undefined && isUnlikely(ahead, document)
}

/** The proof is asked for within a minute of the draw, so that a crowd does not ask at once. */
const proofWithinMs = 60_000
/** What the other lines are like is asked for again after this, by those who are told of them. */
const othersEveryMs = 60_000

/** While a stream is open, the line is read beside it after so long without news, or up to two fifths sooner: nobody has news then, and all would read at once. */
const silenceMsMax = 20_000
/** A stream that ended is asked for again after so many reads: the server may have had no room for it. */
const readsAfterStream = 20

/** Keeps one person's place in a line up to date: joins, reads, claims. Everything that a refresh may need is kept at once. */
export function createRoom(deps: Deps) {
  const { lineId, api, session, keep, serverClock, random, after } = deps
  let state: RoomState = { lineId, who: 'unknown', online: true }
  let failures = 0
  let cancelNext = (): void => {}
  let cancelProof = (): void => {}
  let running = false
  let proof: Awaited<ReturnType<Deps['loadProof']>> | undefined
  let othersAtMs = -Infinity
  let closeStream: (() => void) | undefined
  let readsBeforeStream = 0
  let told: LineDocument | undefined
  let pressed: (() => Promise<number | undefined>) | undefined

  function become(change: Partial<RoomState>): void {
    state = { ...state, ...change }
    deps.changed(state)
  }

  const without = <K extends keyof RoomState>(...keys: K[]): void => {
    state = { ...state }
    for (const key of keys) delete state[key]
  }

  function account(): string | undefined {
    const current = session.state()
    return current.kind === 'signed-in' ? current.account.id : undefined
  }

  function noteWho(): void {
    const current = session.state()
    if (current.kind !== 'signed-in') {
      without('place', 'pass')
      become({ who: 'signed-out' })
      return
    }
    const place = keep.place.get(lineId, current.account.id)
    const pass = keep.pass.get(lineId, current.account.id)
    const isLive = pass !== undefined && Date.parse(pass.expiresAt) > serverClock.now()
    become({
      who: current.account.verified ? 'signed-in' : 'unverified',
      ...(place ? { place } : {}),
      ...(isLive ? { pass } : {}),
    })
  }

  /** Keeps what was promised before the draw, and looks at what came of it afterwards. */
  async function followDraw({ draw }: LineDocument): Promise<void> {
    if (!state.place || draw.commitment === null || state.draw) return
    // Without the network it is tried again with the next document.
    proof ??= await deps.loadProof().catch(() => undefined)
    const { place } = state
    if (!place || !proof) return
    if (draw.seed === undefined && place.commitment !== draw.commitment) {
      // A commitment that changes before the draw is as wrong as one that changes with it: the first one seen is kept.
      if (place.commitment !== undefined) return
      const kept = { ...place, commitment: draw.commitment }
      keep.place.set(lineId, kept)
      become({ place: kept })
    }
    const own = proof.lookAtDraw(draw, place)
    if (!own) return
    become({ draw: own })
    if (own.result === 'computed' && own.isEntrant)
      cancelProof = after(Math.round(random() * proofWithinMs), () => void prove(place))
  }

  /** An answer that does not come proves nothing either way: the sentence is left out, and the place stays what it is. */
  async function prove(place: KeptPlace): Promise<void> {
    const answer = await api.prove(lineId, place.placeToken)
    const { document, draw } = state
    if (!answer.ok || !document || !draw || !proof || state.place?.placeToken !== place.placeToken) return
    become({ draw: { ...draw, result: proof.isListed(document.draw, place, answer.value.path) ? 'checked' : 'wrong' } })
  }

  function forgetDraw(): void {
    cancelProof()
    without('draw')
  }

  /** What the stream has told, or else what the server answers. */
  async function read(): Promise<number | undefined> {
    const answer = told ? ({ ok: true, value: told, fresh: true } as const) : await api.readLine(lineId)
    told = undefined
    if (!answer.ok) {
      if (answer.status === 404) {
        become({ missing: true })
        return undefined
      }
      failures += 1
      become({ online: false })
      return pauseAfterFailure(failures, answer.retryAfterMs, random)
    }
    failures = 0
    const document = answer.value
    if (answer.fresh) serverClock.observe(document.serverTime)
    become({
      document,
      online: true,
      lastNewsMs: serverClock.now(),
    })
    await followDraw(document)
    return undefined
  }

  async function join(document: LineDocument): Promise<number | undefined> {
    let solution: string | undefined
    if (document.challenge) {
      become({ busy: 'proving' })
      const challenge = await api.challenge(lineId)
      if (challenge.ok) solution = await deps.solve(challenge.value)
      without('busy', 'cannotProve')
      if (!challenge.ok) return refused(challenge)
      if (solution === undefined) {
        failures += 1
        become({ cannotProve: true })
        return pauseAfterFailure(failures, undefined, random)
      }
    }
    return take(solution === undefined ? {} : { challenge: solution })
  }

  /** Asks for a place here, and keeps it. */
  async function take(wish: Parameters<RoomApi['join']>[1]): Promise<number | undefined> {
    become({ busy: 'joining' })
    const answer = await api.join(lineId, wish)
    without('busy')
    const accountId = account()
    if (answer.ok && accountId) {
      const place: KeptPlace = { accountId, ...answer.value }
      keep.place.set(lineId, place)
      if (wish.moveFrom !== undefined) keep.place.drop(wish.moveFrom)
      without('ended')
      forgetDraw()
      become({ place })
      if (state.document) await followDraw(state.document)
      return undefined
    }
    return answer.ok ? 0 : refused(answer)
  }

  async function claim(place: KeptPlace): Promise<number | undefined> {
    become({ busy: 'claiming' })
    const answer = await api.claim(lineId, place.placeToken)
    without('busy')
    if (answer.ok) {
      const pass: KeptPass = { accountId: place.accountId, ...answer.value }
      keep.pass.set(lineId, pass)
      become({ pass, justCalled: true })
      return undefined
    }
    const { position, retryAfterMs } = answer.problem
    // The server's word must be what was computed from what it published.
    if (typeof position === 'number' && state.draw && position !== state.draw.position)
      become({ draw: { ...state.draw, result: 'wrong' } })
    if (answer.status === 425) {
      become({})
      return spread(typeof retryAfterMs === 'number' ? retryAfterMs : 1000, random)
    }
    return refused(answer)
  }

  /** @returns the pause before the next attempt, or undefined when the document decides */
  function refused(answer: Refusal): number | undefined {
    switch (answer.problem.code) {
      case 'waiting-room.lapsed':
        return end({ kind: 'lapsed' })
      case 'waiting-room.pass-used':
        return end({ kind: 'pass-used' })
      case 'waiting-room.place-invalid':
        return end({ kind: 'lapsed' })
      case 'waiting-room.too-late-to-move':
      case 'waiting-room.in-another-line': {
        const other = answer.problem['lineId']
        return end({ kind: 'other-line', lineId: typeof other === 'string' ? other : undefined })
      }
      case 'waiting-room.challenge-required':
      case 'waiting-room.challenge-expired':
      case 'waiting-room.challenge-used':
        become({})
        return spread(1000, random)
      case 'identity.not-verified':
        become({ who: 'unverified' })
        return undefined
      case 'waiting-room.not-open':
      case 'waiting-room.closed':
      case 'waiting-room.sold-out':
        become({})
        return undefined
      default:
        if (answer.status === 401) {
          noteWho()
          return undefined
        }
        failures += 1
        become({ online: answer.status !== 0 })
        return pauseAfterFailure(failures, answer.retryAfterMs, random)
    }
  }

  function end(ended: Ended): undefined {
    keep.place.drop(lineId)
    keep.pass.drop(lineId)
    without('place', 'pass', 'justCalled')
    forgetDraw()
    become({ ended })
  }

  const isOver = (document: LineDocument): boolean => document.phase === 'sold-out' || document.phase === 'closed'

  /** One look at the line and what follows from it. */
  async function step(): Promise<number | undefined> {
    const pause = await read()
    const { document } = state
    if (pause !== undefined || !document) return pause
    if (state.pass && Date.parse(state.pass.expiresAt) <= serverClock.now()) {
      keep.pass.drop(lineId)
      without('pass', 'justCalled')
    }
    if (state.who !== 'signed-in' || state.pass || isOver(document)) return undefined
    // Another page of this browser has moved the place to another line.
    if (state.place && !keep.place.get(lineId, state.place.accountId)) without('place', 'draw')
    // Who comes to change lines is asked first. Later a place that was kept may be over, so the server is asked instead.
    const cameFrom = document.phase === 'gathering' ? deps.from : undefined
    if (!state.place && !state.ended && cameFrom !== undefined && keep.place.get(cameFrom, account() ?? ''))
      return end({ kind: 'other-line', lineId: cameFrom })
    if (!state.place) return state.ended || document.phase === 'scheduled' ? undefined : join(document)
    const ahead = aheadOf(state)
    if (state.place.aheadAtFirst === undefined && ahead !== undefined) {
      const place = { ...state.place, aheadAtFirst: ahead }
      keep.place.set(lineId, place)
      become({ place })
    }
    const position = positionOf(state)
    return position !== undefined && position <= document.frontier ? claim(state.place) : undefined
  }

  /** Keeps the event stream while the turn is near, if the server has room for it. */
  function watch(): void {
    const { document, place, pass } = state
    const isNear =
      state.online &&
      document &&
      place &&
      !pass &&
      !isOver(document) &&
      pollEntry(document.poll, aheadOf(state) ?? Infinity)?.stream
    if (!isNear) {
      closeStream?.()
      closeStream = undefined
    } else if (!closeStream && readsBeforeStream-- <= 0) {
      closeStream = api.watch(
        lineId,
        (news) => {
          told = news
          void turn()
        },
        () => {
          closeStream = undefined
          readsBeforeStream = readsAfterStream
          void turn()
        },
      )
    }
  }

  /** The regular pause, cut short so that the opening is not slept through. */
  function regularPause(): number {
    const { document } = state
    if (!document) return pauseAfterFailure(failures, undefined, random)
    if (told) return 0
    if (closeStream) return spread(silenceMsMax, random)
    const pause = spread(pauseMs(document.poll, aheadOf(state) ?? Infinity), random)
    const toOpening = Date.parse(document.opensAt) - serverClock.now()
    return toOpening > 0 && toOpening < pause ? toOpening + Math.round((document.openingMs ?? 1500) * random()) : pause
  }

  /** One read that every cache may answer, for those who may want to stand elsewhere. */
  async function readOthers(): Promise<void> {
    const { document, event } = state
    const isAlone = event?.sales.find(({ id }) => id === document?.saleId)?.lines.length === 1
    if (!document || !event || isAlone || !mayChooseAnother(state) || serverClock.now() < othersAtMs + othersEveryMs)
      return
    othersAtMs = serverClock.now()
    const answer = await api.readLines(document.saleId)
    if (answer.ok) become({ others: answer.value.items.filter(({ id }) => id !== lineId) })
  }

  async function turn(work: () => Promise<number | undefined> = step): Promise<void> {
    if (running) {
      if (work !== step) pressed = work
      return
    }
    running = true
    cancelNext()
    const pause = await work()
    await readOthers()
    running = false
    const next = pressed
    pressed = undefined
    if (next) return turn(next)
    if (state.missing) return
    watch()
    cancelNext = after(pause ?? regularPause(), () => void turn())
  }

  async function start(): Promise<void> {
    await session.start()
    noteWho()
    await turn()
    const { document } = state
    if (!document) return
    const event = await api.readEvent(document.eventId)
    if (event.ok) become({ event: event.value })
    await readOthers()
  }

  return {
    start,
    /** Looks again now: the network is back, or the page is seen again. */
    wake: () => void turn(),
    /** The network is away, so a stream would be silent: looks again now, to say so. */
    lost(): void {
      closeStream?.()
      closeStream = undefined
      void turn()
    },
    async joinAgain(): Promise<void> {
      without('ended')
      become({})
      await turn()
    },
    /** Moves the place that stands in another line to the end of this one. */
    async moveHere(): Promise<void> {
      const from = otherLineOf(state)
      if (from !== undefined) await turn(() => take({ moveFrom: from }))
    },
    /** Gives up the place in another line and joins here at the end: what is left to do once the sale has opened. */
    async startAnewHere(): Promise<void> {
      const from = otherLineOf(state)
      if (from === undefined) return
      const left = await api.leave(from)
      if (!left.ok) return void refused(left)
      keep.place.drop(from)
      without('ended')
      become({})
      await turn()
    },
  }
}
