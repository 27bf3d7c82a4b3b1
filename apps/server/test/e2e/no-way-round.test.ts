import { generateKeyPairSync, sign } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ErrorCode } from '@fairgate/contracts/errors'
import { setRoles } from '@fairgate/contracts/http/identity'
import { audit } from '@fairgate/contracts/http/operations'
import { getLine } from '@fairgate/contracts/http/waiting-room'
import type { TokenKind, TokenPayload } from '@fairgate/contracts/tokens'
import { createSecrets } from '#platform/secrets'
import { createTokens } from '#platform/tokens'
import { newBuyer, openSale, payInSandbox, proof, registerOnly, signInAs, type TestSale } from './people.ts'
import { startOneProcess, until, type World } from './world.ts'

const secret = 'the secret of this server that nobody who is outside knows'
const clock = { now: () => Date.now() }
/** What the server signs with, to make tokens that only their time or their content makes wrong. */
const real = createTokens(createSecrets([secret]), clock)
const foreign = createTokens(createSecrets(['the secret of another server that is just as long']), clock)

const hour = 3600_000
const ago = () => Date.now() - 1000

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
type Attempt = { method?: Method; path: string; as?: string; body?: unknown; headers?: Record<string, string> }
type Refused = { name: string; status: number; code: ErrorCode; attempt: () => Attempt | Promise<Attempt> }
type Family = { name: string; honest: () => Attempt | Promise<Attempt>; refused: Refused[] }

/** Somebody who went as far as the name says: through the line into the shop, to seats, to an order. */
type Person = {
  accessToken: string
  accountId: string
  email: string
  placeToken: string
  passToken: string
  holdToken: string
  holdId: string
  orderId: string
  paymentRequestToken: string
}

let world: World
let sale: TestSale
/** Opens later: nobody is called in it. */
let later: TestSale
let tomorrow: TestSale
let admin: string
let organiser: string
/** Has everything: place, pass, seats, an order that waits for its payment. */
let alice: Person
/** Has a pass and nothing else, in the second line. */
let bob: Person
/** Has a place in a line that has not opened. */
let carol: Person
/** Left with a live pass. */
let gone: Person
/** Bought: the pass is used up. */
let done: Person
/** Left, joined again, went in again. */
let back: Person & { formerPlace: string; formerPass: string }
let fresh: Awaited<ReturnType<typeof newBuyer>>
let unverified: string
let otherOrganiser: string

beforeAll(async () => {
  world = await startOneProcess({ CHALLENGES: 'on', SIGNING_SECRETS: secret })
  ;[admin, organiser] = await Promise.all([signInAs(world, 'admin'), signInAs(world, 'organiser')])
  sale = await openSale(world, { lines: ['Stalls', 'Circle'], reserved: false, places: 50 })
  later = await openSale(world, { opensInMs: 600_000, reserved: false })
  tomorrow = await openSale(world, { opensInMs: 5 * hour, reserved: false })
  const [stalls, circle] = [0, 1]
  alice = await ordered(await shopping(await joined(stalls)))
  bob = await shopping(await joined(circle))
  carol = await joined(0, later)
  gone = await shopping(await joined(stalls))
  await expectOk({ method: 'DELETE', path: passes(stalls), as: gone.accessToken })
  done = await ordered(await shopping(await joined(stalls)))
  await paid(done)
  const former = await shopping(await joined(stalls))
  await expectOk({ method: 'DELETE', path: passes(stalls), as: former.accessToken })
  const again = await shopping(await joined(stalls, sale, former))
  back = { ...again, formerPlace: former.placeToken, formerPass: former.passToken }
  fresh = await newBuyer(world)
  unverified = await registerOnly(world)
  const other = await newBuyer(world)
  await world.client.call(setRoles, {
    params: { id: other.accountId },
    body: { roles: ['organiser'] },
    accessToken: admin,
  })
  otherOrganiser = await signInAgain(other.email)
  // The inventory hears of ended passes a moment later.
  for (const ended of [gone, done, { ...back, passToken: back.formerPass }])
    await until(async () => (await send(holding(ended, ended.passToken))).body.code === 'inventory.pass-ended', {
      what: 'the inventory to know that a pass has ended',
    })
}, 120_000)
afterAll(() => world?.stop())

