import { createClient } from '@fairgate/contracts/client'
import { getLine } from '@fairgate/contracts/http/waiting-room'
import { buy, type Told, type World } from './buyer.ts'
import { bothBooks, countLost, quiescentAudit, signedIn, type Remembered } from './books.ts'
import { callOff, type CalledOff } from './call-off.ts'
import { prepareCrowd, registerCrowd } from './crowd.ts'
import { createParsedLines, farmEye, type Eye } from './eye.ts'
import { createOwnServer, type Credentials, type OwnServer } from './own-server.ts'
import { createPositions } from './positions.ts'
import { createProofs, noProofs, type ProofOfWork } from './proofs.ts'
import { chance } from './random.ts'
import { createRecorder, type Percentiles, type Recorder } from './recorder.ts'
import { createRefusalCheck } from './refusals.ts'
import { fairnessOf, figuresOf, type Fairness, type Round } from './report.ts'
import { prepareSale, type PreparedSale } from './sale.ts'
import { scenarios, type Scenario, type ScenarioName, type ScenarioOptions } from './scenarios.ts'
import { showProgress, type Surroundings } from './surroundings.ts'
import { waitEstimateOf, type Wait, type WaitEstimate } from './waits.ts'
import { openWire, type Wire } from './wire.ts'

export type RehearsalOptions = Omit<ScenarioOptions, 'holdSeconds'> & {
  scenario: ScenarioName
  seed: number
  url?: string
  holdSeconds?: number
  killAfter?: number
  rounds?: number
  keep?: boolean
  challenges?: boolean
  callOff?: number
}

export type Report = ReturnType<typeof figuresOf> & {
  scenario: string
  seed: number
  users: number
  rounds: number
  refusals: number
  falseRefusals: number
  errors: number
  errorRate: number
  outageErrors: number
  requests: number
  latencyMs: Record<'join' | 'poll' | 'pass' | 'hold' | 'order' | 'fulfilled', Percentiles>
  fairness: Fairness
  waitEstimate: WaitEstimate
  errorSamples: Record<string, number>
  /** With `callOff`: how everybody got their money back from the last round. */
  calledOff?: CalledOff
  challenges: 'on' | 'off'
  /** All zero where challenges are off. `solvingMs` is the sum over all who solved, four at a time on this machine. */
  proofOfWork: ProofOfWork
}

/** Runs one scenario against a server of its own or a running demo, and reports what held. */
export async function rehearse(options: RehearsalOptions, surroundings: Surroundings): Promise<Report> {
  const { progress, sleep } = surroundings
  const recorder = createRecorder()
  const own =
    options.url === undefined
      ? await createOwnServer({
          ...(options.keep ? { keep: true } : {}),
          ...(options.challenges ? { env: { CHALLENGES: 'on' } } : {}),
        })
      : undefined
  // Without a look for the name, which each connection would make.
  const url = (options.url ?? own!.url).replace('//localhost:', '//127.0.0.1:')
  const wire = openWire(url, recorder, { connections: Math.min(400, options.users), sleep })
  try {
    progress(`preparing ${options.users} accounts`)
    const crowd = own
      ? await prepareCrowd(own, options.users)
      : await registerCrowd(wire, { url, users: options.users }, surroundings)
    if (own) await own.start()
    return await run(options, scenarios[options.scenario], { url, wire, recorder, crowd, own, surroundings })
  } finally {
    await wire.close()
    await own?.stop()
    if (own && options.keep) progress(`kept: ${own.folder}`)
  }
}

type Parts = {
  url: string
  wire: Wire
  recorder: Recorder
  crowd: readonly Credentials[]
  own: OwnServer | undefined
  surroundings: Surroundings
}

async function run(options: RehearsalOptions, scenario: Scenario, parts: Parts): Promise<Report> {
  const { wire, recorder, crowd } = parts
  const refusals = createRefusalCheck(wire, parts.surroundings.sleep)
  const waits: Wait[] = []
  const work = noProofs()
  const rounds: (Round & {
    results: (Remembered & Told & { isMacro: boolean })[]
    areChallengesOn: boolean
    eventId: string
  })[] = []
  for (let i = 0; i < (options.rounds ?? scenario.rounds); i++)
    rounds.push(await hold(options, scenario, i, { ...parts, refusals, waits, work }))
  const { falseRefusals, refusals: refused } = await refusals.finish()
  const admin = await signedIn(wire.client, 'admin')
  const lost = await countLost(
    wire,
    admin,
    rounds.flatMap(({ results }) => results),
  )
  const { surroundings, url, own } = parts
  const calledOff =
    own && options.callOff !== undefined
      ? await callOff(createClient({ baseUrl: url }), own, rounds.at(-1)!.eventId, options.callOff, surroundings)
      : undefined
  const books = await bothBooks(
    wire.client,
    await signedIn(wire.client, 'admin'),
    url,
    surroundings.now() + booksWaitMs,
    surroundings,
  )
  const figures = figuresOf(rounds, lost, books)
  return {
    scenario: options.scenario,
    seed: options.seed,
    users: crowd.length,
    rounds: rounds.length,
    ...figures,
    invariantsHeld: figures.invariantsHeld && (calledOff?.isWhole ?? true),
    ...(calledOff ? { calledOff } : {}),
    refusals: refused,
    falseRefusals,
    ...metBy(recorder),
    fairness: fairnessOf(rounds),
    waitEstimate: waitEstimateOf(waits),
    challenges: rounds.some(({ areChallengesOn }) => areChallengesOn) ? 'on' : 'off',
    proofOfWork: { ...work, solvingMs: Math.round(work.solvingMs) },
  }
}

