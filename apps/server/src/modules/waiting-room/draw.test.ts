import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Script } from 'node:vm'
import { expect } from 'vitest'
import { fromHex, hashBytes, leafOf, rootOfPath, toHex } from '@fairgate/contracts/draw'
import { verifyDraw, verifyPlace } from '@fairgate/contracts/verify-draw'
import { isUnavailable, row, rows, sql } from '#platform/db'
import { hashes } from '#platform/hashes'
import { untilWaiting, withoutGuard, withoutLeader } from '../../../test/controls.ts'
import { openTestPlatform, test, type TestPlatform } from '../../../test/fixtures.ts'
import { createWaitingRoom } from './index.ts'
import { config, openWorld, opensAt, people, salePublished, type LineSpec } from './test-world.ts'

const atNine = Date.parse('2026-01-01T09:00:00Z')
const atTen = Date.parse(opensAt)

const openDrawn = (platform: TestPlatform, lines?: readonly LineSpec[], overrides = {}) =>
  openWorld(platform, lines, overrides, 'draw')

type Drawn = Awaited<ReturnType<typeof openDrawn>>

/** The published leaves, as anybody gets them. */
async function entrantsOf(platform: TestPlatform, world: Drawn, lineId = 'lin_a') {
  const answer = await platform.http([world.module]).fastify.inject({ url: `/api/lines/${lineId}/entrants` })
  return {
    status: answer.statusCode,
    headers: answer.headers,
    bytes: new Uint8Array(answer.rawPayload),
    body: answer.body,
  }
}

const wrong = (checks: readonly { name: string; result: string }[]) =>
  checks.filter((check) => check.result !== 'right')

/** Another process on the same database. */
async function anotherProcess(platform: TestPlatform, seed = 2) {
  const other = await openTestPlatform(platform.databaseUrl, { seed, origin: 'other' })
  other.clock.set(platform.clock.now())
  return other
}

test('a line shows its commitment from the start, who took part at the opening, and the seed only then', async ({
  platform,
}) => {
  const world = await openDrawn(platform, [{ id: 'lin_a' }, { id: 'lin_b' }])
  const { draw } = await world.document()
  expect(draw).toEqual({ commitment: expect.stringMatching(/^[0-9a-f]{64}$/), algorithm: 'fairgate-draw-1' })
  expect((await world.document('lin_b')).draw.commitment).not.toBe(draw.commitment)
  platform.clock.set(atNine)
  await world.joinCrowd(people(9))
  platform.clock.set(atTen - 1)
  await world.draw()
  platform.clock.advance(250)
  expect((await world.document()).draw).toEqual(draw)
  platform.clock.set(atTen)
  await world.draw()
  const { draw: drawn } = await world.document()
  expect(drawn).toMatchObject({ ...draw, entrants: 9 })
  const { bytes } = await entrantsOf(platform, world)
  expect(wrong(verifyDraw(hashes, drawn, bytes))).toEqual([])
  // A line that nobody joined is drawn too.
  expect((await world.document('lin_b')).draw).toMatchObject({ entrants: 0, seed: expect.any(String) })
})

test('a sale that was told twice keeps its first commitment; one by arrival has none', async ({ platform }) => {
  const world = await openDrawn(platform)
  const { draw } = await world.document()
  await world.tell(salePublished([{ id: 'lin_a' }], 'sal_1', 'draw'))
  expect((await world.document()).draw).toEqual(draw)
  const arrival = await openWorld(await openTestPlatform(platform.databaseUrl, { seed: 5 }), [{ id: 'lin_z' }])
  expect((await arrival.document('lin_z')).draw).toEqual({ commitment: null })
})

