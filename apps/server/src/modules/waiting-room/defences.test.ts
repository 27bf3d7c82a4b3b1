import { solveChallenge, verifySolution } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2'
import { deriveKey as webDeriveKey } from 'altcha-lib/algorithms/web/pbkdf2'
import { expect, vi } from 'vitest'
import type { Challenge } from '@fairgate/contracts/http/waiting-room'
import { sql } from '#platform/db'
import type { Ephemeral } from '#platform/ephemeral'
import { createSecrets } from '#platform/secrets'
import { test, type TestPlatform } from '../../../test/fixtures.ts'
import { createChallenges } from './challenges.ts'
import type { DefencesConfig } from './defences.ts'
import type { WaitingRoomConfig } from './index.ts'
import { openWorld, opensAt, people } from './test-world.ts'

const secrets = createSecrets(['a secret of this test'])
const challenges = { secrets, areRequired: true, cost: 2, triesMax: 8 }

type From = { ip?: string; device?: string }
type Body = { code?: string; placeToken?: string; place?: { number: number } }
type Answer = { status: number; headers: Record<string, unknown>; body: Body }
type Payload = { challenge: Challenge; solution: { counter: number; derivedKey: string } | null }

/** A waiting room that asks for proofs, and the calls that people make of it. Time passes while they solve. */
async function guarded(
  platform: TestPlatform,
  options: { config?: Partial<WaitingRoomConfig>; defences?: Partial<DefencesConfig> } = {},
) {
  const world = await openWorld(platform, [{ id: 'lin_a' }], {
    challenges,
    ...options.config,
    ...(options.defences ? { defences: options.defences } : {}),
  })
  platform.clock.set(Date.parse(opensAt) - 60_000)
  const { fastify } = platform.http([world.module])

  /** As the server names a device; a word with a point in it is sent as it is. */
  const named = (device: string): string =>
    device.includes('.') ? device : platform.tokens.sign('device', { device, iat: 0 })

  async function call(
    method: 'GET' | 'POST',
    url: string,
    accountId: string | undefined,
    { ip, device }: From = {},
    body?: object,
  ): Promise<Answer> {
    const answer = await fastify.inject({
      method,
      url,
      remoteAddress: ip ?? '198.51.100.1',
      headers: {
        ...(accountId ? await platform.authorization(accountId) : {}),
        ...(device ? { cookie: `other=1; fairgate-device=${named(device)}` } : {}),
      },
      ...(body ? { payload: body } : {}),
    })
    return { status: answer.statusCode, headers: answer.headers, body: answer.json() }
  }
  const challenge = async (accountId?: string, from: From = {}): Promise<Challenge> => {
    const answer = await call('GET', '/api/challenges?purpose=join', accountId, from)
    expect(answer.status).toBe(200)
    return answer.body as unknown as Challenge
  }
  const send = (accountId: string, payload: string | undefined, from: From = {}) =>
    call('POST', '/api/lines/lin_a/places', accountId, from, payload === undefined ? {} : { challenge: payload })

  return {
    ...world,
    call,
    challenge,
    send,
    callAs: world.call,
    /** Asks, solves, joins. */
    async prove(accountId: string, from: From = {}, solvesInMs = 1000) {
      const payload = await solved(await challenge(accountId, from))
      platform.clock.advance(solvesInMs)
      return send(accountId, payload, from)
    },
    defences: async () =>
      (
        await world.call('GET', '/api/organiser/sales/sal_1/defences', 'acc_organiser', undefined, {
          roles: ['organiser'],
        })
      ).body as { counts: { defence: string; count: number }[]; reviews: { accountId: string; reasons: string[] }[] },
    count: async (defence: string) => {
      const { body } = await world.call('GET', '/api/organiser/sales/sal_1/defences', 'acc_organiser', undefined, {
        roles: ['organiser'],
      })
      return (
        (body.counts as { defence: string; count: number }[]).find((entry) => entry.defence === defence)?.count ?? 0
      )
    },
  }
}

