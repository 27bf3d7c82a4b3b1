import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from '@fairgate/contracts/client'
import { register, signIn, verifyEmail } from '@fairgate/contracts/http/identity'
import { audit, lookUp, type AuditReport } from '@fairgate/contracts/http/operations'
import { listTickets } from '@fairgate/contracts/http/tickets'
import { buy, type Told, type World } from './buyer.ts'
import { createOwnServer, type Credentials, type OwnServer } from './own-server.ts'
import { chance } from './random.ts'
import { createRecorder, type Percentiles, type Recorder } from './recorder.ts'
import { prepareSale, type PreparedSale } from './sale.ts'
import { scenarios, type Scenario, type ScenarioName } from './scenarios.ts'
import { openWire, type Wire } from './wire.ts'

export type RehearsalOptions = {
  scenario: ScenarioName
  users: number
  places: number
  seed: number
  url?: string
  together: number
  pspFailures: number
  holdSeconds?: number
  killAfter?: number
  keep?: boolean
}

export type Report = {
  scenario: ScenarioName
  seed: number
  users: number
  capacity: number
  sold: number
  oversold: number
  leaked: number
  duplicates: number
  paidWithoutTicket: number
  ticketWithoutPayment: number
  lostAcknowledged: number
  falseRefusals: number
  errors: number
  errorRate: number
  outageErrors: number
  requests: number
  seconds: number
  ordersPerSecond: number
  latencyMs: Record<'join' | 'poll' | 'pass' | 'hold' | 'order' | 'fulfilled', Percentiles>
  fairness: { botShareOfAccounts: number; botShareOfTickets: number }
  outcomes: Record<string, number>
  errorSamples: Record<string, number>
  violated: string[]
  challenges: 'off'
  invariantsHeld: boolean
}

export type Surroundings = { progress: (line: string) => void; now: () => number; sleep: (ms: number) => Promise<void> }

const demoPassword = 'fairgate-demo'

/** Runs one scenario against a server of its own or a running demo, and reports what held. */
export async function rehearse(options: RehearsalOptions, surroundings: Surroundings): Promise<Report> {
  const { progress, sleep } = surroundings
  const scenario: Scenario = scenarios[options.scenario]
  const recorder = createRecorder()
  const own = options.url === undefined ? await createOwnServer(options.keep ? { keep: true } : {}) : undefined
  const url = options.url ?? own!.url
  if (!isLoopback(url)) throw new Error(`a rehearsal only goes to a server on this machine, not to ${url}`)
  const wire = openWire(url, recorder, { connections: Math.min(400, options.users), sleep })
  try {
    progress(`preparing ${options.users} accounts`)
    const crowd = own ? await prepareCrowd(own, options.users) : await registerCrowd(wire, options, surroundings)
    if (own) await own.start()
    return await run(options, scenario, { wire, recorder, crowd, own, surroundings })
  } finally {
    await wire.close()
    await own?.stop()
    if (own && options.keep) progress(`kept: ${own.folder}`)
  }
}

