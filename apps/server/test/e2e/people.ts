import { solveChallenge } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2'
import { ApiError } from '@fairgate/contracts/client'
import type { ErrorCode } from '@fairgate/contracts/errors'
import {
  addSection,
  createEvent,
  createSale,
  getEvent,
  publishSale,
  type Sale,
  type Section,
} from '@fairgate/contracts/http/catalog'
import { register, signIn, verifyEmail } from '@fairgate/contracts/http/identity'
import { placeHold } from '@fairgate/contracts/http/inventory'
import { getOrder, placeOrder, type Order } from '@fairgate/contracts/http/orders'
import { confirmPayment } from '@fairgate/contracts/http/payments'
import { claimPass, getChallenge, joinLine } from '@fairgate/contracts/http/waiting-room'
import type { Answer } from '@fairgate/contracts/http/route'
import { until, type World } from './world.ts'

export const demoPassword = 'fairgate-demo'

export async function signInAs(world: World, name: string): Promise<string> {
  const { accessToken } = await world.client.call(signIn, {
    body: { email: `${name}@demo.fairgate.test`, password: demoPassword },
  })
  return accessToken
}

let registered = 0

/** Registers somebody new, reads the code in the mailbox and enters it. */
export async function newBuyer(world: World): Promise<{ email: string; accountId: string; accessToken: string }> {
  const email = `person-${process.pid}-${++registered}@example.test`
  const { account, accessToken } = await world.client.call(register, {
    body: { email, password: 'correct horse battery', name: 'Person' },
  })
  const code = await mailedCode(world, email)
  const verified = await world.client.call(verifyEmail, { body: { email, code }, accessToken })
  return { email, accountId: account.id, accessToken: verified.accessToken ?? (await signedIn(world, email)) }
}

/** Registers somebody who never enters the code. @returns the access token */
export async function registerOnly(world: World): Promise<string> {
  const email = `person-${process.pid}-${++registered}@example.test`
  const body = { email, password: 'correct horse battery', name: 'Person' }
  return (await world.client.call(register, { body })).accessToken
}

const signedIn = async (world: World, email: string) =>
  (await world.client.call(signIn, { body: { email, password: 'correct horse battery' } })).accessToken

export async function mailsTo(world: World, email: string): Promise<{ subject: string; text: string; html: string }[]> {
  const response = await fetch(`${world.url}/dev/mailbox?to=${encodeURIComponent(email)}`)
  return ((await response.json()) as { items: { subject: string; text: string; html: string }[] }).items
}

export async function mailedCode(world: World, email: string): Promise<string> {
  let code: string | undefined
  await until(
    async () => {
      code = (await mailsTo(world, email)).map((mail) => /\b\d{6}\b/.exec(mail.text)?.[0]).find(Boolean)
      return code !== undefined
    },
    { what: `a code for ${email}` },
  )
  return code!
}

export type TestSale = { eventId: string; sale: Sale; sections: Section[]; lineId: string }