async function solved(
  challenge: Challenge,
  change: (payload: Payload) => unknown = (payload) => payload,
): Promise<string> {
  const solution = await solveChallenge({ challenge, deriveKey })
  return Buffer.from(JSON.stringify(change({ challenge, solution }))).toString('base64')
}

const device = (letter: string) => letter.repeat(32)

test('a challenge solved by its own account joins, by the official solver of Node and of browsers', async ({
  platform,
}) => {
  const world = await guarded(platform)
  expect((await world.document()).challenge).toBe(true)
  expect(await world.prove('acc_1')).toMatchObject({ status: 201, body: { place: { number: 1 } } })
  const challenge = await world.challenge('acc_2')
  const solution = await solveChallenge({ challenge, deriveKey: webDeriveKey })
  const payload = Buffer.from(JSON.stringify({ challenge, solution })).toString('base64')
  expect((await world.send('acc_2', payload)).status).toBe(201)
  expect(await world.count('proof-accepted')).toBe(2)
})

test('the official verification agrees with ours', async ({ platform }) => {
  vi.useFakeTimers({ toFake: ['Date'], now: platform.clock.now() })
  try {
    const own = createChallenges(platform, challenges)
    const key = (purpose: string) => secrets.keys(purpose)[0]!.key.toString('hex')
    for (let i = 0; i < 10; i++) {
      const challenge = await own.create('acc_1', 0)
      const solution = (await solveChallenge({ challenge, deriveKey }))!
      const verify = (answer: typeof solution) =>
        verifySolution({
          challenge,
          solution: answer,
          deriveKey,
          hmacSignatureSecret: key('challenge'),
          hmacKeySignatureSecret: key('challenge-key'),
        })
      const payload = (answer: object) =>
        Buffer.from(JSON.stringify({ challenge, solution: answer })).toString('base64')
      const wrong = { ...solution, derivedKey: '00'.repeat(32) }
      expect((await verify(wrong)).verified).toBe(false)
      expect(await own.check(payload(wrong), 'acc_1')).toMatchObject({ code: 'waiting-room.challenge-invalid' })
      expect((await verify(solution)).verified).toBe(true)
      expect((await own.check(payload(solution), 'acc_1')).kind).toBe('proven')
    }
  } finally {
    vi.useRealTimers()
  }
})

test('without a challenge nobody gets a place, and the refusal says where one is', async ({ platform }) => {
  const world = await guarded(platform)
  expect(await world.send('acc_1', undefined)).toMatchObject({
    status: 403,
    body: { code: 'waiting-room.challenge-required', challengeUrl: '/api/challenges?purpose=join' },
  })
  expect((await world.document()).arrivals).toBe(0)
  expect(await world.count('proof-missing')).toBe(1)
})

test('where challenges are off they may be left out, sent all the same, and are still given', async ({ platform }) => {
  const world = await guarded(platform, { config: { challenges: { ...challenges, areRequired: false } } })
  expect((await world.document()).challenge).toBe(false)
  expect((await world.send('acc_1', undefined)).status).toBe(201)
  expect((await world.prove('acc_2')).status).toBe(201)
  expect((await world.send('acc_3', 'nonsense')).status).toBe(201)
})

