import type { EventData } from '@fairgate/contracts/events'
import type { Availability, Hold } from '@fairgate/contracts/http/inventory'
import { seatId } from '@fairgate/contracts/ids'
import type { TokenPayload } from '@fairgate/contracts/tokens'
import { fact, type Fact } from '#platform/bus'
import { transaction } from '#platform/db'
import type { TestPlatform } from './fixtures.ts'
import { createInventory, type InventoryConfig } from '#modules/inventory'

export const opensAt = '2026-01-01T00:00:00.000Z'
export const closesAt = '2026-02-01T00:00:00.000Z'
export const saleId = 'sal_1'
export const lineId = 'lin_1'
export const hallId = 'sec_hall'
export const floorId = 'sec_floor'

export type SaleOptions = {
  /** Reserved: rows × seats. */
  rows?: number
  seatsPerRow?: number
  /** Open. */
  floor?: number
  limit?: number
  holdSeconds?: number
  /** Numbers of the hall's accessible seats. */
  accessible?: readonly number[]
}

/** The facts of a sale with a hall (rows A, B, …) and a standing floor. */
export function saleFacts(options: SaleOptions = {}): { published: Fact; chunks: Fact[] } {
  const { rows = 4, seatsPerRow = 10, floor = 20, limit = 4, holdSeconds = 300, accessible = [] } = options
  const price = { amount: 55_000, currency: 'KRW' as const }
  const published: EventData<'catalog.sale-published.v1'> = {
    saleId,
    event: {
      id: 'evt_1',
      organiserId: 'acc_organiser',
      kind: 'concert',
      name: 'Night',
      venue: 'Hall',
      startsAt: '2026-03-01T10:00:00.000Z',
      timeZone: 'Asia/Seoul',
      currency: 'KRW',
    },
    method: 'queue',
    opensAt,
    closesAt,
    holdSeconds,
    limitPerAccount: limit,
    lines: [{ id: lineId, name: 'All', sectionIds: [hallId, floorId], shoppersMax: 100, admitPerMinute: 1000 }],
    sections: [
      ...(rows > 0
        ? [
            {
              id: hallId,
              name: 'Hall',
              admission: 'reserved' as const,
              capacity: rows * seatsPerRow,
              price,
              attributes: {},
            },
          ]
        : []),
      ...(floor > 0
        ? [{ id: floorId, name: 'Floor', admission: 'open' as const, capacity: floor, price, attributes: {} }]
        : []),
    ],
  }
  const seats = Array.from({ length: rows * seatsPerRow }, (_, i) => {
    const row =
      String.fromCharCode(65 + (Math.floor(i / seatsPerRow) % 26)) +
      (i >= 26 * seatsPerRow ? Math.floor(i / seatsPerRow / 26) : '')
    const number = (i % seatsPerRow) + 1
    return {
      label: `${row}-${number}`,
      row,
      number: String(number),
      x: number * 50,
      y: Math.floor(i / seatsPerRow) * 80,
      accessible: accessible.includes(i + 1),
    }
  })
  const chunks: Fact[] = []
  for (let from = 0; from < seats.length; from += 1000) {
    chunks.push(
      fact('catalog.seats-published.v1', {
        saleId,
        sectionId: hallId,
        from: from + 1,
        seats: seats.slice(from, from + 1000),
      }),
    )
  }
  return { published: fact('catalog.sale-published.v1', published), chunks }
}

export const publish = (platform: TestPlatform, facts: readonly Fact[]): Promise<void> =>
  transaction(platform.db, (tx) => platform.outbox.publish(tx, facts))

export type Refusal = { status: number; code: string; [extension: string]: unknown }

/** A module on sale, driven over its HTTP routes. */
export async function openSale(platform: TestPlatform, options: SaleOptions & { config?: InventoryConfig } = {}) {
  const { module } = createInventory(platform, options.config)
  await platform.register([module], {
    spy: [
      'inventory.sale-ready.v1',
      'inventory.hold-secured.v1',
      'inventory.hold-lost.v1',
      'inventory.hold-returned.v1',
      'inventory.seats-sold.v1',
      'inventory.sell-refused.v1',
    ],
    stock: ['inventory.stock-changed.v1'],
    prices: ['inventory.price-changed.v1'],
  })
  const { published, chunks } = saleFacts(options)
  await publish(platform, [published, ...chunks])
  await platform.settle([module])
  await platform.taken('spy')
  await platform.taken('stock')
  return shop(platform, module)
}