/** An event of the demo organiser with a published sale that is open and ready. */
export async function openSale(
  world: World,
  options: {
    kind?: 'concert' | 'race'
    places?: number
    reserved?: boolean
    limit?: number
    holdSeconds?: number
    opensInMs?: number
    /** Of a place, in won. */
    price?: number
    /** All of it goes back to who cancels; otherwise nothing does. */
    refunds?: boolean
    /** Names of sections with a line each, instead of one of each. */
    lines?: readonly string[]
  } = {},
): Promise<TestSale> {
  const accessToken = await signInAs(world, 'organiser')
  const now = Date.now()
  const event = await world.client.call(createEvent, {
    body: {
      kind: options.kind ?? 'concert',
      name: 'Evening of strings',
      venue: 'Small hall',
      startsAt: new Date(now + 40 * 24 * 3600_000).toISOString(),
      timeZone: 'Asia/Seoul',
      currency: 'KRW',
      ...(options.refunds ? { refunds: { steps: [{ until: { hoursBefore: 0 }, percent: 100 }] } } : {}),
    },
    accessToken,
  })
  const places = options.places ?? 10
  const names = options.lines ?? ['Stalls']
  const sections: Section[] = []
  for (const name of names)
    sections.push(
      await world.client.call(addSection, {
        params: { id: event.id },
        body: {
          name,
          price: { amount: options.price ?? 55_000, currency: 'KRW' },
          ...(options.reserved === false
            ? { admission: 'open' as const, capacity: places }
            : {
                admission: 'reserved' as const,
                seats: Array.from({ length: places }, (_, i) => ({ row: 'A', number: String(i + 1), x: i, y: 0 })),
              }),
        },
        accessToken,
      }),
    )
  const draft = await world.client.call(createSale, {
    params: { id: event.id },
    body: {
      method: 'queue',
      opensAt: new Date(now + (options.opensInMs ?? -1000)).toISOString(),
      closesAt: new Date(now + 24 * 3600_000).toISOString(),
      holdSeconds: options.holdSeconds ?? 300,
      limitPerAccount: options.limit ?? 4,
      lines: sections.map(({ id, name }) => ({
        name: options.lines ? name : 'All',
        sectionIds: [id],
        shoppersMax: 100,
        admitPerMinute: 60_000,
      })),
    },
    accessToken,
  })
  await world.client.call(publishSale, { params: { id: draft.id }, accessToken })
  let sale = draft
  await until(
    async () => {
      sale = (await world.client.call(getEvent, { params: { id: event.id }, accessToken })).sales[0]!
      return sale.readiness.inventory && sale.readiness.waitingRoom
    },
    { what: 'the sale to be ready' },
  )
  return { eventId: event.id, sale, sections, lineId: sale.lines[0]!.id }
}

export async function enter(world: World, lineId: string, accessToken: string): Promise<Answer<typeof claimPass>> {
  const { placeToken } = await world.client.call(joinLine, { params: { id: lineId }, body: {}, accessToken })
  let pass: Answer<typeof claimPass> | undefined
  await until(
    async () => {
      try {
        pass = await world.client.call(claimPass, { params: { id: lineId }, body: { placeToken }, accessToken })
        return true
      } catch (error) {
        if (error instanceof ApiError && error.problem.code === 'waiting-room.not-yet') return false
        throw error
      }
    },
    { what: 'the turn to come' },
  )
  return pass!
}

/** A challenge of this account with its solution, as `joinLine` takes it. */
export async function proof(world: World, accessToken: string): Promise<string> {
  const challenge = await world.client.call(getChallenge, { query: { purpose: 'join' }, accessToken })
  const solution = await solveChallenge({ challenge, deriveKey })
  return Buffer.from(JSON.stringify({ challenge, solution })).toString('base64')
}

export async function hold(
  world: World,
  sale: TestSale,
  accessToken: string,
  wish: { seatIds?: string[]; count?: number },
): Promise<Answer<typeof placeHold>> {
  const { passToken } = await enter(world, sale.lineId, accessToken)
  return world.client.call(placeHold, { body: { passToken, sectionId: sale.sections[0]!.id, ...wish }, accessToken })
}

/** What the payment window would have returned. */
export async function payInSandbox(
  world: World,
  orderId: string,
  amount: number,
  manner: Record<string, unknown> = {},
): Promise<string> {
  const response = await fetch(`${world.url}/sandbox/payments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ orderId, amount, ...manner }),
  })
  if (!response.ok) throw new Error(`the sandbox answered ${response.status}: ${await response.text()}`)
  return ((await response.json()) as { paymentKey: string }).paymentKey
}

export async function buy(
  world: World,
  holdToken: string,
  accessToken: string,
  manner: Record<string, unknown> = {},
): Promise<Order> {
  const { order, paymentRequestToken } = await world.client.call(placeOrder, { body: { holdToken }, accessToken })
  if (paymentRequestToken) {
    const paymentKey = await payInSandbox(world, order.id, order.total.amount, manner)
    await world.client.call(confirmPayment, {
      body: { paymentRequestToken, provider: 'toss', paymentKey, amount: order.total.amount },
      accessToken,
      idempotencyKey: `${order.id}-1`,
    })
  }
  return world.client.call(getOrder, { params: { id: order.id }, query: { waitSeconds: 20 }, accessToken })
}

/** The code of the refusal that a call meets; anything else fails the test. */
export async function refusal(call: Promise<unknown>): Promise<ErrorCode> {
  try {
    await call
  } catch (error) {
    if (error instanceof ApiError) return error.problem.code
    throw error
  }
  throw new Error('the call was not refused')
}