test('only the right solution of an untouched challenge of one’s own is accepted', async ({ platform }) => {
  const world = await guarded(platform)
  const refused = { status: 403, body: { code: 'waiting-room.challenge-invalid' } }
  for (const payload of [
    '',
    'AAAA',
    '{}',
    Buffer.from('null').toString('base64'),
    Buffer.from('[[]]').toString('base64'),
  ])
    expect(await world.send('acc_1', payload)).toMatchObject(refused)
  const challenge = await world.challenge('acc_1')
  const changes: ((payload: Payload) => unknown)[] = [
    (p) => ({ ...p, solution: { ...p.solution, derivedKey: 'ff'.repeat(32) } }),
    (p) => ({ ...p, solution: { ...p.solution, derivedKey: `${p.challenge.parameters.keyPrefix}${'00'.repeat(16)}` } }),
    (p) => ({ ...p, solution: { ...p.solution, counter: -1 } }),
    (p) => ({ ...p, solution: undefined }),
    (p) => ({ challenge: { ...p.challenge, signature: '00'.repeat(32) }, solution: p.solution }),
    ...Object.entries({ expiresAt: 4e9, nonce: '00'.repeat(16), cost: 1, keySignature: undefined }).map(
      ([name, value]) =>
        (p: Payload) => ({
          ...p,
          challenge: { ...p.challenge, parameters: { ...p.challenge.parameters, [name]: value } },
        }),
    ),
    ...Object.entries({ account: 'acc_2', purpose: 'bid', level: 0.5 }).map(([name, value]) => (p: Payload) => ({
      ...p,
      challenge: {
        ...p.challenge,
        parameters: { ...p.challenge.parameters, data: { ...p.challenge.parameters.data, [name]: value } },
      },
    })),
  ]
  for (const change of changes)
    expect(await world.send('acc_1', await solved(challenge, change))).toMatchObject(refused)
  expect(await world.send('acc_2', await solved(challenge))).toMatchObject(refused)
  platform.clock.advance(1000)
  expect((await world.send('acc_1', await solved(challenge))).status).toBe(201)
})

test('a challenge can be answered until it expires', async ({ platform }) => {
  const world = await guarded(platform)
  const [last, late] = [await world.challenge('acc_1'), await world.challenge('acc_2')]
  platform.clock.advance(599_000)
  expect((await world.send('acc_1', await solved(last))).status).toBe(201)
  platform.clock.advance(2000)
  expect(await world.send('acc_2', await solved(late))).toMatchObject({
    status: 403,
    body: { code: 'waiting-room.challenge-expired' },
  })
})

test('one solution makes one place, whoever sends it how often at once', async ({ platform }) => {
  const world = await guarded(platform)
  const payload = await solved(await world.challenge())
  platform.clock.advance(1000)
  const answers = await Promise.all(people(8).map((accountId) => world.send(accountId, payload)))
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
  expect(new Set(answers.map(({ body }) => body.code))).toEqual(new Set([undefined, 'waiting-room.challenge-used']))
  expect((await world.document()).arrivals).toBe(1)
})

test('control: without the memory of spent solutions one of them makes a place for everybody', async ({ platform }) => {
  const forgetful: Ephemeral = { ...platform.ephemeral, once: async () => true }
  const world = await guarded({ ...platform, ephemeral: forgetful })
  const payload = await solved(await world.challenge())
  platform.clock.advance(1000)
  const answers = await Promise.all(people(8).map((accountId) => world.send(accountId, payload)))
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(8)
})

test('who has a place is told it again, with a spent solution or with none', async ({ platform }) => {
  const world = await guarded(platform)
  const payload = await solved(await world.challenge('acc_1'))
  platform.clock.advance(1000)
  const first = await world.send('acc_1', payload)
  expect(first.status).toBe(201)
  for (const again of [payload, undefined, 'nonsense'])
    expect(await world.send('acc_1', again)).toMatchObject({ status: 200, body: { place: first.body.place } })
})

test('a refusal does not spend the solution', async ({ platform }) => {
  const world = await guarded(platform)
  platform.clock.set(Date.parse(opensAt) - 3600_000 - 30_000)
  const payload = await solved(await world.challenge('acc_1'))
  expect((await world.send('acc_1', payload)).body.code).toBe('waiting-room.not-open')
  platform.clock.advance(40_000)
  expect((await world.send('acc_1', payload)).status).toBe(201)
})

test('a solution that came faster than it can be found makes the next challenge harder, and refuses nobody', async ({
  platform,
}) => {
  const world = await guarded(platform, { config: { challenges: { ...challenges, triesMax: 100_000, cost: 1 } } })
  expect((await world.prove('acc_1', {}, 0)).status).toBe(201)
  expect((await world.prove('acc_2', {}, 60_000)).status).toBe(201)
  const levelOf = async (accountId: string) => (await world.challenge(accountId)).parameters.data.level
  expect([await levelOf('acc_1'), await levelOf('acc_2')]).toEqual([2, 0])
  expect(await world.count('proof-too-fast')).toBe(1)
  expect((await world.defences()).reviews).toEqual([])
})