/** How long the provider's books may still move when everybody has gone. */
const booksWaitMs = 30_000

/** What the crowd met, for the report. */
export function metBy(recorder: Recorder) {
  const of = (name: string) => recorder.percentiles(name)
  return {
    errors: recorder.errors,
    errorRate: recorder.errors / Math.max(1, recorder.requests),
    outageErrors: recorder.outageErrors,
    requests: recorder.requests,
    latencyMs: {
      join: of('join'),
      poll: of('poll'),
      pass: of('pass'),
      hold: of('hold'),
      order: of('order'),
      fulfilled: of('fulfilled'),
    },
    errorSamples: Object.fromEntries([...recorder.samples].slice(0, 10)),
  }
}

/** Holds the sale once: everybody comes, buys or leaves, and the books are read when nothing is under way any more. */
async function hold(
  options: RehearsalOptions,
  scenario: Scenario,
  round: number,
  parts: Parts & Pick<World, 'refusals' | 'waits'> & { work: ProofOfWork },
) {
  const { wire, url, recorder, crowd, own, surroundings, refusals, waits, work } = parts
  const { progress, now, sleep } = surroundings
  const full = { ...options, holdSeconds: options.holdSeconds ?? scenario.holdSeconds }

  // One machine solves for everybody, some ten a second: they come so much earlier, or the queue for it would be the race.
  const stretch = options.challenges ? Math.max(1, options.users / 50) : 1

  progress(round === 0 ? 'preparing the sale' : `preparing the sale for round ${round + 1}`)
  const organiser = await signedIn(wire.client, 'organiser')
  const sale = await prepareSale(wire.client, organiser, scenario.plan(full), {
    opensAt: () => now() + scenario.gatherMs * stretch,
    sleep,
    now,
  })
  const line = await wire.client.call(getLine, { params: { id: sale.lines[0]!.id } })
  const areChallengesOn = line.challenge ?? false
  const world: World = {
    wire,
    url,
    recorder,
    now,
    sleep,
    until: sale.opensAt + 20 * 60_000,
    positions: createPositions(),
    parsed: createParsedLines(),
    prove: areChallengesOn ? createProofs(wire, work) : undefined,
    refusals,
    waits,
    farmEye: createFarms({ wire, sleep }),
  }

  const root = chance(options.seed).fork(round)
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
      const arrivesMs = scenario.arrivesMs(index, personChance, full)
      const arrivesAt = sale.opensAt + (arrivesMs < 0 ? arrivesMs * stretch : arrivesMs)
      const intent = scenario.intent(index, personChance, sale, full)
      await sleep(Math.max(0, arrivesAt - now()))
      const result = await buy(world, { accessToken: person.accessToken, chance: personChance }, intent)
      finished++
      outcomes.set(result.outcome, (outcomes.get(result.outcome) ?? 0) + 1)
      return { person, isMacro: scenario.isMacro(index), ...result }
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
  const deadline = doneAt + (full.holdSeconds > 60 ? 30_000 : (full.holdSeconds + 60) * 1000)
  const admin = await signedIn(wire.client, 'admin')
  const audit = await quiescentAudit(wire.client, admin, sale, deadline, surroundings)
  const seconds = (doneAt - sale.opensAt) / 1000
  return { capacity: sale.capacity, seconds, audit, results, areChallengesOn, eventId: sale.eventId }
}

/** One eye for each farm and line. */
function createFarms(world: Pick<World, 'wire' | 'sleep'>): World['farmEye'] {
  const eyes = new Map<string, Eye>()
  return (lineId, farm) => {
    const key = `${farm} ${lineId}`
    const eye = eyes.get(key) ?? farmEye(world, lineId)
    eyes.set(key, eye)
    return eye
  }
}

/** So many seconds after the opening. */
export async function killAndRestart(
  own: OwnServer,
  recorder: Recorder,
  sale: Pick<PreparedSale, 'opensAt'>,
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

/** The most frequent error so far, for the progress line. */
function sampleOf(recorder: Recorder): string {
  const [first] = [...recorder.samples].toSorted((a, b) => b[1] - a[1])
  return first ? ` (${first[0]})` : ''
}