/** What buyers do; also for a second process on the same database. */
export function shop(platform: TestPlatform, module: ReturnType<typeof createInventory>['module']) {
  const app = platform.http([module]).fastify

  function pass(accountId: string, changes: Partial<TokenPayload<'pass'>> = {}): string {
    const exp = platform.clock.now() + 600_000
    return platform.tokens.sign('pass', {
      passId: 'pas_1',
      lineId,
      saleId,
      accountId,
      sectionIds: [hallId, floorId],
      exp,
      ...changes,
    })
  }

  async function send<T>(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    accountId: string,
    body?: object,
    roles = ['buyer'],
  ): Promise<(T & { status: number }) | Refusal> {
    const headers = await platform.authorization(accountId, { roles })
    const answer = await app.inject({ method, url, headers, ...(body ? { payload: body } : {}) })
    const parsed = (answer.body === '' ? {} : JSON.parse(answer.body)) as T & Refusal
    return { ...parsed, status: answer.statusCode }
  }

  return {
    module,
    app,
    pass,
    place: (accountId: string, body: object): Promise<{ hold: Hold; holdToken: string; status: number } | Refusal> =>
      send('POST', '/api/holds', accountId, { passToken: pass(accountId), sectionId: hallId, ...body }),
    holds: (accountId: string) => send<{ items: { hold: Hold; holdToken: string }[] }>('GET', '/api/holds', accountId),
    hold: (accountId: string, id: string) =>
      send<{ hold: Hold; holdToken: string }>('GET', `/api/holds/${id}`, accountId),
    /** What an organiser asks of a section, by default the one whose event it is. */
    organise: <T extends object = Record<string, unknown>>(
      method: 'GET' | 'POST' | 'PUT' | 'DELETE',
      path: string,
      body?: object,
      accountId = 'acc_organiser',
      roles = ['organiser'],
    ) => send<T>(method, `/api/sections/${path}`, accountId, body, roles),
    release: (accountId: string, id: string) => send<object>('DELETE', `/api/holds/${id}`, accountId),
    async availability(sectionId = hallId): Promise<Availability> {
      return (await app.inject({ url: `/api/sections/${sectionId}/availability` })).json() as Availability
    },
    /** Feeds facts in, runs the module until it rests, and takes what it published. */
    async tell(...facts: Fact[]) {
      await publish(platform, facts)
      await platform.settle([module])
      return (await platform.taken('spy')).map(({ type, data }) => ({ type, ...data }))
    },
  }
}

export const seat = (...numbers: number[]): string[] => numbers.map((number) => seatId(hallId, number))

/** The id of a hold that was placed; fails when it was refused. */
export function idOf(answer: { hold: Hold } | Refusal): string {
  if (!('hold' in answer) || !answer.hold) throw new Error(`not placed: ${JSON.stringify(answer)}`)
  return (answer.hold as Hold).id
}

/** For controls: deciding by name with other text in its function. */
export async function rewritePlace(
  platform: TestPlatform,
  ...changes: readonly (readonly [string, string])[]
): Promise<void> {
  const { pool } = platform.database
  const { rows: found } = await pool.query(`select pg_get_functiondef('inventory.place'::regproc) as text`)
  let text: string = found[0].text
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`the function has no ${from}`)
    text = text.replace(from, to)
  }
  await pool.query(text)
}

/** A seat goes to the first wish of a batch that asks for it. Replaced, it goes to all of them. */
export const overlapGuard = ['w.h = min(w.h) over (partition by', 'w.h >= min(w.h) over (partition by'] as const
/** As many seats are taken as were given. Replaced, nobody counts. */
export const countGuard = ['updated <> expected', 'updated < 0'] as const