test('a harder challenge takes more tries, sixteen times as many at most', async ({ platform }) => {
  const own = createChallenges(platform, { ...challenges, triesMax: 16 })
  const tries = async (level: 0 | 1 | 2) => {
    let sum = 0
    for (let i = 0; i < 60; i++)
      sum += 1 + (await solveChallenge({ challenge: await own.create('acc_1', level), deriveKey }))!.counter
    return sum / 60
  }
  const [easy, harder, hardest] = [await tries(0), await tries(1), await tries(2)]
  expect(easy).toBeGreaterThan(5)
  expect(easy).toBeLessThan(12)
  expect(harder / easy).toBeGreaterThan(2.5)
  expect(hardest / easy).toBeGreaterThan(10)
  expect(hardest / easy).toBeLessThan(25)
})

test('many accounts on one device get harder challenges; with a crowded address somebody looks at them, and all have joined', async ({
  platform,
}) => {
  const world = await guarded(platform, { defences: { deviceAccountsMax: 2, addressAccountsMax: 3 } })
  const from = { ip: '203.0.113.9', device: device('a') }
  for (const accountId of people(5)) expect((await world.prove(accountId, from)).status).toBe(201)
  const { counts, reviews } = await world.defences()
  expect(Object.fromEntries(counts.map(({ defence, count }) => [defence, count]))).toEqual({
    'crowded-address': 2,
    'proof-accepted': 3,
    'proof-accepted-hardest': 2,
    review: 2,
    'shared-device': 3,
  })
  expect(reviews.map(({ accountId }) => accountId).toSorted()).toEqual(['acc_4', 'acc_5'])
  for (const { reasons } of reviews) expect(reasons).toEqual(['crowded-address', 'shared-device'])
  // A device without the cookie in the same block shares the address only; somebody elsewhere shares nothing.
  expect((await world.challenge('acc_9', { ip: '203.0.113.200' })).parameters.data.level).toBe(1)
  expect((await world.challenge('acc_9', { ip: '203.0.114.1' })).parameters.data.level).toBe(0)
})

test('an easy challenge fetched without signing in is no way around a harder one', async ({ platform }) => {
  const world = await guarded(platform, { defences: { deviceAccountsMax: 1 } })
  const from = { device: device('b') }
  expect((await world.prove('acc_1', from)).status).toBe(201)
  expect((await world.prove('acc_2', from)).status).toBe(201)
  const payload = await solved(await world.challenge())
  platform.clock.advance(1000)
  expect((await world.send('acc_3', payload, from)).body.code).toBe('waiting-room.challenge-required')
  expect((await world.send('acc_3', payload)).status).toBe(201)
  expect((await world.prove('acc_4', from)).status).toBe(201)
})

test('whoever collects challenges gets harder ones', async ({ platform }) => {
  const world = await guarded(platform, { defences: { challengesMax: 3 } })
  const levels: number[] = []
  for (let i = 0; i < 5; i++) levels.push((await world.challenge('acc_1')).parameters.data.level)
  expect(levels).toEqual([0, 0, 0, 1, 1])
})

test('a pass that is claimed from many addresses is noticed and still given', async ({ platform }) => {
  const world = await guarded(platform)
  const { body } = await world.prove('acc_1')
  world.openSale()
  await world.tick()
  platform.clock.advance(2000)
  await world.tick()
  const claim = (ip: string) =>
    world.call('POST', '/api/lines/lin_a/passes', 'acc_1', { ip }, { placeToken: body.placeToken })
  for (const ip of ['198.51.100.1', '203.0.113.5', '198.51.100.200']) expect((await claim(ip)).status).toBeLessThan(300)
  expect(await world.count('pass-elsewhere')).toBe(0)
  expect((await claim('192.0.2.1')).status).toBe(200)
  expect(await world.count('pass-elsewhere')).toBe(1)
})