async function run(
  options: RehearsalOptions,
  scenario: Scenario,
  parts: {
    wire: Wire
    recorder: Recorder
    crowd: readonly Credentials[]
    own: OwnServer | undefined
    surroundings: Surroundings
  },
): Promise<Report> {
  const { wire, recorder, crowd, own, surroundings } = parts
  const { progress, now, sleep } = surroundings
  const { client } = wire
  const signedIn = async (name: string) =>
    (await client.call(signIn, { body: { email: `${name}@demo.fairgate.test`, password: demoPassword } })).accessToken
  const organiser = await signedIn('organiser')
  const full = { ...options, holdSeconds: options.holdSeconds ?? scenario.holdSeconds }

  progress('preparing the sale')
  const sale = await prepareSale(client, organiser, scenario.plan(full), { opensAt: () => now() + 6000, sleep, now })
  const world: World = { wire, recorder, now, sleep, until: sale.opensAt + 20 * 60_000 }

  const root = chance(options.seed)
  const outcomes = new Map<string, number>()
  let finished = 0
  const stopProgress = showProgress(() => {
    const counts = [...outcomes].map(([name, count]) => `${name} ${count}`).join(', ')
    progress(
      `${Math.round((now() - sale.opensAt) / 1000)} s: ${finished}/${crowd.length} done (${counts || 'nobody yet'}), ${recorder.requests} requests, ${recorder.errors} errors${sampleOf(recorder)}`,
    )
  }, sleep)

  const told = Promise.all(
    crowd.map(async (person, index) => {
      const personChance = root.fork(index)
      const arrivesAt = sale.opensAt + scenario.arrivesMs(index, personChance, full)
      const intent = scenario.intent(index, personChance, sale, full)
      await sleep(Math.max(0, arrivesAt - now()))
      const result = await buy(world, { accessToken: person.accessToken, chance: personChance }, intent)
      finished++
      outcomes.set(result.outcome, (outcomes.get(result.outcome) ?? 0) + 1)
      return { person, ...result }
    }),
  )
  const outage =
    own && options.killAfter !== undefined
      ? killAndRestart(own, recorder, sale, options.killAfter, surroundings)
      : undefined
  const results = await told
  await outage
  const doneAt = now()
  stopProgress()

  progress('waiting until nothing is under way')
  const admin = await signedIn('admin')
  const report = await quiescentAudit(
    client,
    admin,
    sale,
    doneAt + (full.holdSeconds > 60 ? 30_000 : (full.holdSeconds + 60) * 1000),
    surroundings,
  )
  const lost = await countLost(wire, admin, results)
  const bought = results.flatMap((result) => result.fulfilled)
  const seats = bought.flatMap((purchase) => purchase.seats)
  const figures = report.figures
  const sold = figures['inventory.sold'] ?? 0
  const leaked =
    (figures['inventory.held'] ?? 0) +
    (figures['inventory.secured'] ?? 0) +
    (figures['orders.pending'] ?? 0) +
    (figures['payments.pending'] ?? 0)
  const oversold = Math.max(0, sold - sale.capacity) + Math.max(0, seats.length - sale.capacity)
  const duplicates = seats.length - new Set(seats).size
  const paidWithoutTicket = figures['paidWithoutTicket'] ?? 0
  const ticketWithoutPayment = figures['ticketWithoutPayment'] ?? 0
  const seconds = (doneAt - sale.opensAt) / 1000
  const latency = (name: string) => recorder.percentiles(name)
  return {
    scenario: options.scenario,
    seed: options.seed,
    users: crowd.length,
    capacity: sale.capacity,
    sold,
    oversold,
    leaked,
    duplicates,
    paidWithoutTicket,
    ticketWithoutPayment,
    lostAcknowledged: lost,
    falseRefusals: 0,
    errors: recorder.errors,
    errorRate: recorder.errors / Math.max(1, recorder.requests),
    outageErrors: recorder.outageErrors,
    requests: recorder.requests,
    seconds: Math.round(seconds * 10) / 10,
    ordersPerSecond: Math.round((bought.length / Math.max(0.1, seconds)) * 10) / 10,
    latencyMs: {
      join: latency('join'),
      poll: latency('poll'),
      pass: latency('pass'),
      hold: latency('hold'),
      order: latency('order'),
      fulfilled: latency('fulfilled'),
    },
    fairness: { botShareOfAccounts: 0, botShareOfTickets: 0 },
    outcomes: Object.fromEntries(outcomes),
    errorSamples: Object.fromEntries([...recorder.samples].slice(0, 10)),
    violated: report.checks
      .filter((check) => !check.held)
      .map((check) => `${check.name} (${check.violations})${check.detail ? `: ${check.detail}` : ''}`),
    challenges: 'off',
    invariantsHeld:
      report.invariantsHeld && oversold + leaked + duplicates + paidWithoutTicket + ticketWithoutPayment + lost === 0,
  }
}

/** Asks for the audit until nothing is held, secured or pending, at most until the deadline. */
async function quiescentAudit(
  client: Client,
  admin: string,
  sale: PreparedSale,
  deadline: number,
  { now, sleep }: Surroundings,
): Promise<AuditReport> {
  for (;;) {
    const report = await client.call(audit, { query: { eventId: sale.eventId }, accessToken: admin })
    const open = ['inventory.held', 'inventory.secured', 'orders.pending', 'payments.pending'].reduce(
      (sum, name) => sum + (report.figures[name] ?? 0),
      0,
    )
    if (open === 0 || now() > deadline) return report
    await sleep(500)
  }
}