async function send({ method = 'POST', path, as, body, headers }: Attempt) {
  const response = await fetch(world.url + path, {
    method,
    headers: {
      ...(as ? { authorization: `Bearer ${as}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return {
    status: response.status,
    body: (text && response.status !== 204 ? JSON.parse(text) : {}) as Record<string, never>,
  }
}

async function expectOk(attempt: Attempt) {
  const answer = await send(attempt)
  expect(answer.status, `${attempt.method ?? 'POST'} ${attempt.path}: ${JSON.stringify(answer.body)}`).toBeLessThan(300)
  return answer.body
}

const lineId = (index: number, of: TestSale = sale) => of.sale.lines[index]!.id
const sectionId = (index: number, of: TestSale = sale) => of.sections[index]!.id
const places = (index: number, of?: TestSale) => `/api/lines/${lineId(index, of)}/places`
const passes = (index: number, of?: TestSale) => `/api/lines/${lineId(index, of)}/passes`
const holding = (as: { accessToken: string }, passToken: unknown, section = sectionId(0)): Attempt => ({
  path: '/api/holds',
  as: as.accessToken,
  body: { passToken, sectionId: section, count: 1 },
})
const claiming = (as: { accessToken: string }, placeToken: unknown, index = 0, of?: TestSale): Attempt => ({
  path: passes(index, of),
  as: as.accessToken,
  body: { placeToken },
})

async function joined(line: number, of: TestSale = sale, who?: Person): Promise<Person> {
  const person = who ?? (await newBuyer(world))
  const challenge = await proof(world, person.accessToken)
  const { placeToken } = await expectOk({ path: places(line, of), as: person.accessToken, body: { challenge } })
  return { ...(person as Person), placeToken: placeToken! }
}

async function shopping(person: Person): Promise<Person> {
  const { lineId: line } = payloadOf('place', person.placeToken)
  let passToken: string | undefined
  await until(
    async () => {
      const { body } = await send({
        path: `/api/lines/${line}/passes`,
        as: person.accessToken,
        body: { placeToken: person.placeToken },
      })
      passToken = body['passToken']
      return passToken !== undefined
    },
    { what: 'the turn to come' },
  )
  return { ...person, passToken: passToken! }
}

async function ordered(person: Person): Promise<Person> {
  const { hold, holdToken } = (await expectOk(holding(person, person.passToken))) as unknown as {
    hold: { id: string }
    holdToken: string
  }
  const { order, paymentRequestToken } = (await expectOk({
    path: '/api/orders',
    as: person.accessToken,
    body: { holdToken },
  })) as unknown as { order: { id: string }; paymentRequestToken: string }
  return { ...person, holdToken, holdId: hold.id, orderId: order.id, paymentRequestToken }
}

const paying = async (as: Person, of: Person, amount = 55_000): Promise<Attempt> => ({
  path: '/api/payments/confirm',
  as: as.accessToken,
  body: {
    paymentRequestToken: of.paymentRequestToken,
    provider: 'toss',
    paymentKey: await payInSandbox(world, of.orderId, 55_000),
    amount,
  },
})

async function paid(person: Person): Promise<void> {
  await expectOk(await paying(person, person))
  await until(
    async () =>
      (
        (await expectOk({
          method: 'GET',
          path: `/api/orders/${person.orderId}?waitSeconds=10`,
          as: person.accessToken,
        })) as {
          state?: string
        }
      ).state === 'fulfilled',
    { what: 'the order to be fulfilled' },
  )
}

const signInAgain = async (email: string) =>
  (await expectOk({ path: '/api/sessions', body: { email, password: 'correct horse battery' } }))[
    'accessToken'
  ]! as string

const payloadOf = <K extends TokenKind>(kind: K, token: string) =>
  (real.verify(kind, token) as { payload: TokenPayload<K> }).payload

/** The same token with another payload and its old signature. */
function changed(token: string, changes: object): string {
  const [version, key, body, mac] = token.split('.')
  const payload = { ...JSON.parse(Buffer.from(body!, 'base64url').toString()), ...changes }
  return [version, key, Buffer.from(JSON.stringify(payload)).toString('base64url'), mac].join('.')
}

const withoutMac = (token: string) => `${token.split('.').slice(0, 3).join('.')}.`
const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const jwt = (header: object, payload: object, mac = '') => `${base64(header)}.${base64(payload)}.${mac}`
const partsOf = (token: string) =>
  token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>)

/** An access token that says it is somebody's with more roles, signed by a key of one's own. */
function selfSigned(accessToken: string): string {
  const [header, payload] = partsOf(accessToken)
  const text = jwt(header!, { ...payload, roles: ['admin'], email_verified: true }).slice(0, -1)
  return `${text}.${sign(null, Buffer.from(text), generateKeyPairSync('ed25519').privateKey).toString('base64url')}`
}

/** Everything that a way round the queue would change, read from the database. */
async function books() {
  const { figures, invariantsHeld } = await world.client.call(audit, { accessToken: admin })
  const lines = await Promise.all(
    [sale, later, tomorrow].flatMap((one) =>
      one.sale.lines.map(async ({ id }) => {
        const { phase, shoppersMax } = await world.client.call(getLine, { params: { id } })
        return { id, phase, shoppersMax }
      }),
    ),
  )
  return { figures, invariantsHeld, lines }
}

const forgedPlace = (): TokenPayload<'place'> => ({
  ...payloadOf('place', bob.placeToken),
  lineId: lineId(0),
  number: 1,
})

/** Headers that some server somewhere believes. */
const spoofs: Record<string, () => Record<string, string>> = {
  'X-Forwarded-For of this machine': () => ({ 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1' }),
  Forwarded: () => ({ forwarded: 'for=127.0.0.1;host=localhost;proto=https' }),
  'another host': () => ({ 'x-forwarded-host': 'localhost', 'x-original-url': '/livez', 'x-rewrite-url': '/livez' }),
  'a method override': () => ({ 'x-http-method-override': 'GET', 'x-method-override': 'GET', 'x-http-method': 'GET' }),
  'somebody else’s name': () => ({
    'x-user-id': alice.accountId,
    'x-forwarded-user': alice.accountId,
    'x-roles': 'admin',
  }),
}
const spoofed = (status: number, code: ErrorCode, attempt: () => Attempt): Refused[] =>
  Object.entries(spoofs).map(([name, headers]) => ({
    name: `with ${name}`,
    status,
    code,
    attempt: () => ({ ...attempt(), headers: headers() }),
  }))

const no = (status: number, code: ErrorCode, name: string, attempt: Refused['attempt']): Refused => ({
  name,
  status,
  code,
  attempt,
})

const families: Family[] = [
  {
    name: 'a place in the line',
    honest: async () => ({
      path: places(0),
      as: fresh.accessToken,
      body: { challenge: await proof(world, fresh.accessToken) },
    }),
    refused: [
      no(401, 'identity.sign-in-required', 'without an account', () => ({ path: places(0), body: {} })),
      no(403, 'identity.not-verified', 'with an e-mail that was not verified', async () => ({
        path: places(0),
        as: unverified,
        body: { challenge: await proof(world, unverified) },
      })),
      no(409, 'identity.email-taken', 'with a second account on the same e-mail in other letters', () => ({
        path: '/api/accounts',
        body: { email: alice.email.toUpperCase(), password: 'correct horse battery', name: 'A' },
      })),
      no(403, 'waiting-room.challenge-required', 'without a challenge', () => ({
        path: places(0),
        as: fresh.accessToken,
        body: {},
      })),
      no(403, 'waiting-room.challenge-invalid', 'with somebody else’s challenge', async () => ({
        path: places(0),
        as: fresh.accessToken,
        body: { challenge: await proof(world, alice.accessToken) },
      })),
      no(403, 'waiting-room.challenge-used', 'with a challenge that made a place already', () => ({
        path: places(0),
        as: fresh.accessToken,
        body: { challenge: spent },
      })),
      no(403, 'waiting-room.challenge-invalid', 'with a challenge made easier', async () => ({
        path: places(0),
        as: fresh.accessToken,
        body: { challenge: await easier() },
      })),
      no(409, 'waiting-room.in-another-line', 'in a second line of the sale', async () => ({
        path: places(1),
        as: alice.accessToken,
        body: { challenge: await proof(world, alice.accessToken) },
      })),
      no(409, 'waiting-room.not-open', 'hours before it gathers', async () => ({
        path: places(0, tomorrow),
        as: fresh.accessToken,
        body: { challenge: await proof(world, fresh.accessToken) },
      })),
      no(401, 'identity.sign-in-required', 'with the refresh token as access token', async () => ({
        path: places(0),
        as: await refreshToken(),
        body: {},
      })),
      no(401, 'identity.sign-in-required', 'with an access token that nobody signed', () => ({
        path: places(0),
        as: jwt({ alg: 'none', typ: 'at+jwt' }, partsOf(fresh.accessToken)[1]!),
        body: {},
      })),
      no(401, 'identity.sign-in-required', 'with an access token signed by oneself', () => ({
        path: places(0),
        as: selfSigned(unverified),
        body: {},
      })),
      no(401, 'identity.sign-in-required', 'with an access token whose content was changed', () => ({
        path: places(0),
        as: [
          unverified.split('.')[0],
          base64({ ...partsOf(unverified)[1], email_verified: true }),
          unverified.split('.')[2],
        ].join('.'),
        body: {},
      })),
      no(401, 'identity.sign-in-required', 'with a place token as access token', () => ({
        path: places(0),
        as: alice.placeToken,
        body: {},
      })),
      ...spoofed(401, 'identity.sign-in-required', () => ({ path: places(0), body: {} })),
    ],
  },
  {
    name: 'a pass',
    honest: () => claiming(bob, bob.placeToken, 1),
    refused: [
      no(400, 'http.invalid', 'without a place', () => ({ path: passes(0), as: fresh.accessToken, body: {} })),
      no(401, 'identity.sign-in-required', 'without an account', () => ({
        path: passes(0),
        body: { placeToken: alice.placeToken },
      })),
      no(425, 'waiting-room.not-yet', 'before the frontier', () => claiming(carol, carol.placeToken, 0, later)),
      no(403, 'waiting-room.place-invalid', 'before the frontier, with a place that says number 0', () =>
        claiming(carol, changed(carol.placeToken, { number: 0 }), 0, later),
      ),
      no(403, 'waiting-room.place-invalid', 'with somebody else’s place', () => claiming(bob, alice.placeToken)),
      no(403, 'waiting-room.place-invalid', 'with another line’s place', () => claiming(alice, alice.placeToken, 1)),
      no(403, 'waiting-room.place-invalid', 'with a place moved to another line', () =>
        claiming(carol, changed(carol.placeToken, { lineId: lineId(0) })),
      ),
      no(403, 'waiting-room.place-invalid', 'with a signed place that was never given', () =>
        claiming(bob, real.sign('place', forgedPlace())),
      ),
      no(403, 'waiting-room.place-invalid', 'with a place signed with another key', () =>
        claiming(bob, foreign.sign('place', forgedPlace())),
      ),
      no(403, 'waiting-room.place-invalid', 'with a place without signature', () =>
        claiming(bob, withoutMac(bob.placeToken), 1),
      ),
      no(403, 'waiting-room.place-invalid', 'with a place that says alg none', () =>
        claiming(bob, jwt({ alg: 'none' }, forgedPlace()), 1),
      ),
      no(403, 'waiting-room.place-invalid', 'with a pass as place', () => claiming(bob, bob.passToken, 1)),
      no(409, 'waiting-room.pass-used', 'with a place whose pass was given back', () =>
        claiming(gone, gone.placeToken),
      ),
      no(409, 'waiting-room.pass-used', 'with a place whose order is fulfilled', () => claiming(done, done.placeToken)),
      no(409, 'waiting-room.pass-used', 'with the place before the present one', () =>
        claiming(back, back.formerPlace),
      ),
      ...spoofed(425, 'waiting-room.not-yet', () => claiming(carol, carol.placeToken, 0, later)),
    ],
  },
  {
    name: 'seats',
    honest: () => holding(bob, bob.passToken, sectionId(1)),
    refused: [
      no(400, 'http.invalid', 'without a pass', () => holding(fresh, undefined)),
      no(403, 'inventory.pass-invalid', 'with an empty pass', () => holding(fresh, '')),
      no(401, 'identity.sign-in-required', 'without an account', () =>
        holding({ accessToken: '' }, bob.passToken, sectionId(1)),
      ),
      no(403, 'inventory.pass-invalid', 'with somebody else’s pass', () => holding(fresh, bob.passToken, sectionId(1))),
      no(403, 'inventory.pass-invalid', 'with the pass of another line', () =>
        holding(bob, bob.passToken, sectionId(0)),
      ),
      no(403, 'inventory.pass-invalid', 'with the pass of another sale', () =>
        holding(bob, bob.passToken, sectionId(0, later)),
      ),
      no(403, 'inventory.pass-expired', 'with a pass that has expired', () =>
        holding(bob, real.sign('pass', { ...payloadOf('pass', bob.passToken), exp: ago() }), sectionId(1)),
      ),
      no(403, 'inventory.pass-invalid', 'with a pass made longer', () =>
        holding(gone, changed(gone.passToken, { exp: Date.now() + hour })),
      ),
      no(403, 'inventory.pass-invalid', 'with a pass made wider', () =>
        holding(bob, changed(bob.passToken, { sectionIds: [sectionId(0)] })),
      ),
      no(403, 'inventory.pass-invalid', 'with a pass signed with another key', () =>
        holding(bob, foreign.sign('pass', payloadOf('pass', bob.passToken)), sectionId(1)),
      ),
      no(403, 'inventory.pass-invalid', 'with a pass without signature', () =>
        holding(bob, withoutMac(bob.passToken), sectionId(1)),
      ),
      no(403, 'inventory.pass-invalid', 'with a pass that says alg none', () =>
        holding(bob, jwt({ alg: 'none' }, payloadOf('pass', bob.passToken)), sectionId(1)),
      ),
      no(403, 'inventory.pass-invalid', 'with a place as pass', () => holding(alice, alice.placeToken)),
      no(403, 'inventory.pass-invalid', 'with a hold as pass', () => holding(alice, alice.holdToken)),
      no(403, 'inventory.pass-invalid', 'with an access token as pass', () => holding(alice, alice.accessToken)),
      no(403, 'inventory.pass-ended', 'with a pass that was given back', () => holding(gone, gone.passToken)),
      no(403, 'inventory.pass-ended', 'with a pass whose order is fulfilled', () => holding(done, done.passToken)),
      no(403, 'inventory.pass-ended', 'with the pass of a former place', () => holding(back, back.formerPass)),
      ...spoofed(403, 'inventory.pass-invalid', () => holding(fresh, bob.passToken, sectionId(1))),
    ],
  },
  {
    name: 'an order',
    honest: () => ({ path: '/api/orders', as: alice.accessToken, body: { holdToken: alice.holdToken } }),
    refused: [
      no(403, 'orders.hold-invalid', 'of somebody else’s seats', () => ({
        path: '/api/orders',
        as: bob.accessToken,
        body: { holdToken: alice.holdToken },
      })),
      no(403, 'orders.hold-invalid', 'with a pass instead of seats', () => ({
        path: '/api/orders',
        as: bob.accessToken,
        body: { holdToken: bob.passToken },
      })),
      no(403, 'orders.hold-invalid', 'of seats at another price', () => ({
        path: '/api/orders',
        as: alice.accessToken,
        body: { holdToken: changed(alice.holdToken, { holdId: 'hld_new', total: { amount: 1, currency: 'KRW' } }) },
      })),
      no(403, 'orders.hold-invalid', 'of seats signed with another key', () => ({
        path: '/api/orders',
        as: bob.accessToken,
        body: {
          holdToken: foreign.sign('hold', {
            ...payloadOf('hold', alice.holdToken),
            holdId: 'hld_new',
            accountId: bob.accountId,
          }),
        },
      })),
      no(409, 'orders.hold-expired', 'of seats whose time is over', () => ({
        path: '/api/orders',
        as: bob.accessToken,
        body: {
          holdToken: real.sign('hold', {
            ...payloadOf('hold', alice.holdToken),
            holdId: 'hld_new',
            accountId: bob.accountId,
            exp: ago(),
          }),
        },
      })),
    ],
  },
  {
    name: 'a payment',
    honest: () => paying(alice, alice),
    refused: [
      no(403, 'payments.request-invalid', 'of somebody else’s order', () => paying(bob, alice)),
      no(409, 'payments.wrong-amount', 'of less', () => paying(alice, alice, 1)),
      no(403, 'payments.request-invalid', 'with seats instead of a request', () =>
        paying(alice, { ...alice, paymentRequestToken: alice.holdToken }),
      ),
      no(403, 'payments.request-invalid', 'with a request signed with another key', () =>
        paying(alice, {
          ...alice,
          paymentRequestToken: foreign.sign('payment-request', payloadOf('payment-request', alice.paymentRequestToken)),
        }),
      ),
    ],
  },
  {
    name: 'what is somebody’s',
    honest: () => ({ method: 'GET', path: `/api/orders/${alice.orderId}`, as: alice.accessToken }),
    refused: [
      no(404, 'orders.order-not-found', 'reading another’s order', () => ({
        method: 'GET',
        path: `/api/orders/${alice.orderId}`,
        as: bob.accessToken,
      })),
      no(404, 'orders.order-not-found', 'cancelling another’s order', () => ({
        path: `/api/orders/${alice.orderId}/cancel`,
        as: bob.accessToken,
      })),
      no(404, 'inventory.hold-not-found', 'reading another’s seats', () => ({
        method: 'GET',
        path: `/api/holds/${alice.holdId}`,
        as: bob.accessToken,
      })),
      no(404, 'inventory.hold-not-found', 'releasing another’s seats', () => ({
        method: 'DELETE',
        path: `/api/holds/${alice.holdId}`,
        as: bob.accessToken,
      })),
    ],
  },
  {
    name: 'the organiser’s hand',
    honest: () => ({ method: 'PATCH', path: `/api/lines/${lineId(0)}`, as: organiser, body: { shoppersMax: 101 } }),
    refused: [
      no(403, 'identity.not-allowed', 'pausing as a buyer', () => ({
        path: `/api/lines/${lineId(0)}/pause`,
        as: bob.accessToken,
      })),
      no(403, 'identity.not-allowed', 'resuming as a buyer', () => ({
        path: `/api/lines/${lineId(0)}/resume`,
        as: bob.accessToken,
      })),
      no(403, 'identity.not-allowed', 'letting more in as a buyer', () => ({
        method: 'PATCH',
        path: `/api/lines/${lineId(0)}`,
        as: bob.accessToken,
        body: { shoppersMax: 100_000 },
      })),
      no(404, 'waiting-room.line-not-found', 'letting more in as another organiser', () => ({
        method: 'PATCH',
        path: `/api/lines/${lineId(0)}`,
        as: otherOrganiser,
        body: { shoppersMax: 100_000 },
      })),
      no(405, 'http.method-not-allowed', 'letting more in with a POST that says PATCH', () => ({
        path: `/api/lines/${lineId(0)}?_method=PATCH`,
        as: bob.accessToken,
        body: { shoppersMax: 100_000 },
        headers: { 'x-http-method-override': 'PATCH' },
      })),
      no(403, 'identity.not-allowed', 'looking at the defences as a buyer', () => ({
        method: 'GET',
        path: `/api/organiser/sales/${sale.sale.id}/defences`,
        as: bob.accessToken,
      })),
      no(403, 'identity.not-allowed', 'publishing as a buyer', () => ({
        path: `/api/sales/${sale.sale.id}/publish`,
        as: bob.accessToken,
      })),
      no(403, 'identity.not-allowed', 'appointing oneself', () => ({
        method: 'PUT',
        path: `/api/accounts/${bob.accountId}/roles`,
        as: bob.accessToken,
        body: { roles: ['admin'] },
      })),
      no(401, 'identity.sign-in-required', 'appointing oneself with a token of one’s own', () => ({
        method: 'PUT',
        path: `/api/accounts/${bob.accountId}/roles`,
        as: selfSigned(bob.accessToken),
        body: { roles: ['admin'] },
      })),
      ...spoofed(403, 'identity.not-allowed', () => ({
        method: 'PATCH',
        path: `/api/lines/${lineId(0)}`,
        as: bob.accessToken,
        body: { shoppersMax: 100_000 },
      })),
    ],
  },
]

/** A solution for anybody that has made a place. */
let spent: string

async function easier(): Promise<string> {
  const payload = JSON.parse(Buffer.from(await proof(world, fresh.accessToken), 'base64').toString()) as {
    challenge: { parameters: { cost: number } }
  }
  payload.challenge.parameters.cost = 1
  return Buffer.from(JSON.stringify(payload)).toString('base64')
}

async function refreshToken(): Promise<string> {
  const response = await fetch(`${world.url}/api/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: fresh.email, password: 'correct horse battery' }),
  })
  return /=([^;]+)/.exec(response.headers.get('set-cookie')!)![1]!
}

describe('no way round the queue', () => {
  beforeAll(async () => {
    spent = await proof(world, '')
    await expectOk({ path: places(1), as: (await newBuyer(world)).accessToken, body: { challenge: spent } })
  })

  for (const { name, refused } of families)
    test(`${name}: ${refused.length} ways without its right are refused, each for its reason, and nothing changes`, async () => {
      const attempts = []
      for (const { attempt, ...row } of refused) attempts.push({ ...row, attempt: await attempt() })
      const before = await books()
      for (const { name: way, status, code, attempt } of attempts) {
        const answer = await send(attempt)
        expect({ way, status: answer.status, code: answer.body['code'] }).toEqual({ way, status, code })
        expect({ way, ...(await books()) }).toEqual({ way, ...before })
      }
      expect(before.invariantsHeld).toBe(true)
    })

  test('control: the books above show a place, a pass and seats', async () => {
    const before = await books()
    const person = await shopping(await joined(0))
    await expectOk(holding(person, person.passToken))
    const after = await books()
    const grown = (figure: string) => after.figures[figure]! - before.figures[figure]!
    expect([grown('waiting-room.places'), grown('waiting-room.shoppers'), grown('inventory.held')]).toEqual([1, 1, 1])
  })

  for (const { name, honest } of families)
    test(`control: ${name}: the honest way is open`, async () => {
      await expectOk(await honest())
    })
})