test('limits are announced, and over one of them it says when to come back', async ({ platform }) => {
  const world = await guarded(platform, { defences: { accountMax: 3, deviceMax: 4, addressMax: 5 } })
  const first = await world.send('acc_1', undefined)
  expect(first.headers).toMatchObject({
    'ratelimit-policy': '"account";q=3;w=600, "address";q=5;w=600',
    ratelimit: '"account";r=2;t=600, "address";r=4;t=600',
  })
  platform.clock.advance(100_000)
  for (let i = 0; i < 2; i++) expect((await world.send('acc_1', undefined)).status).toBe(403)
  const over = await world.send('acc_1', undefined)
  expect(over).toMatchObject({ status: 429, body: { code: 'http.too-many-requests' } })
  expect(over.headers).toMatchObject({ 'retry-after': '500', ratelimit: '"account";r=0;t=500, "address";r=1;t=500' })
  // Others of the block have what is left of it, the rest of the world all of it.
  expect((await world.send('acc_2', undefined, { ip: '198.51.100.77' })).status).toBe(403)
  expect((await world.send('acc_3', undefined, { ip: '198.51.100.78' })).status).toBe(429)
  expect((await world.send('acc_3', undefined, { ip: '203.0.113.1' })).status).toBe(403)
  platform.clock.advance(500_000)
  expect((await world.prove('acc_1')).status).toBe(201)
  expect((await world.call('GET', '/api/challenges?purpose=join', undefined)).headers['ratelimit-policy']).toBe(
    '"address";q=5;w=600',
  )
})

test('on this machine a rehearsal may play a crowd where the operator allows it', async ({ platform }) => {
  const limits = { accountMax: 1, addressMax: 2, addressAccountsMax: 1, challengesMax: 1 }
  const world = await guarded(platform, { defences: { ...limits, exemptLoopback: true } })
  for (const accountId of people(6)) expect((await world.prove(accountId, { ip: '127.0.0.1' })).status).toBe(201)
  expect((await world.challenge('acc_9', { ip: '127.0.0.1' })).parameters.data.level).toBe(0)
})

test('a device is given its name once', async ({ platform }) => {
  const world = await guarded(platform)
  const first = await world.call('GET', '/api/challenges?purpose=join', undefined)
  const cookie = String(first.headers['set-cookie'])
  expect(cookie).toMatch(/^fairgate-device=[\w.-]+; Max-Age=2592000; Path=\/api; HttpOnly; SameSite=Lax$/)
  const again = await world.call('GET', '/api/challenges?purpose=join', undefined, {
    device: cookie.slice('fairgate-device='.length).split(';')[0]!,
  })
  expect(again.headers['set-cookie']).toBeUndefined()
  // A name that we did not give is none.
  const own = await world.call('GET', '/api/challenges?purpose=join', undefined, {
    device: `v1.own.${'a'.repeat(32)}.b`,
  })
  expect(String(own.headers['set-cookie'])).toMatch(/^fairgate-device=/)
  expect(own.headers['ratelimit-policy']).not.toContain('device')
  // Who joins without having asked for a challenge is given one then.
  expect(
    String((await world.send('acc_1', await solved(await world.challenge('acc_1')))).headers['set-cookie']),
  ).toMatch(/^fairgate-device=/)
})

test('a device is limited however many accounts share it, and whatever addresses it says that it has', async ({
  platform,
}) => {
  const world = await guarded(platform, { defences: { accountMax: 3, deviceMax: 4, addressMax: 100 } })
  const from = { device: device('d') }
  const statuses: number[] = []
  for (const accountId of people(6)) statuses.push((await world.send(accountId, undefined, from)).status)
  expect(statuses).toEqual([403, 403, 403, 403, 429, 429])
  expect((await world.send('acc_7', undefined, from)).headers['ratelimit']).toBe(
    '"account";r=2;t=600, "device";r=0;t=600, "address";r=93;t=600',
  )
  expect((await world.send('acc_7', undefined, { device: device('e') })).status).toBe(403)
  expect(await world.count('limited-joins')).toBe(3)
})