/** Everything that somebody was told must still be there: places, holds and orders by id, tickets by their owner. */
async function countLost(
  wire: Wire,
  admin: string,
  results: readonly (Told & { person: Credentials })[],
): Promise<number> {
  const ids = results.flatMap((result) => [...result.places, ...result.holds, ...result.orders])
  let lost = 0
  for (let i = 0; i < ids.length; i += 1000) {
    const { body } = await wire.call('other', lookUp, { body: { ids: ids.slice(i, i + 1000) }, accessToken: admin })
    lost += body.unknown.length
  }
  for (const result of results) {
    for (const purchase of result.fulfilled) {
      const { body } = await wire.call('other', listTickets, {
        query: { orderId: purchase.orderId },
        accessToken: result.person.accessToken,
      })
      const seats = new Set(body.items.filter((ticket) => ticket.state === 'valid').map((ticket) => ticket.seat.id))
      lost += purchase.seats.filter((seat) => !seats.has(seat)).length
    }
  }
  return lost
}

async function killAndRestart(
  own: OwnServer,
  recorder: Recorder,
  sale: PreparedSale,
  killAfter: number,
  { now, sleep, progress }: Surroundings,
): Promise<void> {
  await sleep(Math.max(0, sale.opensAt + killAfter * 1000 - now()))
  recorder.outage = true
  progress('kill -9')
  await own.kill()
  await own.start()
  progress('the server is back')
  // Requests that were on their way may still come back broken.
  await sleep(1000)
  recorder.outage = false
}

async function prepareCrowd(own: OwnServer, users: number): Promise<Credentials[]> {
  const file = join(own.folder, 'crowd.json')
  await own.cli(['crowd', '--users', String(users), '--out', file, '--json'])
  return JSON.parse(readFileSync(file, 'utf8')) as Credentials[]
}

/** Registers people the long way, with their mails, so that no back door is needed on a server that is not ours. */
async function registerCrowd(
  wire: Wire,
  options: RehearsalOptions,
  { now, progress }: Surroundings,
): Promise<Credentials[]> {
  const crowd: Credentials[] = []
  const stamp = now().toString(36)
  const lanes = Array.from({ length: 8 }, async (_, lane) => {
    for (let i = lane; i < options.users; i += 8) {
      const email = `crowd-${stamp}-${i}@demo.fairgate.test`
      await wire.call('other', register, { body: { email, password: `rehearsal-${stamp}`, name: `Person ${i}` } })
      const verified = await enterCode(wire, options.url!, email)
      crowd[i] = { accountId: verified.accountId, accessToken: verified.accessToken }
      if ((i + 1) % 500 === 0) progress(`${i + 1} accounts`)
    }
  })
  await Promise.all(lanes)
  return crowd

  async function enterCode(wire: Wire, url: string, email: string): Promise<Credentials> {
    for (let attempt = 0; attempt < 50; attempt++) {
      const answer = await fetch(`${url}/dev/mailbox?to=${encodeURIComponent(email)}`)
      const code = /\b\d{6}\b/.exec(((await answer.json()) as { items: { text: string }[] }).items[0]?.text ?? '')?.[0]
      if (code) {
        await wire.call('other', verifyEmail, { body: { email, code } })
        const session = (await wire.call('other', signIn, { body: { email, password: `rehearsal-${stamp}` } })).body
        return { accountId: session.account.id, accessToken: session.accessToken }
      }
      await new Promise((done) => setTimeout(done, 200))
    }
    throw new Error(`no mail came for ${email}`)
  }
}

/** The most frequent error so far, for the progress line. */
function sampleOf(recorder: Recorder): string {
  const [first] = [...recorder.samples].toSorted((a, b) => b[1] - a[1])
  return first ? ` (${first[0]})` : ''
}

function showProgress(show: () => void, sleep: (ms: number) => Promise<void>): () => void {
  let stopped = false
  void (async () => {
    while (!stopped) {
      await sleep(5000)
      if (!stopped) show()
    }
  })()
  return () => {
    stopped = true
  }
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
}
