import { fork, type ChildProcess } from 'node:child_process'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { countLost, countUnknown, quiescentAudit, signedIn, type Remembered } from './books.ts'
import { claim, shop, type Told, type World } from './buyer.ts'
import { goodCard } from './cards.ts'
import { prepareCrowd } from './crowd.ts'
import { createParsedLines, ownEye } from './eye.ts'
import { collectGarbage } from './garbage.ts'
import { merge, percentile, total, type Histogram } from './histogram.ts'
import { createOwnServer, type OwnServer } from './own-server.ts'
import { createPositions } from './positions.ts'
import { cpuOfDescendants, figuresOfProcess } from './process-figures.ts'
import { chance } from './random.ts'
import { createRecorder } from './recorder.ts'
import { createRefusalCheck } from './refusals.ts'
import { metBy, type Report } from './rehearsal.ts'
import { noProofs } from './proofs.ts'
import { fairnessOf, figuresOf } from './report.ts'
import type { FromCrowd, Met, ToCrowd } from './rush-messages.ts'
import { prepareSale } from './sale.ts'
import { showProgress, type Surroundings } from './surroundings.ts'
import { openWire } from './wire.ts'

export type RushOptions = { users: number; places: number; seed: number; keep?: boolean }

/** The server's cost in one phase. Its Postgres is counted apart. */
export type Phase = {
  phase: string
  people: number
  seconds: number
  serverCpuSeconds: number
  databaseCpuSeconds: number
  /** Of the crowd's own processes: when they are short of it, the crowd is late and not the server. */
  crowdCpuSeconds: number
  /** Of the server and its Postgres: for each person who joined, or who waited for a minute. */
  cpuMsPerPerson: number
  pollsPerSecond: number
  pollLateMs: { p50: number; p95: number }
  /** Resident memory at the end, after the garbage was collected. */
  rssMb: number
}

export type RushReport = Omit<Report, 'waitEstimate'> & {
  rush: {
    phases: Phase[]
    /** What else ran shows in the load before: only a quiet machine says how fast a server is. */
    machine: { cores: number; loadBefore: number; loadAtEnd: number }
    bytesPerWaiting: number
    bytesPerStream: number
    streams: number
    /** Cost of a person in the whole crowd by that in the first tenth: 1 is flat. */
    joinCostRatio: number
    waitCostRatio: number
    /** How long what people saw of the frontier had been overtaken, p95. */
    frontierAgeMs: { near: number; far: number; farBeyondPromise: number; samples: number }
    soldOutKnownMs: { p50: number; p95: number }
    targetsMet: Record<string, boolean>
  }
}

const crowdProcesses = 2
const waitMs = 15_000
const streamsMax = 5000
const reportMs = 120_000

/**
 * A crowd that waits: a tenth of it joins and waits, then all of it, then some keep event streams, then the line opens
 * and moves for about forty seconds until nothing is left. Everybody reads as the document asks; whoever is called
 * buys. Takes four to six minutes with 100,000 people, on a server of its own.
 */
export async function rehearseRush(options: RushOptions, surroundings: Surroundings): Promise<RushReport> {
  const { progress } = surroundings
  const own = await createOwnServer({ keep: options.keep ?? false, nodeOptions: ['--inspect=127.0.0.1:0'] })
  const crowds: ChildProcess[] = []
  try {
    progress(`preparing ${options.users} accounts`)
    const crowd = await prepareCrowd(own, options.users)
    await own.start()
    return await run(options, own, crowd, crowds, surroundings)
  } finally {
    for (const child of crowds) child.kill()
    await own.stop()
    if (options.keep) progress(`kept: ${own.folder}`)
  }
}

