import { byRank, createWinners } from '@fairgate/contracts/auction'
import { lotReport, type LotReport } from '@fairgate/contracts/http/auctions'
import { rulesOfReport } from '@fairgate/contracts/verify-auction'
import { prepareAuction, startAmount, step, type PreparedAuction } from './auction-sale.ts'
import { playAuction, type BidIntent, type Played } from './bidder.ts'
import { bothBooks, countLost, quiescentAudit, signedIn } from './books.ts'
import { prepareCrowd, registerCrowd } from './crowd.ts'
import { createOwnServer, type Credentials, type OwnServer } from './own-server.ts'
import { chance, type Chance } from './random.ts'
import { createRecorder, type Percentiles, type Recorder } from './recorder.ts'
import { killAndRestart, metBy, type Report } from './rehearsal.ts'
import { fairnessOf, figuresOf } from './report.ts'
import { showProgress, type Surroundings } from './surroundings.ts'
import { verifyLot } from './verify-auction.ts'
import { openWire, type Wire } from './wire.ts'

export type AuctionOptions = {
  users: number
  places: number
  seed: number
  url?: string
  holdSeconds?: number
  killAfter?: number
  keep?: boolean
}

export type AuctionReport = Omit<Report, 'waitEstimate' | 'proofOfWork' | 'rounds' | 'falseRefusals' | 'refusals'> & {
  latencyMs: Report['latencyMs'] & { bid: Percentiles }
  falseRefusals: number
  auction: {
    bids: { accepted: number; refused: Record<string, number>; inLastTenSeconds: number; busiestSecond: number }
    bidders: number
    cutoff: number | null
    /** From the end of the bids until the first award was made. */
    closedAfterMs: number
    chainLength: number
    /** Winners who meant to pay and could not in time. */
    missed: number
    /** People who bought and should not have, or the other way round, by the ranking and what everybody did. */
    wrongBuyers: number
    wrongPrices: number
    wrongPushes: number
    verified: boolean
  }
}

const bidsMs = 25_000
const lateMs = 10_000
const payBySeconds = 15
const holdSeconds = 8
/** Each step down the chain costs the time to pay; a third of a third of a third… is soon nobody. */
const stepsMax = 16

/**
 * Brings bidders to a lot: half of all bids come in the last ten seconds, a third of the winners do not pay, and the seats
 * go down the ranking until they are sold to the highest who pay, each at the own bid.
 */
