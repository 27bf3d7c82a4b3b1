import { createHash } from 'node:crypto'
import type { Promotion as PromotionDocument, createPromotion } from '@fairgate/contracts/http/codes'
import type { Body } from '@fairgate/contracts/http/route'
import { idPrefixes } from '@fairgate/contracts/ids'
import { discountOf, money, type Currency, type Money } from '@fairgate/contracts/money'
import type { TokenPayload } from '@fairgate/contracts/tokens'
import type { Caller } from '#platform/access-token'
import { transaction, type Tx } from '#platform/db'
import type { Platform } from '#platform/platform'
import { Problem } from '#platform/problem'
import { usedUp } from '#platform/rate-limit'
import { managedEvent, mayManage } from './access.ts'
import { codeForm, isFor, randomCode, wrongTime, type Wrong } from './code.ts'
import * as store from './codes-store.ts'
import { eventById } from './orders-store.ts'
import { codeKey, type Promotion, type PromotionFigures, type Use } from './codes-store.ts'

type Deps = Pick<Platform, 'db' | 'clock' | 'ids' | 'tokens' | 'random' | 'ephemeral' | 'racepoints'>

/** An order to be made, with the code that its buyer gave. */
export type Claim = { orderId: string; hold: TokenPayload<'hold'>; promoCode: string | undefined }
export type Granted = { promoCode: string; discount: Money }

const wrongMax = 20
const wrongWindowMs = 10 * 60_000
const allotmentPrefix = `${idPrefixes.allotment}_`

/** Whether seats were held with the code of an allotment, not with a pass. */
export const isOfAllotment = ({ lineId }: { lineId: string }): boolean => lineId.startsWith(allotmentPrefix)