async function run(
  options: RushOptions,
  own: OwnServer,
  crowd: readonly { accessToken: string }[],
  children: ChildProcess[],
  surroundings: Surroundings,
): Promise<RushReport> {
  const { progress, now, sleep } = surroundings
  const { users, places, seed } = options
  const recorder = createRecorder()
  const wire = openWire(own.url, recorder, { connections: 100, sleep })
  const admin = await signedIn(wire.client, 'admin')
  await settle(own, children, surroundings)
  // The waits are measured more than a minute before the opening, from when on everybody reads twice as often.
  const gatherMs = 2 * waitMs + (users / 1500) * 1000 + 20_000 + 75_000
  const sale = await prepareSale(
    wire.client,
    await signedIn(wire.client, 'organiser'),
    {
      kind: 'concert',
      name: 'Rehearsal of a rush',
      sections: [{ name: 'Floor', price: 77_000, places }],
      lines: [
        {
          name: 'Floor',
          sections: [0],
          shoppersMax: Math.max(50, Math.round(places / 4)),
          admitPerMinute: Math.min(3000, Math.max(60, Math.round(places * 1.5))),
        },
      ],
      holdSeconds: 300,
      limitPerAccount: 1,
    },
    { opensAt: () => now() + gatherMs, sleep, now },
  )
  const lineId = sale.lines[0]!.id
  const until = sale.opensAt + 100_000

  const refusals = createRefusalCheck(wire, sleep)
  const parsed = createParsedLines()
  const world: World = {
    wire,
    url: own.url,
    recorder,
    now,
    sleep,
    until,
    positions: createPositions(),
    parsed,
    prove: undefined,
    refusals,
    waits: [],
    farmEye: () => ownEye({ wire, url: own.url, now, sleep, parsed }, lineId, chance(seed)),
  }
  const bought: Promise<Remembered & Told & { isMacro: boolean }>[] = []
  const called = (index: number, placeToken: string) =>
    void bought.push(
      goIn(world, lineId, sale.lines[0]!.sectionIds, crowd[index]!, placeToken, chance(seed).fork(index)),
    )

  const file = join(own.folder, 'crowd.json')
  const parts = Array.from({ length: crowdProcesses }, (_, part) => startPart(part, called, children))
  await askAll<'ready'>(parts, (part) => ({
    kind: 'begin',
    url: own.url.replace('localhost', '127.0.0.1'),
    lineId,
    crowdFile: file,
    seed: seed + part,
    part,
    parts: crowdProcesses,
  }))

  const loadBefore = round(loadavg()[0]!, 1)
  const phases: Phase[] = []
  const placesTold: string[] = []
  const metTotal: Met[] = []
  let refused = 0
  const tell = async (): Promise<Met[]> => {
    const told = (await askAll<'told'>(parts, () => ({ kind: 'tell' }))).map(({ met }) => met)
    metTotal.push(...told)
    return told
  }

  async function measure(phase: string, people: number, per: 'person' | 'minute', work: () => Promise<void>) {
    await tell()
    const from = metTotal.length
    const before = usage(own, children)
    const startedAt = now()
    await work()
    const after = usage(own, children)
    const seconds = (now() - startedAt) / 1000
    await tell()
    const met = metTotal.slice(from)
    await collectGarbage(own.logFile)
    const serverCpuSeconds = after.server - before.server
    const databaseCpuSeconds = after.database - before.database
    const cpuMs = (serverCpuSeconds + databaseCpuSeconds) * 1000
    const late = merge(met.map(({ pollMs }) => pollMs))
    const figures: Phase = {
      phase,
      people,
      seconds: round(seconds, 1),
      serverCpuSeconds: round(serverCpuSeconds, 2),
      databaseCpuSeconds: round(databaseCpuSeconds, 2),
      crowdCpuSeconds: round(after.crowd - before.crowd, 2),
      cpuMsPerPerson: round(per === 'person' ? cpuMs / people : (cpuMs / people / seconds) * 60, 3),
      pollsPerSecond: Math.round(met.reduce((sum, { polls }) => sum + polls, 0) / seconds),
      pollLateMs: { p50: percentile(late, 0.5), p95: percentile(late, 0.95) },
      rssMb: round(usage(own, children).rss / 1e6, 1),
    }
    phases.push(figures)
    progress(
      `${phase}: ${figures.seconds} s, server ${figures.serverCpuSeconds} s of a core (Postgres ${figures.databaseCpuSeconds}, crowd ${figures.crowdCpuSeconds}), ${figures.pollsPerSecond} polls/s, p95 ${figures.pollLateMs.p95} ms late, ${figures.rssMb} MB`,
    )
    return figures
  }

  const joinUpTo = async (to: number) => {
    for (const answer of await askAll<'joined'>(parts, () => ({ kind: 'join', to }))) {
      placesTold.push(...answer.places)
      refused += answer.refused
    }
  }

  const tenth = Math.ceil(users / 10)
  const firstJoin = await measure(`join ${tenth}`, tenth, 'person', () => joinUpTo(tenth))
  const firstWait = await measure(`wait ${tenth}`, tenth, 'minute', () => sleep(waitMs))
  const allJoin = await measure(`join ${users}`, users - tenth, 'person', () => joinUpTo(users))
  const allWait = await measure(`wait ${users}`, users, 'minute', () => sleep(waitMs))
  const streams = Math.min(streamsMax, Math.floor(users / 20))
  await askAll<'streaming'>(parts, () => ({ kind: 'streams', count: Math.floor(streams / crowdProcesses) }))
  const withStreams = await measure(`open ${streams} streams`, users, 'minute', () => sleep(12_000))
  const streaming = (await tell()).reduce((sum, met) => sum + met.streams, 0)
  if (now() > sale.opensAt - 5000) progress('the crowd was slow: the line opens while it still joins')
  await measure('wait for the opening', users, 'minute', () => sleep(Math.max(0, sale.opensAt - now())))

  const stopProgress = showProgress(() => progress(`${bought.length} were called`), sleep)
  const metWhileOpen: Met[] = []
  await measure('open', users, 'minute', async () => {
    for (;;) {
      await sleep(2000)
      const told = await tell()
      metWhileOpen.push(...told)
      if (told.reduce((sum, met) => sum + met.waiting, 0) === 0 || now() > until) break
    }
  })
  const doneAt = now()
  stopProgress()
  const results = await Promise.all(bought)
  const audit = await quiescentAudit(wire.client, admin, sale, doneAt + 30_000, surroundings)
  progress('looking up what everybody was told')
  const lost = (await countLost(wire, admin, results)) + (await countUnknown(wire, admin, placesTold))
  const { refusals: refusedSeats, falseRefusals } = await refusals.finish()
  await wire.close()

  const rounds = [{ capacity: sale.capacity, seconds: (doneAt - sale.opensAt) / 1000, audit, results }]
  const of = (name: 'nearMs' | 'farMs' | 'farBeyondPromiseMs' | 'soldOutMs'): Histogram =>
    merge(metWhileOpen.map((met) => met[name]))
  const join_ = merge(metTotal.map(({ joinMs }) => joinMs))
  const polls = merge(metTotal.map(({ pollMs }) => pollMs))
  const own_ = metBy(recorder)
  const crowdErrors = metTotal.reduce((sum, { errors }) => sum + errors, 0) + refused
  const requests = own_.requests + total(join_) + total(polls)
  const errors = own_.errors + crowdErrors
  const bytesPerWaiting = Math.round(((allWait.rssMb - firstWait.rssMb) * 1e6) / Math.max(1, users - tenth))
  const bytesPerStream = Math.round(((withStreams.rssMb - allWait.rssMb) * 1e6) / Math.max(1, streaming))
  const joinCostRatio = round(allJoin.cpuMsPerPerson / firstJoin.cpuMsPerPerson, 2)
  const waitCostRatio = round(allWait.cpuMsPerPerson / firstWait.cpuMsPerPerson, 2)
  const frontierAgeMs = {
    near: percentile(of('nearMs'), 0.95),
    far: percentile(of('farMs'), 0.95),
    farBeyondPromise: percentile(of('farBeyondPromiseMs'), 0.95),
    samples: total(of('nearMs')) + total(of('farMs')),
  }
  return {
    scenario: 'rush',
    seed,
    users,
    rounds: 1,
    ...figuresOf(rounds, lost),
    refusals: refusedSeats,
    falseRefusals,
    ...own_,
    requests,
    errors,
    errorRate: errors / Math.max(1, requests),
    latencyMs: { ...own_.latencyMs, join: percentilesOf(join_), poll: percentilesOf(polls) },
    fairness: fairnessOf(rounds),
    challenges: 'off',
    proofOfWork: noProofs(),
    rush: {
      phases,
      machine: { cores: availableParallelism(), loadBefore, loadAtEnd: round(loadavg()[0]!, 1) },
      bytesPerWaiting,
      bytesPerStream,
      streams: streaming,
      joinCostRatio,
      waitCostRatio,
      frontierAgeMs,
      soldOutKnownMs: { p50: percentile(of('soldOutMs'), 0.5), p95: percentile(of('soldOutMs'), 0.95) },
      targetsMet: {
        'under 1 kB for each who waits': bytesPerWaiting < 1000,
        'under 16 kB for each stream': bytesPerStream < 16_000,
        'a waiting person costs at most half more in the whole crowd': waitCostRatio <= 1.5,
        'near its turn a person sees at most 2 s into the past': frontierAgeMs.near <= 2000,
        'others see at most a second beyond the promised interval': frontierAgeMs.farBeyondPromise <= 1000,
      },
    },
  }
}