test('before the draw nobody has a position and nobody is called; afterwards positions are called in their order', async ({
  platform,
}) => {
  const world = await openDrawn(platform, [{ id: 'lin_a', shoppersMax: 3 }])
  platform.clock.set(atNine)
  const names = people(8)
  const tokens = await world.joinInTurn(names)
  platform.clock.set(atTen)
  await world.tick()
  expect(await world.document()).toMatchObject({
    phase: 'open',
    frontier: 0,
    poll: [{ aheadMax: null, everyMs: 3000 }],
  })
  const early = await world.claim('acc_1', tokens[0]!)
  expect(early).toMatchObject({ status: 425, body: { code: 'waiting-room.not-yet', frontier: 0, retryAfterMs: 3000 } })
  expect(early.body.position).toBeNull()

  await world.draw()
  await world.tick()
  const { draw, frontier } = await world.document()
  expect(frontier).toBe(3)
  const places = await rows(
    platform.db,
    sql<{ number: number; id: string }>`select number, id from waiting_room.places order by number`,
  )
  const positions = places.map((place) => verifyPlace(hashes, draw, place).position)
  expect(positions.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  expect(positions).not.toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  for (const [i, position] of positions.entries()) {
    const wanted = position <= 3 ? { status: 201 } : { status: 425, body: { position, frontier: 3 } }
    expect(await world.claim(names[i]!, tokens[i]!)).toMatchObject(wanted)
  }
  expect(await world.violations()).toEqual([])
})

test('who comes after the draw stands behind everybody who came before', async ({ platform }) => {
  const world = await openDrawn(platform, [{ id: 'lin_a', shoppersMax: 5, admitPerMinute: 60_000 }])
  platform.clock.set(atNine)
  await world.joinCrowd(people(4))
  platform.clock.set(atTen)
  await world.draw()
  const late = await world.join('acc_late')
  expect(late.body.place.number).toBe(5)
  await world.tick()
  expect((await world.claim('acc_late', late.body.placeToken)).status).toBe(201)
  expect(await rows(platform.db, sql`select position from waiting_room.places where account_id = 'acc_late'`)).toEqual([
    { position: 5 },
  ])
  const proof = await world.call('POST', '/api/lines/lin_a/proofs', undefined, { placeToken: late.body.placeToken })
  expect(proof).toMatchObject({ status: 409, body: { code: 'waiting-room.not-an-entrant', position: 5 } })
})

test('who left before the draw delays nobody: the position is passed over at once', async ({ platform }) => {
  const world = await openDrawn(platform, [{ id: 'lin_a', shoppersMax: 1 }])
  platform.clock.set(atNine)
  const names = people(12)
  const tokens = await world.joinInTurn(names)
  for (const name of names.slice(0, 11)) await world.leave(name)
  expect(await world.violations()).toEqual([])
  platform.clock.set(atTen)
  await world.draw()
  expect(
    (
      await row(
        platform.db,
        sql<{
          n: number
        }>`select count(*)::int as n from waiting_room.places where state = 'left' and position is null`,
      )
    ).n,
  ).toBe(0)
  for (let i = 0; i < 13; i++) {
    await world.tick()
    platform.clock.advance(1000)
  }
  expect((await world.claim('acc_12', tokens[11]!)).status).toBe(201)
  expect((await world.document()).arrivals).toBe(12)
  expect(await world.violations()).toEqual([])
})

for (const guard of ['on', 'off'] as const) {
  const outcome =
    guard === 'on' ? 'gets a position either way' : 'would be overlooked without the line’s lock (control)'
  test(`who leaves in the moment of the draw ${outcome}`, async ({ platform }) => {
    const world = await openDrawn(platform)
    platform.clock.set(atNine)
    await world.joinCrowd(people(3))
    await world.document()
    const other = await anotherProcess(platform)
    other.clock.set(atTen)
    const db = guard === 'on' ? other.db : withoutGuard(other.db, 'for key share of l')
    const leaver = createWaitingRoom({ ...other, db, racepoints: platform.racepoints }, config)
    const { fastify } = other.http([leaver.module])
    const gate = platform.racepoints.hold('waiting-room.before-leaving')
    platform.clock.set(atTen)
    const leaving = fastify.inject({
      method: 'DELETE',
      url: '/api/lines/lin_a/passes',
      headers: await other.authorization('acc_2'),
    })
    await gate.reached
    let isDrawn = false
    const drawing = world.draw().then(() => (isDrawn = true))
    if (guard === 'off') await drawing
    else await untilWaiting(platform.db)
    expect(isDrawn).toBe(guard === 'off')
    gate.open()
    expect((await leaving).statusCode).toBe(204)
    await drawing
    const left = await row(
      platform.db,
      sql<{ position: number | null }>`select position from waiting_room.places where account_id = 'acc_2'`,
    )
    expect(left.position === null).toBe(guard === 'off')
    await other.database.close()
  })
}

test('a place that was given before the freeze takes part, one after it does not, and none is lost in between', async ({
  platform,
}) => {
  const world = await openDrawn(platform)
  platform.clock.set(atNine)
  await world.joinCrowd(people(5))
  platform.clock.set(atTen)
  // Hashed so far: five. Two more come before the line is locked.
  const freezing = platform.racepoints.hold('waiting-room.before-freeze')
  const revealing = platform.racepoints.hold('waiting-room.before-reveal')
  const drawing = world.draw()
  await freezing.reached
  await world.joinCrowd(people(2, 'acc_early'))
  freezing.open()
  await revealing.reached
  const late = world.joinCrowd(people(3, 'acc_late'))
  await untilWaiting(platform.db)
  revealing.open()
  await drawing
  expect((await late).map(({ place }) => place.number).toSorted((a, b) => a - b)).toEqual([8, 9, 10])
  const { draw, arrivals } = await world.document()
  expect({ entrants: draw.entrants, arrivals }).toEqual({ entrants: 7, arrivals: 10 })
  expect(wrong(verifyDraw(hashes, draw, (await entrantsOf(platform, world)).bytes))).toEqual([])
})

for (const point of ['waiting-room.before-freeze', 'waiting-room.before-reveal']) {
  test(`a process that dies at ${point} leaves nothing behind, and the next one draws`, async ({ platform }) => {
    const world = await openDrawn(platform, [{ id: 'lin_a', shoppersMax: 2 }])
    platform.clock.set(atNine)
    const tokens = await world.joinInTurn(people(6))
    platform.clock.set(atTen)
    const dying = await anotherProcess(platform)
    const gate = dying.racepoints.hold(point)
    const drawing = createWaitingRoom(dying, config).module.loops![2]!.run()
    drawing.catch(() => undefined)
    await gate.reached
    // As the operating system does to a killed process: its connections end, and the database undoes what was not committed.
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state = 'idle in transaction'`.execute(
      platform.db,
    )
    gate.open()
    // However the client hears of it, its database was gone.
    expect(isUnavailable(await drawing.catch((error: unknown) => error))).toBe(true)
    platform.clock.advance(250)
    expect((await world.document()).draw).toEqual({ commitment: expect.any(String), algorithm: 'fairgate-draw-1' })
    const before = await rows(platform.db, sql`select number, id, account_id from waiting_room.places order by number`)

    await world.draw()
    await world.tick()
    await world.draw()
    const { draw, frontier } = await world.document()
    expect({ entrants: draw.entrants, frontier }).toEqual({ entrants: 6, frontier: 2 })
    expect(wrong(verifyDraw(hashes, draw, (await entrantsOf(platform, world)).bytes))).toEqual([])
    expect(
      await rows(platform.db, sql`select number, id, account_id from waiting_room.places order by number`),
    ).toEqual(before)

    // A third process goes on: the same positions, the same passes, nobody in twice.
    const next = await anotherProcess(platform, 3)
    const room = createWaitingRoom(next, config)
    await room.module.loops![2]!.run()
    await room.module.loops![0]!.run()
    expect((await room.lineDocument('lin_a')).draw).toEqual(draw)
    const passes = await Promise.all(
      tokens.map((placeToken, i) =>
        room.claim({ lineId: 'lin_a', accountId: `acc_${i + 1}`, placeToken }).then(
          () => 1,
          () => 0,
        ),
      ),
    )
    expect(passes.reduce<number>((sum, pass) => sum + pass, 0)).toBe(2)
    expect(await world.violations()).toEqual([])
    await next.database.close()
  })
}

const redrawing = {
  'its look at the locked row': 'draws nothing: the first draw stands',
  'the database alone': 'is refused by the database: the first draw stands',
  nothing: 'would draw again with whoever came meanwhile (control)',
} as const

for (const [guard, outcome] of Object.entries(redrawing)) {
  test(`a process that comes late to a draw, held back by ${guard}, ${outcome}`, async ({ platform }) => {
    const world = await openDrawn(platform)
    platform.clock.set(atNine)
    await world.joinCrowd(people(4))
    platform.clock.set(atTen)
    const late = await anotherProcess(platform)
    // Without the leader's lock, so that both get as far as the row.
    let db = withoutLeader(late.db)
    if (guard !== 'its look at the locked row') {
      db = withoutGuard(
        withoutGuard(db, 'and l.drawn_at is null for update of l'),
        'l.draw_entrants as',
        'null::int as',
      )
    }
    if (guard === 'nothing') await sql`drop trigger lines_draw_once on waiting_room.lines`.execute(platform.db)
    const gate = late.racepoints.hold('waiting-room.before-freeze')
    const drawing = createWaitingRoom({ ...late, db }, config).module.loops![2]!.run()
    const end = drawing.then(() => 'done', String)
    await gate.reached
    // The first process did not see the lock of the second: its own look at the row decides.
    await createWaitingRoom(
      {
        ...platform,
        db: withoutLeader(platform.db),
      },
      config,
    ).module.loops![2]!.run()
    platform.clock.advance(250)
    const first = (await world.document()).draw
    expect(first.entrants).toBe(4)
    await world.join('acc_meanwhile')
    gate.open()
    expect(await end).toMatch(guard === 'the database alone' ? /revealed once/ : /^done$/)
    platform.clock.advance(250)
    const { draw } = await world.document()
    expect(draw.entrants).toBe(guard === 'nothing' ? 5 : 4)
    expect(draw.entrantsRoot === first.entrantsRoot).toBe(guard !== 'nothing')
    await late.database.close()
  })
}

test('the database refuses to change a commitment, a frozen list or a revealed draw', async ({ platform }) => {
  const world = await openDrawn(platform)
  const other = 'a'.repeat(64)
  const refused = (change: ReturnType<typeof sql>) =>
    expect(change.execute(platform.db)).rejects.toThrow(/once|violates/)
  await refused(sql`update waiting_room.lines set draw_seed = ${other}`)
  await refused(sql`update waiting_room.lines set draw_seed = null, draw_commitment = null`)
  await refused(sql`update waiting_room.lines set drawn_at = '2026-01-01'`)
  platform.clock.set(atNine)
  await world.joinCrowd(people(3))
  platform.clock.set(atTen)
  await world.draw()
  await refused(sql`update waiting_room.lines set draw_entrants = 2`)
  await refused(sql`update waiting_room.lines set draw_entrants_root = ${other}`)
  await refused(sql`update waiting_room.lines set drawn_at = null`)
  await refused(
    sql`insert into waiting_room.lines (id, sale_id, name, section_ids, draw_seed, draw_commitment) values ('lin_x', 'sal_1', 'x', '{}', ${other}, ${other})`,
  )
})

test('entrants and proofs are refused before the draw and for what is unknown, and lead to the root afterwards', async ({
  platform,
}) => {
  const world = await openDrawn(platform)
  platform.clock.set(atNine)
  const tokens = await world.joinInTurn(people(13))
  const prove = (placeToken: string, lineId = 'lin_a') =>
    world.call('POST', `/api/lines/${lineId}/proofs`, undefined, { placeToken })
  expect(await entrantsOf(platform, world)).toMatchObject({ status: 409, headers: { 'cache-control': 'no-store' } })
  expect(await prove(tokens[0]!)).toMatchObject({ status: 409, body: { code: 'waiting-room.not-drawn' } })
  expect(await prove('v1.x.y')).toMatchObject({ status: 403, body: { code: 'waiting-room.place-invalid' } })
  expect((await entrantsOf(platform, world, 'lin_none')).status).toBe(404)
  platform.clock.set(atTen)
  await world.draw()
  const { draw } = await world.document()
  const { headers, bytes } = await entrantsOf(platform, world)
  expect(headers).toMatchObject({
    'content-type': 'application/octet-stream',
    'cache-control': 'public, max-age=31536000, immutable',
    etag: `"${draw.entrantsRoot}"`,
  })
  const again = { url: '/api/lines/lin_a/entrants', headers: { 'if-none-match': `"${draw.entrantsRoot}"` } }
  expect((await platform.http([world.module]).fastify.inject(again)).statusCode).toBe(304)

  const before = platform.statements.length
  const places = await rows(
    platform.db,
    sql<{ number: number; id: string }>`select number, id from waiting_room.places order by number`,
  )
  for (const [i, place] of places.entries()) {
    const { status, body } = await prove(tokens[i]!)
    expect({ status, number: body.number, index: body.index }).toEqual({ status: 200, number: i + 1, index: i })
    const leaf = leafOf(hashes, place.number, place.id)
    expect(toHex(bytes.subarray(i * hashBytes, (i + 1) * hashBytes))).toBe(toHex(leaf))
    const root = rootOfPath(hashes, leaf, body.index, 13, body.path.map(fromHex))
    expect(toHex(root!)).toBe(draw.entrantsRoot)
  }
  // The tree was built once, for the list: proofs cost no statement.
  expect(platform.statements.length - before).toBe(1)
})

test('trees of several pages, and trees that are too large to be kept, give the same proofs', async ({ platform }) => {
  const world = await openDrawn(platform, undefined, { entrantsBytesMax: 0 })
  await sql`
    insert into waiting_room.places (line_id, number, id, sale_id, account_id, joined_at)
    select 'lin_a', i, 'plc_' || i, 'sal_1', 'acc_' || i, '2026-01-01' from generate_series(1, 9000) i`.execute(
    platform.db,
  )
  await sql`update waiting_room.lines set arrivals = 9000`.execute(platform.db)
  platform.clock.set(atTen)
  await world.draw()
  const { draw } = await world.document()
  const { bytes } = await entrantsOf(platform, world)
  expect(wrong(verifyDraw(hashes, draw, bytes))).toEqual([])
  for (const number of [1, 4096, 4097, 8192, 8193, 9000]) {
    const placeToken = platform.tokens.sign('place', {
      placeId: `plc_${number}`,
      lineId: 'lin_a',
      saleId: 'sal_1',
      accountId: `acc_${number}`,
      number,
      iat: 0,
    })
    const { body } = await world.call('POST', '/api/lines/lin_a/proofs', undefined, { placeToken })
    const root = rootOfPath(hashes, leafOf(hashes, number, `plc_${number}`), body.index, 9000, body.path.map(fromHex))
    expect(toHex(root!)).toBe(draw.entrantsRoot)
  }
  expect((await world.module.audit!()).figures['places']).toBe(9000)
})

// What others do with what was published

/** A line behind a real server, drawn unless told otherwise. */
async function served(platform: TestPlatform, { count = 40, isDrawn = true } = {}) {
  const world = await openDrawn(platform)
  platform.clock.set(atNine)
  const tokens = await world.joinInTurn(people(count))
  if (isDrawn) {
    platform.clock.set(atTen)
    await world.draw()
  }
  const { fastify } = platform.http([world.module])
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  const { port } = fastify.server.address() as AddressInfo
  return { world, tokens, url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => fastify.close() }
}

const verifier = fileURLToPath(new URL('../../../../../packages/swarm/src/verify-draw.ts', import.meta.url))

const verify = (url: string, ...more: string[]) =>
  new Promise<{
    code: number
    said: string
    report: { verified: boolean; entrants: number; checks: { name: string; result: string }[] }
  }>((resolve) =>
    execFile(process.execPath, [verifier, 'lin_a', '--url', url, '--json', ...more], (error, stdout, stderr) => {
      const line = stdout.trim().split('\n').at(-1)
      resolve({ code: Number(error?.code ?? 0), said: stderr.trim(), report: line ? JSON.parse(line) : undefined })
    }),
  )

test('the verifier finds the draw of a real line right, and a place or a seed that was exchanged afterwards', async ({
  platform,
}) => {
  await using server = await served(platform)
  expect(await verify(server.url)).toMatchObject({ code: 0, report: { verified: true, entrants: 40 } })
  expect(await verify('http://127.0.0.1:9')).toMatchObject({ code: 2, said: 'http://127.0.0.1:9 does not answer' })
  // What an operator with the database in hand could try, every guard of it taken away.
  const exchanges = {
    'the entrants are those frozen at the opening': sql`
      alter table waiting_room.places disable trigger places_write_once;
      update waiting_room.places set id = 'plc_friend' where number = 7`,
    'the seed is the one committed to': sql`
      update waiting_room.places set id = (select id from original) where number = 7;
      alter table waiting_room.lines disable trigger lines_draw_once, drop constraint lines_commitment;
      update waiting_room.lines set draw_seed = repeat('5', 64)`,
  }
  await sql`create table original as select id from waiting_room.places where number = 7`.execute(platform.db)
  for (const [name, exchange] of Object.entries(exchanges)) {
    await platform.database.pool.query(exchange.compile(platform.db).sql)
    const other = await anotherProcess(platform)
    const { fastify } = other.http([createWaitingRoom(other, config).module])
    await fastify.listen({ port: 0, host: '127.0.0.1' })
    const { code, report } = await verify(`http://127.0.0.1:${(fastify.server.address() as AddressInfo).port}`)
    expect({ code, wrong: wrong(report.checks).map((check) => check.name) }).toEqual({ code: 1, wrong: [name] })
    await fastify.close()
    await other.database.close()
  }
})

test('before the draw the verifier finds nothing wrong: there is nothing to check', async ({ platform }) => {
  await using server = await served(platform, { isDrawn: false })
  const { code, said } = await verify(server.url)
  expect({ code, said }).toEqual({ code: 2, said: 'No draw is published yet, only what it was committed to' })
})

test('the page to keep holds all it needs, asks nobody, and its program comes to the same result', async ({
  platform,
}) => {
  await using server = await served(platform)
  const answer = await fetch(`${server.url}/api/lines/lin_a/proof.html`)
  expect(answer.headers.get('content-disposition')).toBe('attachment; filename="fairgate-draw-lin_a.html"')
  const page = await answer.text()
  expect(page).toContain(
    `http-equiv="content-security-policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"`,
  )
  expect(page).not.toMatch(/<(script|link|img)[^>]+(src|href)=/)
  const result = runPage(page, { number: '12' })
  const { draw } = await server.world.document()
  expect(result.verdict).toContain('everything fits')
  expect(result.checks).toHaveLength(5)
  expect(result.mine).toBe(`12 → ${verifyPlace(hashes, draw, { number: 12, id: 'plc_x' }).position}`)
  // Not a member of the list, not the same seed.
  expect(runPage(page, { number: '12', id: 'plc_stranger' }).mine).toContain('not in the list')
  const seed = draw.seed!
  expect(runPage(page.replaceAll(seed, 'b'.repeat(64)), { number: '1' }).verdict).toContain('does not fit')
})

/** Runs the program of a downloaded page with the few members of a browser's document that it uses. */
function runPage(page: string, form: Record<string, string>) {
  const [, data] = /<script type="application\/json" id="data">([\s\S]*?)<\/script>/.exec(page)!
  const [, program] = /<script type="module">([\s\S]*?)<\/script>/.exec(page)!
  type Part = {
    textContent: string
    dataset: Record<string, string>
    parts: Part[]
    append(part: Part): void
    addEventListener(name: string, run: (event: object) => void): void
    submit?: (event: object) => void
  }
  const part = (): Part => {
    const made: Part = {
      textContent: '',
      dataset: {},
      parts: [],
      append: (child) => void made.parts.push(child),
      addEventListener: (_, run) => (made.submit = run),
    }
    return made
  }
  const elements = new Map<string, Part>([['data', { ...part(), textContent: data! }]])
  const document = {
    getElementById: (id: string) => elements.get(id) ?? elements.set(id, part()).get(id),
    createElement: part,
  }
  class FormData {
    get = (name: string) => form[name] ?? ''
  }
  new Script(`(() => {${program}})()`).runInNewContext({
    document,
    FormData,
    atob,
    TextEncoder,
    Uint8Array,
    Uint32Array,
    Int32Array,
    DataView,
    ArrayBuffer,
  })
  elements.get('place')!.submit!({ preventDefault: () => undefined, target: undefined })
  return {
    verdict: elements.get('verdict')!.textContent,
    checks: elements.get('checks')!.parts,
    mine: elements.get('mine')!.textContent,
  }
}

// Public randomness

const beaconSignature = 'ab'.repeat(48)
const beaconRandomness = toHex(hashes.sha256(fromHex(beaconSignature)))

/** A relay of the shape of drand's HTTP API, version 1. */
async function openRelay() {
  const asked: string[] = []
  let say: (round: number) => { status: number; body: unknown } = () => ({ status: 404, body: {} })
  const server = createServer((request, response) => {
    asked.push(request.url!)
    const { status, body } = say(Number(request.url!.split('/').at(-1)))
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const beacon = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    chain: 'cafe',
    genesisSeconds: Date.parse('2026-01-01T00:00:00Z') / 1000,
    periodSeconds: 30,
  }
  return {
    beacon,
    asked,
    answer: (next: typeof say) => (say = next),
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  }
}

const right = (round: number) => ({
  status: 200,
  body: { round, randomness: beaconRandomness, signature: beaconSignature },
})
/** Round 1 comes at midnight, one every half minute: the first that comes three seconds after ten is this. */
const promisedRound = 10 * 120 + 2
const promisedAt = atTen + 30_000

test('with a beacon the round is promised with the commitment, entrants are shown first, and the seed follows with the randomness', async ({
  platform,
}) => {
  await using relay = await openRelay()
  const world = await openDrawn(platform, undefined, { beacon: relay.beacon })
  const promised = { url: relay.beacon.url, chain: 'cafe', round: promisedRound }
  expect((await world.document()).draw).toEqual({
    commitment: expect.any(String),
    algorithm: 'fairgate-draw-1',
    beacon: promised,
  })
  platform.clock.set(atNine)
  const tokens = await world.joinInTurn(people(6))
  await world.leave('acc_6')
  platform.clock.set(atTen)
  await world.draw()
  await world.draw()
  const frozen = (await world.document()).draw
  expect(frozen).toMatchObject({ beacon: promised, entrants: 6, entrantsRoot: expect.any(String) })
  expect(frozen.seed).toBeUndefined()
  // Not asked before its time; meanwhile the door is shut, and who comes or goes keeps a number.
  expect(relay.asked).toEqual([])
  const late = await world.join('acc_late')
  await world.leave('acc_5')
  await world.tick()
  expect((await world.claim('acc_1', tokens[0]!)).status).toBe(425)
  platform.clock.set(promisedAt)
  relay.answer(() => ({ status: 500, body: {} }))
  await world.draw()
  platform.clock.advance(250)
  await world.draw()
  expect(relay.asked).toEqual([`/cafe/public/${promisedRound}`])
  relay.answer(right)
  platform.clock.advance(1000)
  await world.draw()
  const { draw } = await world.document()
  expect(draw).toMatchObject({
    ...frozen,
    beacon: { ...promised, randomness: beaconRandomness },
    seed: expect.any(String),
  })
  const { bytes } = await entrantsOf(platform, world)
  expect(wrong(verifyDraw(hashes, draw, bytes))).toEqual([])
  await world.tick()
  expect(await world.document()).toMatchObject({ frontier: 7 })
  expect((await world.claim('acc_late', late.body.placeToken)).status).toBe(201)
  expect((await world.claim('acc_1', tokens[0]!)).status).toBe(201)
  expect(await world.violations()).toEqual([])
})

test('a beacon that does not come, or says what cannot be true, is not waited for longer than was said, and the document tells', async ({
  platform,
}) => {
  await using relay = await openRelay()
  const world = await openDrawn(platform, undefined, { beacon: relay.beacon, beaconWaitSeconds: 10 })
  platform.clock.set(atNine)
  await world.joinCrowd(people(3))
  platform.clock.set(promisedAt)
  await world.draw()
  const lies = [
    { round: promisedRound - 1, randomness: beaconRandomness, signature: beaconSignature },
    { round: promisedRound, randomness: 'c'.repeat(64), signature: beaconSignature },
    { round: promisedRound, randomness: beaconRandomness, signature: 'not hex' },
    { round: promisedRound, signature: beaconSignature },
    null,
  ]
  for (const lie of lies) {
    relay.answer(() => ({ status: 200, body: lie }))
    platform.clock.advance(1000)
    await world.draw()
  }
  expect((await world.document()).draw.seed).toBeUndefined()
  expect(relay.asked).toHaveLength(lies.length)
  platform.clock.set(promisedAt + 10_000)
  await world.draw()
  const { draw } = await world.document()
  expect(draw.beacon).toEqual({ url: relay.beacon.url, chain: 'cafe', round: promisedRound, missing: true })
  const checks = verifyDraw(hashes, draw, (await entrantsOf(platform, world)).bytes)
  expect(checks.filter((check) => check.result !== 'right').map((check) => check.result)).toEqual(['warning'])
})

test('a process that dies between the freeze and the randomness is taken over by another, whatever its configuration', async ({
  platform,
}) => {
  await using relay = await openRelay()
  const world = await openDrawn(platform, undefined, { beacon: relay.beacon })
  platform.clock.set(atNine)
  await world.joinCrowd(people(5))
  platform.clock.set(atTen)
  await world.draw()
  const { draw: frozen } = await world.document()
  const next = await anotherProcess(platform)
  next.clock.set(promisedAt)
  relay.answer(right)
  const room = createWaitingRoom(next, config)
  await room.module.loops![2]!.run()
  expect((await room.lineDocument('lin_a')).draw).toMatchObject({
    ...frozen,
    beacon: { randomness: beaconRandomness },
    seed: expect.any(String),
  })
  await next.database.close()
})