test('claims, proofs and lists of entrants are limited too, each by itself, and each refusal is on the operator’s page', async ({
  platform,
}) => {
  const world = await guarded(platform, { defences: { accountMax: 1, deviceMax: 1000, addressMax: 20 } })
  const { body } = await world.prove('acc_1')
  const ask = {
    claims: () => world.call('POST', '/api/lines/lin_a/passes', 'acc_1', {}, { placeToken: body.placeToken }),
    proofs: () => world.call('POST', '/api/lines/lin_a/proofs', undefined, {}, { placeToken: body.placeToken }),
    entrants: () => world.call('GET', '/api/lines/lin_a/entrants', undefined),
  }
  // Twenty claims of an account, twenty proofs and one list of an address block.
  for (const [what, times] of [
    ['claims', 20],
    ['proofs', 20],
    ['entrants', 1],
  ] as const) {
    for (let i = 0; i < times; i++) expect((await ask[what]()).status).not.toBe(429)
    const over = await ask[what]()
    expect(over).toMatchObject({ status: 429, body: { code: 'http.too-many-requests' } })
    expect([over.headers['retry-after'], over.headers['ratelimit-policy']]).toEqual([
      '600',
      expect.stringContaining('"address";q='),
    ])
    expect(await world.count(`limited-${what}`)).toBe(1)
  }
  expect((await world.call('GET', '/api/lines/lin_a/proof.html', undefined)).status).toBe(429)
})

test('headers that anybody can write change nothing about whom a limit counts', async ({ platform }) => {
  const world = await guarded(platform, { defences: { addressMax: 2 } })
  const { fastify } = platform.http([world.module])
  const spoofs = [
    { 'x-forwarded-for': '203.0.113.1' },
    { 'x-real-ip': '203.0.113.2' },
    { forwarded: 'for=203.0.113.3' },
    { 'x-client-ip': '203.0.113.4', 'cf-connecting-ip': '203.0.113.4', 'true-client-ip': '203.0.113.4' },
  ]
  const statuses = []
  for (const headers of spoofs)
    statuses.push(
      (await fastify.inject({ url: '/api/challenges?purpose=join', remoteAddress: '198.51.100.9', headers }))
        .statusCode,
    )
  expect(statuses).toEqual([200, 200, 429, 429])
})

test('what was given is counted by level for the organiser of the line that it was for', async ({ platform }) => {
  const world = await guarded(platform, { defences: { challengesMax: 1, deviceAccountsMax: 0 } })
  const ask = (accountId: string, from: From = {}) =>
    world.call('GET', '/api/challenges?purpose=join&line=lin_a', accountId, from)
  for (let i = 0; i < 3; i++) expect((await ask('acc_1')).status).toBe(200)
  expect((await world.prove('acc_2', { device: device('f') })).status).toBe(201)
  expect((await ask('acc_3', { device: device('f') })).status).toBe(200)
  expect(await world.count('challenge-given')).toBe(1)
  expect(await world.count('challenge-given-harder')).toBe(2)
  expect(await world.count('challenge-given-hardest')).toBe(1)
  expect((await world.call('GET', '/api/challenges?purpose=join&line=lin_x', 'acc_1')).status).toBe(404)
})