/** Waits until the server has done what the new accounts and the sale gave it to do, a minute at most. */
async function settle(own: OwnServer, children: readonly ChildProcess[], { now, sleep, progress }: Surroundings) {
  const until = now() + 60_000
  for (let before = usage(own, children); now() < until;) {
    await sleep(2000)
    const after = usage(own, children)
    const busySeconds = after.server + after.database - before.server - before.database
    if (busySeconds < 0.3) return
    before = after
  }
  progress('the server does not come to rest: the cost of the first waits includes other work')
}

/** Somebody who was called and does not hesitate. */
async function goIn(
  world: World,
  lineId: string,
  sectionIds: readonly string[],
  { accessToken }: { accessToken: string },
  placeToken: string,
  personChance: ReturnType<typeof chance>,
): Promise<Remembered & Told & { isMacro: boolean }> {
  const person = { accessToken, chance: personChance }
  const told: Told = { places: [], holds: [], orders: [], fulfilled: [], outcome: 'gave-up' }
  const intent = {
    lineId,
    sectionIds,
    seats: 1,
    admission: 'open',
    together: false,
    abandons: false,
    payment: goodCard,
    thinksMs: 0,
    farm: undefined,
  } as const
  try {
    const inside = await claim(world, person, lineId, placeToken)
    if (typeof inside === 'object') {
      const outcome = await shop(world, person, intent, inside, told)
      told.outcome = outcome === 'again' ? 'gave-up' : outcome
    } else told.outcome = inside === 'sold-out' ? 'sold-out' : 'gave-up'
  } catch (error) {
    world.recorder.lost('other', error)
  }
  return { person: { accessToken }, isMacro: false, ...told }
}