/** Promotions and their codes. */
export function createCodes({ db, clock, ids, tokens, random, ephemeral, racepoints }: Deps) {
  async function ownPromotion(caller: Caller, id: string): Promise<PromotionFigures> {
    const [found] = await store.promotions(db, { id })
    const event = found && (await eventById(db, found.eventId))
    if (!found || !event || !mayManage(caller, event.organiserId)) throw new Problem('orders.promotion-not-found')
    return found
  }

  /** All of its codes, or nothing when one exists already. */
  async function create(
    caller: Caller,
    eventId: string,
    body: Body<typeof createPromotion>,
  ): Promise<PromotionDocument> {
    const event = await managedEvent(db, caller, eventId)
    const { promotion, code, generate } = readPromotion(eventId, event.currency, body)
    await transaction(db, async (tx) => {
      const codes = code !== undefined ? [code] : generated(generate!.count, codeForm(generate!.prefix ?? ''))
      const taken = await store.insertPromotion(tx, promotion, codes)
      if (taken.length > 0) throw invalid([{ pointer: '#/code', detail: 'exists already' }])
    })
    return documentOf((await store.promotions(db, { id: promotion.id }))[0]!, event.currency)
  }

  function generated(count: number, prefix: string): string[] {
    const codes = new Set<string>()
    while (codes.size < count) codes.add(randomCode(prefix, random(16)))
    return [...codes]
  }

  /** What was asked for, with all that is wrong with it. @throws Problem `orders.invalid-promotion` */
  function readPromotion(eventId: string, currency: Currency, body: Body<typeof createPromotion>) {
    const { name, percent, amount, sectionIds, usesMax, usesPerAccountMax, generate, allotmentCodes = [] } = body
    const faults: Fault[] = []
    const fault = (pointer: string, detail: string) => faults.push({ pointer: `#/${pointer}`, detail })
    const now = clock.now()
    if (name.trim() === '') fault('name', 'is empty')
    if ((body.code === undefined) === (generate === undefined)) fault('code', 'is needed, or generate')
    if (percent !== undefined && amount !== undefined) fault('amount', 'cannot go with percent')
    if (percent === undefined && amount === undefined && allotmentCodes.length === 0)
      fault('percent', 'is needed, or amount, or allotmentCodes')
    if (amount && amount.currency !== currency) fault('amount/currency', `must be ${currency}`)
    if (amount?.amount === 0) fault('amount/amount', 'is nothing')
    const [validFrom, validUntil] = [body.validFrom, body.validUntil].map((at) => (at ? Date.parse(at) : null))
    if (validUntil && validUntil <= now) fault('validUntil', 'is over')
    if (validFrom && validUntil && validFrom >= validUntil) fault('validUntil', 'is not after validFrom')
    const allotments = allotmentCodes.flatMap((code, index) => {
      const verified = tokens.verify('allotment', code)
      if (verified.kind === 'valid') {
        const { allotmentId: id, sectionId, exp: until } = verified.payload
        return [{ id, sectionId, code, until }]
      }
      fault(`allotmentCodes/${index}`, verified.kind === 'expired' ? 'is over' : 'is not a code of an allotment')
      return []
    })
    if (faults.length > 0) throw invalid(faults)
    const promotion: Promotion = {
      id: ids('promotion'),
      eventId,
      name: name.trim(),
      percent: percent ?? null,
      amount: amount?.amount ?? null,
      allotments,
      // A code for one person is for one order unless said otherwise.
      usesMax: usesMax ?? (generate ? 1 : null),
      usesPerAccountMax: usesPerAccountMax ?? null,
      sectionIds: sectionIds ?? null,
      validFrom: validFrom ?? null,
      validUntil: validUntil ?? null,
      createdAt: now,
      endedAt: null,
    }
    return { promotion, code: body.code === undefined ? undefined : codeForm(body.code), generate }
  }

  async function list(caller: Caller, eventId: string): Promise<PromotionDocument[]> {
    const { currency } = await managedEvent(db, caller, eventId)
    return (await store.promotions(db, { eventId })).map((found) => documentOf(found, currency))
  }

  async function end(caller: Caller, id: string): Promise<PromotionDocument> {
    const { eventId } = await ownPromotion(caller, id)
    await store.endPromotion(db, id, clock.now())
    const { currency } = (await eventById(db, eventId))!
    return documentOf((await store.promotions(db, { id }))[0]!, currency)
  }

  async function csv(caller: Caller, id: string): Promise<string> {
    const { usesMax } = await ownPromotion(caller, id)
    const found = await store.codesOf(db, id)
    return [
      ['code', 'uses', 'usesMax'].join(','),
      ...found.map(({ code, uses }) => [code, uses, usesMax ?? ''].join(',')),
    ]
      .map((line) => `${line}\r\n`)
      .join('')
  }

  /** What a code gives this account, without using it. */
  async function check(accountId: string, eventId: string, text: string) {
    const code = codeForm(text)
    const promotion = await guessing(accountId, async () => {
      const found = (await store.findCodes(db, [{ eventId, code }])).get(codeKey(eventId, code))
      if (!found) throw new Problem('orders.code-unknown')
      return found
    })
    const wrong = wrongTime(promotion, clock.now())
    if (wrong) throw refusal(wrong, promotion)
    const { isLeft, isLeftToAccount } = await store.mayUse(db, promotion, code, accountId)
    if (!isLeft || !isLeftToAccount) throw new Problem('orders.code-used-up')
    const { currency } = (await eventById(db, eventId))!
    return {
      code,
      ...ruleOf(promotion, currency),
      allotments: promotion.allotments
        .filter(({ until }) => until > clock.now())
        .map(({ sectionId, code: allotmentCode, until }) => ({
          sectionId,
          allotmentCode,
          until: new Date(until).toISOString(),
        })),
    }
  }

  /** Codes are secrets of a kind: an account that has been wrong too often waits. */
  async function guessing<T>(accountId: string, attempt: () => Promise<T>): Promise<T> {
    const key = `orders.wrong-codes:${createHash('sha256').update(accountId).digest('base64url')}`
    if ((await ephemeral.peek(key)) >= wrongMax)
      throw usedUp({ max: wrongMax, windowMs: wrongWindowMs, leftMs: wrongWindowMs })
    try {
      return await attempt()
    } catch (error) {
      if (error instanceof Problem && error.code === 'orders.code-unknown') await ephemeral.count(key, wrongWindowMs)
      throw error
    }
  }

  /**
   * Uses codes for orders that are made in the same transaction. `known` are holds that have their orders already, whose
   * codes are used. @returns for each order what its code gives, or why it cannot have it; nothing for who needs none
   */
  async function claim(
    tx: Tx,
    claims: readonly Claim[],
    known: (tx: Tx) => Promise<{ has(holdId: string): boolean }>,
  ): Promise<Map<string, Granted | Problem>> {
    const result = new Map<string, Granted | Problem>()
    const closed = claims.filter(({ hold }) => isOfAllotment(hold)).map(({ hold }) => hold.lineId)
    const opened = closed.length > 0 ? await store.openedByCodes(tx, closed) : new Set<string>()
    const withCode = claims.flatMap((one) =>
      one.promoCode === undefined ? [] : [{ ...one, eventId: one.hold.event.id, code: codeForm(one.promoCode) }],
    )
    const found = withCode.length > 0 ? await store.findCodes(tx, withCode) : new Map<string, Promotion>()
    const promotionOf = ({ eventId, code }: { eventId: string; code: string }) => found.get(codeKey(eventId, code))
    await store.lockLimits(
      tx,
      [...found.values()].filter(({ usesPerAccountMax }) => usesPerAccountMax !== null).map(({ id }) => id),
      withCode.filter((one) => promotionOf(one)?.usesMax != null),
    )
    const done = await known(tx)
    const now = clock.now()
    const good: (Use & { promotion: Promotion; price: Money })[] = []
    for (const { orderId, hold, promoCode } of claims) {
      if (done.has(hold.holdId)) continue
      if (promoCode === undefined) {
        if (opened.has(hold.lineId)) result.set(orderId, new Problem('orders.code-needed'))
        continue
      }
      const eventId = hold.event.id
      const code = codeForm(promoCode)
      const promotion = promotionOf({ eventId, code })
      const wrong = !promotion
        ? 'orders.code-unknown'
        : (wrongTime(promotion, now) ?? (isFor(promotion, hold) ? undefined : 'orders.code-not-for-these-seats'))
      const needsOther = opened.has(hold.lineId) && promotion?.allotments.length === 0
      if (wrong) result.set(orderId, refusal(wrong, promotion))
      else if (needsOther) result.set(orderId, new Problem('orders.code-needed'))
      else
        good.push({
          orderId,
          eventId,
          code,
          promotionId: promotion!.id,
          accountId: hold.accountId,
          use: null,
          accountUse: null,
          promotion: promotion!,
          price: hold.total,
        })
    }
    const counted = await number(tx, good)
    await racepoints.reach('orders.codes-counted')
    for (const one of good) {
      if (counted.has(one.orderId))
        result.set(one.orderId, {
          promoCode: one.code,
          discount: discountOf(one.price, ruleOf(one.promotion, one.price.currency)),
        })
      else result.set(one.orderId, new Problem('orders.code-used-up'))
    }
    await store.insertUses(tx, [...counted.values()], now)
    return result
  }

  /** Gives each use the lowest free numbers where its code or its account has a limit. @returns those that got them, by order */
  async function number(tx: Tx, uses: readonly (Use & { promotion: Promotion })[]): Promise<Map<string, Use>> {
    const left = new Map<string, number[]>()
    for (const [key, same] of Map.groupBy(uses, ({ eventId, code }) => codeKey(eventId, code))) {
      const { eventId, code, promotion } = same[0]!
      if (promotion.usesMax !== null)
        left.set(key, await store.freeUses(tx, eventId, code, promotion.usesMax, same.length))
    }
    for (const [key, same] of Map.groupBy(uses, accountKey)) {
      const { accountId, promotion } = same[0]!
      const { id, usesPerAccountMax: max } = promotion
      if (max !== null) left.set(key, await store.freeAccountUses(tx, id, accountId, max, same.length))
    }
    const numbered = new Map<string, Use>()
    for (const one of uses) {
      const ofCode = left.get(codeKey(one.eventId, one.code))
      const ofAccount = left.get(accountKey(one))
      if (ofCode?.length === 0 || ofAccount?.length === 0) continue
      numbered.set(one.orderId, { ...one, use: ofCode?.shift() ?? null, accountUse: ofAccount?.shift() ?? null })
    }
    return numbered
  }

  /**
   * Uses the codes of orders again that had ended and go on, because money came late.
   * @returns the orders whose code somebody else has used up since
   */
  async function reclaim(
    tx: Tx,
    orders: readonly { id: string; accountId: string; event: { id: string }; promoCode: string | null }[],
  ): Promise<Set<string>> {
    const wanted = orders.flatMap(({ id, accountId, event, promoCode }) =>
      promoCode === null ? [] : [{ orderId: id, accountId, eventId: event.id, code: promoCode }],
    )
    if (wanted.length === 0) return new Set()
    const found = await store.findCodes(tx, wanted)
    const uses = wanted.map((one) => {
      const promotion = found.get(codeKey(one.eventId, one.code))!
      return { ...one, promotionId: promotion.id, use: null, accountUse: null, promotion }
    })
    await store.lockLimits(
      tx,
      uses.filter(({ promotion }) => promotion.usesPerAccountMax !== null).map(({ promotionId }) => promotionId),
      uses.filter(({ promotion }) => promotion.usesMax !== null),
    )
    const counted = await number(tx, uses)
    await store.insertUses(tx, [...counted.values()], clock.now())
    return new Set(wanted.map(({ orderId }) => orderId).filter((id) => !counted.has(id)))
  }

  return { create, list, end, csv, check, guessing, claim, reclaim, release: store.deleteUses }
}

