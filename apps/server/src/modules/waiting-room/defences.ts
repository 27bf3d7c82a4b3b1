import type { Defence, Signal } from '@fairgate/contracts/http/waiting-room'
import type { Loop } from '#platform/loop'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { addressBlock, isLoopback } from './address.ts'
import type { Level } from './challenges.ts'
import * as store from './waiting-room-store.ts'

export type DefencesConfig = {
  /** Challenges, and joins, of one account in ten minutes. */
  accountMax: number
  /** Challenges, and joins, from one address block in ten minutes. Thousands may share one (a campus, a mobile carrier). */
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
  const signalKey = (signal: Signal, accountId: string) => key('signal', signal, accountId)

  function add(saleId: string, defence: Defence, by = 1): void {
    const id = `${saleId} ${defence}`
    const entry = counts.get(id) ?? { saleId, defence, count: 0 }
    entry.count += by
    counts.set(id, entry)
  }

  /** Counts for the organiser of the sale, and for the operator of the machine. */
  function note(saleId: string, defence: Defence): void {
    actions.add({ defence })
    add(saleId, defence)
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

  /** What speaks against this caller now. */
  async function signalsOf(who: Who): Promise<Signal[]> {
    const { accountId, device } = who
    const found: Signal[] = []
    if (accountId !== undefined)
      for (const signal of ['proof-too-fast', 'pass-elsewhere', 'many-challenges'] as const)
        if ((await ephemeral.peek(signalKey(signal, accountId))) > 0) found.push(signal)
    if (device !== undefined && (await ephemeral.peek(key('device', device))) > config.deviceAccountsMax)
      found.push('shared-device')
    if (!isExempt(who) && (await ephemeral.peek(key('block', addressBlock(who.ip)))) > config.addressAccountsMax)
      found.push('crowded-address')
    return found
  }

  const scoreOf = (signals: readonly Signal[]) => signals.reduce((sum, signal) => sum + weights[signal], 0)

  /** Writes down what was found about an account in a sale, each signal once, and asks for a review when it is much. */
  async function weigh(saleId: string, who: Who): Promise<void> {
    const { accountId } = who
    const signals = await signalsOf(who)
    if (accountId === undefined || signals.length === 0) return
    for (const signal of signals)
      if (await ephemeral.once(key('noted', saleId, accountId, signal), dayMs)) note(saleId, signal)
    if (scoreOf(signals) < reviewFrom) return
    const isNew = await store.insertReviews(db, { saleId, accountId, reasons: signals, at: new Date(clock.now()) })
    if (isNew && (await ephemeral.once(key('reviewed', saleId, accountId), dayMs))) note(saleId, 'review')
  }

  return {
    note,
    loop: { name: 'waiting-room.defences', intervalMs: 2000, run: flush } satisfies Loop,
    flush,

    /**
     * Counts a request against the limits of its account and its address block. @returns the `RateLimit` headers
     * (draft-ietf-httpapi-ratelimit-headers) @throws http.too-many-requests with `headers` already told through `tell`
     */
    async limit(
      what: 'challenges' | 'joins',
      who: Who,
      tell: (headers: Record<string, string>) => void,
    ): Promise<void> {
      if (isExempt(who)) return
      const buckets = [
        ...(who.accountId === undefined ? [] : [{ name: 'account', of: who.accountId, max: config.accountMax }]),
        { name: 'address', of: addressBlock(who.ip), max: config.addressMax },
      ]
      const now = clock.now()
      const states = await Promise.all(
        buckets.map(async ({ name, of, max }) => {
          const { count, resetAt } = await ephemeral.count(key('limit', what, name, of), windowMs)
          return { name, max, left: max - count, seconds: Math.max(1, Math.ceil((resetAt - now) / 1000)) }
        }),
      )
      tell({
        'ratelimit-policy': states.map(({ name, max }) => `"${name}";q=${max};w=${windowMs / 1000}`).join(', '),
        ratelimit: states.map(({ name, left, seconds }) => `"${name}";r=${Math.max(0, left)};t=${seconds}`).join(', '),
      })
      const over = states.filter(({ left }) => left < 0)
      if (over.length === 0) return
      actions.add({ defence: 'limited' })
      throw new Problem('http.too-many-requests', {
        retryAfterMs: Math.max(...over.map(({ seconds }) => seconds)) * 1000,
      })
    },

    /** How hard the next challenge of this caller is. */
    async levelFor(who: Who): Promise<Level> {
      return Math.min(2, scoreOf(await signalsOf(who))) as Level
    },

    async challengeGiven(who: Who): Promise<void> {
      if (who.accountId === undefined || isExempt(who)) return
      const { count } = await ephemeral.count(key('challenges', who.accountId), windowMs)
      if (count > config.challengesMax) await ephemeral.count(signalKey('many-challenges', who.accountId), dayMs)
    },

    /** An account has joined: it is counted for its device and its address block, and weighed. */
    async joined(saleId: string, who: Who & { accountId: string }, proof: { isTooFast: boolean }): Promise<void> {
      const { accountId, device } = who
      if (proof.isTooFast) await ephemeral.count(signalKey('proof-too-fast', accountId), dayMs)
      if (device !== undefined && (await ephemeral.once(key('device', device, accountId), dayMs)))
        await ephemeral.count(key('device', device), dayMs)
      const block = addressBlock(who.ip)
      if (!isExempt(who) && (await ephemeral.once(key('block', block, accountId), dayMs)))
        await ephemeral.count(key('block', block), dayMs)
      await weigh(saleId, who)
    },

    /** A pass was asked for: from too many address blocks it is passed around. */
    async claimed(saleId: string, lineId: string, who: Who & { accountId: string }): Promise<void> {
      const block = addressBlock(who.ip)
      if (isExempt(who) || !(await ephemeral.once(key('pass', lineId, who.accountId, block), dayMs))) return
      const { count } = await ephemeral.count(key('pass', lineId, who.accountId), dayMs)
      if (count <= config.passBlocksMax) return
      await ephemeral.count(signalKey('pass-elsewhere', who.accountId), dayMs)
      await weigh(saleId, who)
    },
  }
}

export type Defences = ReturnType<typeof createDefences>