test('a person decides: cleared, nothing is held against the account for a day; kept, its challenges stay the hardest', async ({
  platform,
}) => {
  const world = await guarded(platform, { defences: { deviceAccountsMax: 0, addressAccountsMax: 0 } })
  const from = { device: device('9') }
  for (const accountId of people(3)) expect((await world.prove(accountId, from)).status).toBe(201)
  const decide = (accountId: string, decision: string, as = 'acc_organiser', roles = ['organiser']) =>
    world.callAs('POST', `/api/organiser/sales/sal_1/reviews/${accountId}`, as, { decision }, { roles })
  const listed = async () => (await world.defences()).reviews.map(({ accountId }) => accountId).toSorted()
  const levelOf = async (accountId: string) => (await world.challenge(accountId, from)).parameters.data.level
  expect(await listed()).toEqual(people(3))

  expect((await decide('acc_1', 'clear', 'acc_other')).body.code).toBe('catalog.sale-not-found')
  expect((await decide('acc_1', 'clear', 'acc_1', ['buyer'])).body.code).toBe('identity.not-allowed')
  expect((await decide('acc_9', 'clear')).body.code).toBe('waiting-room.review-not-found')
  expect((await decide('acc_1', 'banish')).status).toBe(400)
  expect(await listed()).toEqual(people(3))

  expect((await decide('acc_1', 'clear')).status).toBe(204)
  expect((await decide('acc_2', 'keep', 'acc_admin', ['admin'])).status).toBe(204)
  expect(await listed()).toEqual(['acc_3'])
  expect([await levelOf('acc_1'), await levelOf('acc_2')]).toEqual([0, 2])
  // Without what the device and the address say, the one who is kept still has the hardest.
  expect((await world.challenge('acc_2')).parameters.data.level).toBe(2)
  expect([await world.count('review-cleared'), await world.count('review-kept')]).toEqual([1, 1])
  // Nobody has lost a place, and the decided are not listed again for the same.
  for (const accountId of people(3)) expect((await world.send(accountId, undefined, from)).status).toBe(200)
  platform.clock.advance(24 * 3600_000)
  expect(await levelOf('acc_2')).toBe(0)
})

test('a purpose that nobody knows is a fault of the request', async ({ platform }) => {
  const world = await guarded(platform)
  expect((await world.call('GET', '/api/challenges?purpose=x', undefined)).status).toBe(400)
  expect((await world.call('GET', '/api/challenges', undefined)).status).toBe(400)
})

test('the defences of a sale are shown to its organiser and to an admin only', async ({ platform }) => {
  const world = await guarded(platform)
  const { fastify } = platform.http([world.module])
  const read = async (accountId: string, roles: string[]) =>
    fastify.inject({
      url: '/api/organiser/sales/sal_1/defences',
      headers: await platform.authorization(accountId, { roles }),
    })
  expect((await read('acc_organiser', ['organiser'])).json()).toEqual({
    challenges: 'on',
    counts: [],
    reviews: [],
    reviewsTotal: 0,
  })
  expect((await read('acc_admin', ['admin'])).statusCode).toBe(200)
  expect((await read('acc_other', ['organiser'])).json()).toMatchObject({ code: 'catalog.sale-not-found' })
  expect((await read('acc_buyer', ['buyer'])).json()).toMatchObject({ code: 'identity.not-allowed' })
})

test('a place is told also when what speaks against its owner cannot be written', async ({ platform }) => {
  const world = await guarded(platform, { defences: { deviceAccountsMax: 0, addressAccountsMax: 0 } })
  await sql`alter table waiting_room.reviews rename to aside`.execute(platform.db)
  expect((await world.prove('acc_1', { device: device('c') })).status).toBe(201)
  await sql`alter table waiting_room.aside rename to reviews`.execute(platform.db)
  expect((await world.prove('acc_2', { device: device('c') })).status).toBe(201)
  expect((await world.defences()).reviews.map(({ accountId }) => accountId)).toEqual(['acc_2'])
})

test('counts that could not be written are written later', async ({ platform }) => {
  const world = await guarded(platform)
  await world.send('acc_1', undefined)
  const flush = world.module.loops!.find(({ name }) => name === 'waiting-room.defences')!
  await sql`alter table waiting_room.defence_counts rename to aside`.execute(platform.db)
  await expect(flush.run()).rejects.toThrow('defence_counts')
  await sql`alter table waiting_room.aside rename to defence_counts`.execute(platform.db)
  await world.send('acc_1', undefined)
  expect(await world.count('proof-missing')).toBe(2)
})