export type Codes = ReturnType<typeof createCodes>

type Fault = { pointer: string; detail: string }
const invalid = (errors: readonly Fault[]) => new Problem('orders.invalid-promotion', { errors })
const accountKey = ({ promotionId, accountId }: Use) => `${promotionId} ${accountId}`

const refusal = (code: Wrong, promotion: Promotion | undefined): Problem =>
  new Problem(
    code,
    code === 'orders.code-not-yet' && promotion?.validFrom
      ? { validFrom: new Date(promotion.validFrom).toISOString() }
      : {},
  )

const ruleOf = (promotion: Promotion, currency: Currency) => ({
  ...(promotion.percent === null ? {} : { percent: promotion.percent }),
  ...(promotion.amount === null ? {} : { amount: money(promotion.amount, currency) }),
  ...(promotion.sectionIds === null ? {} : { sectionIds: [...promotion.sectionIds] }),
})

const documentOf = (found: PromotionFigures, currency: Currency): PromotionDocument => ({
  id: found.id,
  eventId: found.eventId,
  name: found.name,
  ...ruleOf(found, currency),
  ...(found.usesMax === null ? {} : { usesMax: found.usesMax }),
  ...(found.usesPerAccountMax === null ? {} : { usesPerAccountMax: found.usesPerAccountMax }),
  ...(found.validFrom === null ? {} : { validFrom: new Date(found.validFrom).toISOString() }),
  ...(found.validUntil === null ? {} : { validUntil: new Date(found.validUntil).toISOString() }),
  allotmentIds: found.allotments.map(({ id }) => id),
  code: found.code,
  codes: found.codes,
  uses: found.uses,
  createdAt: new Date(found.createdAt).toISOString(),
  endedAt: found.endedAt === null ? null : new Date(found.endedAt).toISOString(),
})