export async function rehearseAuction(options: AuctionOptions, surroundings: Surroundings): Promise<AuctionReport> {
  const { progress, sleep } = surroundings
  const recorder = createRecorder()
  const own = options.url === undefined ? await createOwnServer({ keep: options.keep ?? false }) : undefined
  const url = options.url ?? own!.url
  const wire = openWire(url, recorder, { connections: Math.min(400, options.users), sleep })
  try {
    progress(`preparing ${options.users} accounts`)
    const crowd = own
      ? await prepareCrowd(own, options.users)
      : await registerCrowd(wire, { url, users: options.users }, surroundings)
    if (own) await own.start()
    return await run(options, { url, wire, recorder, crowd, own, surroundings })
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

/** One to three bids, half of them in the last ten seconds, and an amount that nobody else has in mind. */
function intentOf(person: Chance, lot: PreparedAuction): BidIntent {
  const time = () =>
    person.unit() < 0.5
      ? lot.endsAt - lateMs * person.unit()
      : lot.opensAt + (lot.endsAt - lateMs - lot.opensAt) * person.unit()
  const luck = person.unit()
  return {
    bidsAt: Array.from({ length: 1 + person.index(3) }, time).toSorted((a, b) => a - b),
    worth: startAmount + step * Math.floor(20 + 200 * person.unit() ** 2),
    withAward: luck < 2 / 3 ? 'pay' : luck < 5 / 6 ? 'decline' : 'forget',
  }
}

async function run(options: AuctionOptions, parts: Parts): Promise<AuctionReport> {
  const { url, wire, recorder, crowd, own, surroundings } = parts
  const { progress, now, sleep } = surroundings
  const seconds = options.holdSeconds ?? holdSeconds
  const organiser = await signedIn(wire.client, 'organiser')
  const plan = { places: options.places, holdSeconds: seconds, payBySeconds: Math.max(payBySeconds, seconds), bidsMs }
  const lot = await prepareAuction(wire.client, organiser, plan, surroundings)
  const until = lot.endsAt + stepsMax * (plan.payBySeconds + 2) * 1000
  const world = { wire, recorder, now, sleep, until }
  const root = chance(options.seed)
  let finished = 0
  const stopProgress = showProgress(() => {
    const toEnd = Math.round((now() - lot.endsAt) / 1000)
    progress(
      `${toEnd} s from the end: ${finished}/${crowd.length} done, ${recorder.requests} requests, ${recorder.errors} errors`,
    )
  }, sleep)
  const told = Promise.all(
    crowd.map(async (person, index) => {
      const intent = intentOf(root.fork(index), lot)
      const bidder = { accessToken: person.accessToken, chance: root.fork(crowd.length + index) }
      const played = await playAuction(world, bidder, lot, intent)
      finished++
      return { person, intent, played }
    }),
  )
  const outage =
    own && options.killAfter !== undefined
      ? killAndRestart(own, recorder, lot, options.killAfter, surroundings)
      : undefined
  const everybody = await told
  await outage
  const doneAt = now()
  stopProgress()
  progress('waiting until nothing is under way')
  const admin = await signedIn(wire.client, 'admin')
  const audit = await quiescentAudit(wire.client, admin, lot, doneAt + 60_000, surroundings)
  const results = everybody.map(({ person, played }) => ({
    person,
    ...played,
    outcome: outcomeOf(played),
    isMacro: false,
  }))
  const lost = await countLost(wire, admin, results)
  const books = await bothBooks(wire.client, admin, url, now() + 30_000, surroundings)
  const { report } = await wire.client.call(lotReport, { params: { id: lot.lotId } })
  const { verified } = await verifyLot(url, lot.lotId)
  const auction = { ...figuresOfLot(report, everybody, lot), verified }
  const round = { capacity: lot.capacity, seconds: (doneAt - lot.opensAt) / 1000, audit, results }
  const figures = figuresOf([round], lost, books)
  const met = metBy(recorder)
  const soldOut = Math.min(options.places, everybody.filter(isBuyer).length)
  const asItShould = auction.wrongBuyers + auction.wrongPrices + auction.wrongPushes === 0 && figures.sold === soldOut
  return {
    scenario: 'auction',
    seed: options.seed,
    users: crowd.length,
    ...figures,
    falseRefusals: 0,
    ...met,
    latencyMs: { ...met.latencyMs, bid: recorder.percentiles('bid') },
    fairness: fairnessOf([round]),
    challenges: 'off',
    auction,
    invariantsHeld: figures.invariantsHeld && asItShould && verified,
  }
}

type Somebody = { intent: BidIntent; played: Played }

/** Bid, and means to pay. */
const isBuyer = ({ intent, played }: Somebody): boolean =>
  played.accepted.length > 0 && intent.withAward === 'pay' && played.outcome !== 'missed'

/** In the words of the other rehearsals. */
const outcomeOf = ({ outcome }: Played) =>
  outcome === 'bought'
    ? ('bought' as const)
    : outcome === 'not-won'
      ? ('sold-out' as const)
      : outcome === 'gave-up'
        ? ('gave-up' as const)
        : outcome === 'missed'
          ? ('not-paid' as const)
          : ('abandoned' as const)

/** What happened beside what the history of the bids and everybody's intention give. */
function figuresOfLot(report: LotReport, everybody: readonly Somebody[], lot: PreparedAuction) {
  const refused: Record<string, number> = {}
  for (const code of everybody.flatMap(({ played }) => played.refused)) refused[code] = (refused[code] ?? 0) + 1
  const perSecond = new Map<number, number>()
  for (const [, , at] of report.bids)
    perSecond.set(Math.floor(at / 1000), (perSecond.get(Math.floor(at / 1000)) ?? 0) + 1)

  const byBidder = new Map(everybody.map((somebody) => [somebody.played.last?.bidder, somebody]))
  const last = new Map(report.bids.map(([bidder, amount], index) => [bidder, { bidder, amount, sequence: index + 1 }]))
  const ranking = [...last.values()].toSorted(byRank)
  const buyers = ranking.filter(({ bidder }) => {
    const somebody = byBidder.get(bidder)
    return somebody !== undefined && isBuyer(somebody)
  })
  const expected = new Set(buyers.slice(0, lot.capacity).map(({ bidder }) => bidder))
  const bought = [...byBidder].filter(([, { played }]) => played.outcome === 'bought')
  const pushes = pushesOf(report)
  const awardedAt = everybody.flatMap(({ played }) =>
    played.last?.award ? [Date.parse(played.last.award.awardedAt)] : [],
  )
  return {
    bids: {
      accepted: report.bids.length,
      refused,
      inLastTenSeconds: report.bids.filter(([, , at]) => at >= lot.endsAt - lateMs).length,
      busiestSecond: Math.max(0, ...perSecond.values()),
    },
    bidders: last.size,
    cutoff: ranking[lot.capacity - 1]?.amount ?? null,
    closedAfterMs: awardedAt.length === 0 ? 0 : awardedAt.reduce((a, b) => Math.min(a, b)) - lot.endsAt,
    chainLength: new Set(awardedAt).size,
    missed: everybody.filter(({ played }) => played.outcome === 'missed').length,
    wrongBuyers:
      bought.filter(([bidder]) => !expected.has(bidder!)).length + Math.max(0, expected.size - bought.length),
    wrongPrices: bought.filter(([bidder, { played }]) => last.get(bidder!)?.amount !== played.paid).length,
    wrongPushes: [...byBidder].filter(
      ([bidder, { played }]) => bidder && (pushes.get(bidder) ?? 0) !== played.last?.pushes,
    ).length,
  }
}

/** How often each bidder was pushed out with a chance left, by the history. */
function pushesOf(report: LotReport): Map<string, number> {
  const { seats, bidsMax } = rulesOfReport(report)
  const winners = createWinners<{ bidder: string; amount: number; sequence: number; used: number }>(seats)
  const own = new Map<string, { bidder: string; amount: number; sequence: number; used: number }>()
  const pushes = new Map<string, number>()
  report.bids.forEach(([bidder, amount], index) => {
    const before = own.get(bidder)
    const bid = { bidder, amount, sequence: index + 1, used: (before?.used ?? 0) + 1 }
    const { pushedOut } = winners.put(bid, before)
    own.set(bidder, bid)
    if (pushedOut && pushedOut.used < bidsMax) pushes.set(pushedOut.bidder, (pushes.get(pushedOut.bidder) ?? 0) + 1)
  })
  return pushes
}