type Part = { ask(message: ToCrowd): Promise<FromCrowd> }

/** A process of the crowd that answers each message once, and says in between who was called. */
function startPart(part: number, called: (index: number, placeToken: string) => void, children: ChildProcess[]): Part {
  const child = fork(fileURLToPath(new URL('rush-crowd.ts', import.meta.url)), { serialization: 'advanced' })
  children.push(child)
  const answers: ((message: FromCrowd) => void)[] = []
  const failures: ((error: Error) => void)[] = []
  child.on('message', (message: FromCrowd) => {
    if (message.kind === 'called') return called(message.index, message.placeToken)
    failures.shift()
    answers.shift()?.(message)
  })
  child.once('exit', (code) => {
    for (const fail of failures) fail(new Error(`process ${part} of the crowd ended with ${code}`))
  })
  return {
    ask: (message) =>
      new Promise((done, fail) => {
        answers.push(done)
        failures.push(fail)
        child.send(message)
      }),
  }
}

async function askAll<K extends FromCrowd['kind']>(
  parts: readonly Part[],
  message: (part: number) => ToCrowd,
): Promise<Extract<FromCrowd, { kind: K }>[]> {
  const timeout = new Promise<never>((_, fail) => {
    setTimeout(() => fail(new Error('a process of the crowd did not answer in time')), reportMs).unref()
  })
  const answers = await Promise.race([Promise.all(parts.map((part, i) => part.ask(message(i)))), timeout])
  return answers as Extract<FromCrowd, { kind: K }>[]
}

function usage(own: OwnServer, children: readonly ChildProcess[]) {
  const cpuOf = (pid: number | undefined) => (pid === undefined ? 0 : (figuresOfProcess(pid)?.cpuSeconds ?? 0))
  const pid = own.pid()!
  const figures = figuresOfProcess(pid)
  return {
    server: figures?.cpuSeconds ?? 0,
    database: figures ? cpuOfDescendants(pid) : 0,
    crowd: children.reduce((sum, child) => sum + cpuOf(child.pid), 0),
    rss: figures?.rssBytes ?? 0,
  }
}

const percentilesOf = (times: Histogram) => ({
  p50: percentile(times, 0.5),
  p95: percentile(times, 0.95),
  p99: percentile(times, 0.99),
})

const round = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits
