import {
  reviewDecisions,
  type Defence,
  type Limited,
  type ReviewDecision,
  type Signal,
} from '@fairgate/contracts/http/waiting-room'
import { addressBlock, isLoopback } from '#platform/address'
import type { Loop } from '#platform/loop'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { rateLimit } from '#platform/rate-limit'
import type { Level } from './challenges.ts'
import * as store from './defences-store.ts'

export type DefencesConfig = {
  /** Challenges, joins and proofs of one account in ten minutes; twenty times as many claims, a twentieth of entrants lists. */
  accountMax: number
  /** The same of one device: a family, or a counter with a queue in front of it. */
  deviceMax: number
  /** Changes of line of one account in ten minutes: each leaves a number behind that nobody stands on. */
  movesMax: number
  /** The same of one address block. Thousands may share one (a campus, a mobile carrier). */
  addressMax: number
  /** Accounts of one address block in a day beyond which its challenges are harder. */
  addressAccountsMax: number
  /** Accounts of one device in a day that are nothing special: a family. */
  deviceAccountsMax: number
  /** Challenges of one account in ten minutes that are nothing special: reloading, several tabs. */
  challengesMax: number
  /** Address blocks from which one pass may be claimed: at home and on the way. */
  passBlocksMax: number
  /** Neither limits nor signals by address for callers on this machine, so that a rehearsal can play a crowd. */
  exemptLoopback: boolean
}

export const defaultDefences: DefencesConfig = {
  accountMax: 60,
  deviceMax: 240,
  movesMax: 10,
  addressMax: 20_000,
  addressAccountsMax: 500,
  deviceAccountsMax: 4,
  challengesMax: 20,
  passBlocksMax: 2,
  exemptLoopback: false,
}

/** Whose request it is, as far as anybody can tell. A device without a cookie is nobody's. */
export type Who = { accountId: string | undefined; ip: string; device: string | undefined }

/** What a signal adds to the suspicion. One that many innocent people share never weighs more than one. */
const weights: Record<Signal, number> = {
  'proof-too-fast': 2,
  'shared-device': 2,
  'pass-elsewhere': 2,
  'many-challenges': 1,
  'crowded-address': 1,
}

/** From here on a person looks at it. No single signal gets there. */
const reviewFrom = 3

/**
 * How often a kind of request may be made, beside the plain ones. Claims are asked for again each second near the front
 * and answered from memory; a list of entrants is megabytes and never changes.
 */
const shares: Record<Limited, number> = { challenges: 1, joins: 1, moves: 1, claims: 20, proofs: 1, entrants: 0.05 }

/** How the levels of challenges are called where they are counted. */
/** Signals that stick to an account. */
const accountSignals = ['proof-too-fast', 'pass-elsewhere', 'many-challenges'] as const satisfies readonly Signal[]
type AccountSignal = (typeof accountSignals)[number]

export const levelNames = ['', '-harder', '-hardest'] as const

/** What one owner usually holds. */
const blockOf = (ip: string): string => addressBlock(ip, { ipv4: 24, ipv6: 56 })

const windowMs = 600_000
const dayMs = 24 * 3600_000

/** Limits, signals and what follows from them: a harder challenge or a review, and a count that the organiser sees. */
export function createDefences(
  { db, clock, ephemeral, metrics }: Pick<Platform, 'db' | 'clock' | 'ephemeral' | 'metrics'>,
  config: DefencesConfig,
) {
  const actions = metrics.counter('fairgate_defences_total', 'What the defences of the waiting room did', ['defence'])
  let counts = new Map<string, { saleId: string; defence: Defence; count: number }>()

  const isExempt = ({ ip }: Who) => config.exemptLoopback && isLoopback(ip)
  const key = (...parts: string[]) => `waiting-room.${parts.join(':')}`
  const signalKey = (signal: AccountSignal, accountId: string) => key('signal', signal, accountId)

  function add(saleId: string, defence: Defence, by = 1): void {
    const id = `${saleId} ${defence}`
    const entry = counts.get(id) ?? { saleId, defence, count: 0 }
    entry.count += by
    counts.set(id, entry)
  }

  /** Counts for the organiser of the sale, if it is known, and for the operator of the machine. */
  function note(saleId: string | undefined, defence: Defence): void {
    actions.add({ defence })
    if (saleId !== undefined) add(saleId, defence)
  }

  /** What is counted for a request, and how often it may be made. */
  function quotas(what: Limited, { accountId, device, ip }: Who): { name: string; of: string; max: number }[] {
    const times = (max: number) => Math.max(1, Math.floor(max * shares[what]))
    const accountMax = what === 'moves' ? config.movesMax : times(config.accountMax)
    return [
      ...(accountId === undefined ? [] : [{ name: 'account', of: accountId, max: accountMax }]),
      ...(device === undefined ? [] : [{ name: 'device', of: device, max: times(config.deviceMax) }]),
      { name: 'address', of: blockOf(ip), max: times(config.addressMax) },
    ]
  }

  async function flush(): Promise<boolean> {
    const taken = counts
    counts = new Map()
    if (taken.size === 0) return false
    try {
      await store.addDefenceCounts(db, [...taken.values()])
    } catch (error) {
      for (const { saleId, defence, count } of taken.values()) add(saleId, defence, count)
      throw error
    }
    return false
  }

  /** Notes for a day that something speaks against an account. */
  async function suspect(signal: AccountSignal, accountId: string): Promise<void> {
    await ephemeral.count(signalKey(signal, accountId), dayMs)
    await ephemeral.count(key('signals', accountId), dayMs)
  }

  /** What speaks against this caller now. Of nearly everybody nothing does, so that is looked up first. */
  async function signalsOf(who: Who): Promise<Signal[]> {
    const { accountId, device } = who
    const found: Signal[] = []
    if (accountId !== undefined && (await ephemeral.peek(key('signals', accountId))) > 0)
      for (const signal of accountSignals)
        if ((await ephemeral.peek(signalKey(signal, accountId))) > 0) found.push(signal)
    if (device !== undefined && (await ephemeral.peek(key('device', device))) > config.deviceAccountsMax)
      found.push('shared-device')
    if (!isExempt(who) && (await ephemeral.peek(key('block', blockOf(who.ip)))) > config.addressAccountsMax)
      found.push('crowded-address')
    return found
  }

  const decisionKey = (decision: ReviewDecision, accountId: string) => key('decided', decision, accountId)

  async function decisionOn(accountId: string): Promise<ReviewDecision | undefined> {
    for (const decision of reviewDecisions)
      if ((await ephemeral.peek(decisionKey(decision, accountId))) > 0) return decision
    return undefined
  }

  const scoreOf = (signals: readonly Signal[]) => signals.reduce((sum, signal) => sum + weights[signal], 0)

  /** Writes down what was found about an account in a sale, each signal once, and asks for a review when it is much. */
  async function weigh(saleId: string, who: Who): Promise<void> {
    const { accountId } = who
    const signals = await signalsOf(who)
    if (accountId === undefined || signals.length === 0) return
    for (const signal of signals)
      if (await ephemeral.once(key('noted', saleId, accountId, signal), dayMs)) note(saleId, signal)
    if (scoreOf(signals) < reviewFrom || (await decisionOn(accountId))) return
    const isNew = await store.insertReviews(db, { saleId, accountId, reasons: signals, at: new Date(clock.now()) })
    if (isNew && (await ephemeral.once(key('reviewed', saleId, accountId), dayMs))) note(saleId, 'review')
  }

  return {
    note,
    loop: { name: 'waiting-room.defences', intervalMs: 2000, run: flush } satisfies Loop,
    flush,

    /**
     * Counts a request against the limits of its account, its device and its address block, and announces them with the
     * `RateLimit` headers (draft-ietf-httpapi-ratelimit-headers). @throws http.too-many-requests, counted in `saleId`
     */
    async limit(
      what: Limited,
      who: Who,
      { tell, saleId }: { tell: (headers: Record<string, string>) => void; saleId: string | undefined },
    ): Promise<void> {
      if (isExempt(who)) return
      const now = clock.now()
      const states = await Promise.all(
        quotas(what, who).map(async ({ name, of, max }) => {
          const { count, resetAt } = await ephemeral.count(key('limit', what, name, of), windowMs)
          return { name, max, windowMs, left: max - count, leftMs: resetAt - now }
        }),
      )
      tell(rateLimit(states))
      const over = states.filter(({ left }) => left < 0)
      if (over.length === 0) return
      note(saleId, `limited-${what}`)
      throw new Problem('http.too-many-requests', {
        retryAfterMs: Math.max(...over.map(({ leftMs }) => leftMs)),
      })
    },

    /** How hard the next challenge of this caller is: as a person has decided, else by what speaks against them. */
    async levelFor(who: Who): Promise<Level> {
      const decided = who.accountId === undefined ? undefined : await decisionOn(who.accountId)
      if (decided) return decided === 'clear' ? 0 : 2
      return Math.min(2, scoreOf(await signalsOf(who))) as Level
    },

    /** What a person has decided about an account holds for a day, in every sale; the database keeps who decided what. */
    async decided(saleId: string, accountId: string, decision: ReviewDecision): Promise<void> {
      note(saleId, decision === 'clear' ? 'review-cleared' : 'review-kept')
      for (const one of reviewDecisions) await ephemeral.clear(decisionKey(one, accountId))
      await ephemeral.count(decisionKey(decision, accountId), dayMs)
    },

    /** Counts a request for a challenge: collecting them is a signal. */
    async challengeAsked(who: Who): Promise<void> {
      if (who.accountId === undefined || isExempt(who)) return
      const { count } = await ephemeral.count(key('challenges', who.accountId), windowMs)
      if (count > config.challengesMax) await suspect('many-challenges', who.accountId)
    },

    /** An account has joined: it is counted for its device and its address block, and weighed. */
    async joined(saleId: string, who: Who & { accountId: string }, proof: { isTooFast: boolean }): Promise<void> {
      const { accountId, device } = who
      if (proof.isTooFast) await suspect('proof-too-fast', accountId)
      if (device !== undefined && (await ephemeral.once(key('device', device, accountId), dayMs)))
        await ephemeral.count(key('device', device), dayMs)
      const block = blockOf(who.ip)
      if (!isExempt(who) && (await ephemeral.once(key('block', block, accountId), dayMs)))
        await ephemeral.count(key('block', block), dayMs)
      await weigh(saleId, who)
    },

    /** A pass was asked for: from too many address blocks it is passed around. */
    async claimed(saleId: string, lineId: string, who: Who & { accountId: string }): Promise<void> {
      const block = blockOf(who.ip)
      if (isExempt(who) || !(await ephemeral.once(key('pass', lineId, who.accountId, block), dayMs))) return
      const { count } = await ephemeral.count(key('pass', lineId, who.accountId), dayMs)
      if (count <= config.passBlocksMax) return
      await suspect('pass-elsewhere', who.accountId)
      await weigh(saleId, who)
    },
  }
}

export type Defences = ReturnType<typeof createDefences>
