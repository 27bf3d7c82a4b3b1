import { byRank } from '@fairgate/contracts/auction'
import { lotReport, type LotReport } from '@fairgate/contracts/http/auctions'
import { prepareAuction, type PreparedAuction } from './auction-sale.ts'
import { intentOf, lateMs, type BidIntent } from './bid-intent.ts'
import { playAuction, type AtOnce, type Played } from './bidder.ts'
import { bothBooks, countLost, quiescentAudit, signedIn } from './books.ts'
import { prepareCrowd, registerCrowd, type Reachable } from './crowd.ts'
import { lettersOf, noticesOf, pushesOf, watchLot, type Notices, type Push } from './notices.ts'
import { createOwnServer, type Credentials, type OwnServer } from './own-server.ts'
import { chance } from './random.ts'
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
  workers?: number
  keep?: boolean
}

export type AuctionReport = Omit<Report, 'waitEstimate' | 'proofOfWork' | 'rounds' | 'falseRefusals' | 'refusals'> & {
  latencyMs: Report['latencyMs'] & { bid: Percentiles }
  falseRefusals: number
  auction: {
    bids: {
      /** Without those of the greedy one that were refused. */
      sent: number
      accepted: number
      refused: Record<string, number>
      /** Accepted ones by the time of the server's decision, refused ones by when they were sent. */
      lastTenSeconds: { sent: number; accepted: number; refused: number; shareOfSent: number; shareOfAccepted: number }
      /** Accepted in the fullest second of the server's clock. */
      busiestSecond: number
      mostOfAnAccount: number
    }
    /** A hundred requests of one account in one moment. */
    atOnce: AtOnce | undefined
    notices: Notices
    bidders: number
    cutoff: number | null
    /** From the end of the bids until the first award was made. */
    closedAfterMs: number
    chainLength: number
    /** Winners who meant to pay and could not in time. */
    missed: number
    missedBecause: Record<string, number>
    /** People who bought and should not have, or the other way round, by the ranking and what everybody did. */
    wrongBuyers: number
    wrongPrices: number
    wrongPushes: number
    verified: boolean
  }
}

const bidsMs = 25_000
/** People who can be written to: their letters are timed. */
const reachableMax = 60
/** When the greedy one sends a hundred bids: after the opening. */
const greedyMs = 3000
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
  const own = options.url === undefined ? await createOwnServer(serverOf(options)) : undefined
  const url = options.url ?? own!.url
  const wire = openWire(url, recorder, { connections: Math.min(400, options.users), sleep })
  try {
    progress(`preparing ${options.users} accounts`)
    const others = own ? await prepareCrowd(own, Math.max(0, options.users - reachableMax)) : []
    if (own) await own.start()
    const reachable = await registerCrowd(wire, { url, users: options.users - others.length }, surroundings)
    const crowd = [...others, ...reachable]
    return await run(options, { url, wire, recorder, crowd, reachable, own, surroundings })
  } finally {
    await wire.close()
    await own?.stop()
    if (own && options.keep) progress(`kept: ${own.folder}`)
  }
}

const serverOf = ({ keep = false, workers }: AuctionOptions) => ({
  keep,
  ...(workers === undefined ? {} : { env: { WORKERS: String(workers) } }),
})

type Parts = {
  url: string
  wire: Wire
  recorder: Recorder
  crowd: readonly Credentials[]
  reachable: readonly Reachable[]
  own: OwnServer | undefined
  surroundings: Surroundings
}

async function run(options: AuctionOptions, parts: Parts): Promise<AuctionReport> {
  const { url, wire, recorder, crowd, reachable, own, surroundings } = parts
  const { progress, now, sleep } = surroundings
  const seconds = options.holdSeconds ?? holdSeconds
  const organiser = await signedIn(wire.client, 'organiser')
  const plan = { places: options.places, holdSeconds: seconds, payBySeconds: Math.max(payBySeconds, seconds), bidsMs }
  const lot = await prepareAuction(wire.client, organiser, plan, surroundings)
  const until = lot.endsAt + stepsMax * (plan.payBySeconds + 2) * 1000
  const world = { wire, recorder, now, sleep, until }
  const watcher = watchLot(url, lot.lotId, surroundings)
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
      const usual = intentOf(root.fork(index), lot, crowd.length)
      const intent = index === 0 ? { ...usual, isGreedy: true, bidsAt: [lot.opensAt + greedyMs] } : usual
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
  watcher.close()
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
  const pushes = pushesOf(report)
  const letters = await lettersOf(url, report, reachable)
  const lettersByBidder = new Map(
    everybody.flatMap(({ person, played }) => {
      const [bidder, sent] = [played.last?.bidder, letters.get(person.accountId)]
      return bidder && sent ? [[bidder, sent] as const] : []
    }),
  )
  const notices = noticesOf(pushes, Date.parse(report.endedAt), watcher.seenAt, lettersByBidder)
  const auction = { ...figuresOfLot(report, everybody, pushes, lot), notices, verified }
  const round = { capacity: lot.capacity, seconds: (doneAt - lot.opensAt) / 1000, audit, results }
  const figures = figuresOf([round], lost, books)
  const met = metBy(recorder)
  const soldOut = Math.min(options.places, everybody.filter(isBuyer).length)
  const wrong = auction.wrongBuyers + auction.wrongPrices + auction.wrongPushes + notices.extra
  const asItShould = wrong === 0 && auction.bids.mostOfAnAccount <= report.bidsMax && figures.sold === soldOut
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
function figuresOfLot(
  report: LotReport,
  everybody: readonly Somebody[],
  pushes: readonly Push[],
  lot: PreparedAuction,
) {
  const refused = everybody.flatMap(({ played }) => played.refused)
  const lateFrom = Date.parse(report.endedAt) - lateMs
  const late = {
    accepted: report.bids.filter(([, , at]) => at >= lateFrom).length,
    refused: refused.filter(({ at }) => at >= lateFrom).length,
  }
  const sent = report.bids.length + refused.length
  const byBidder = new Map(everybody.map((somebody) => [somebody.played.last?.bidder, somebody]))
  const last = new Map(report.bids.map(([bidder, amount], index) => [bidder, { bidder, amount, sequence: index + 1 }]))
  const ranking = [...last.values()].toSorted(byRank)
  const buyers = ranking.filter(({ bidder }) => {
    const somebody = byBidder.get(bidder)
    return somebody !== undefined && isBuyer(somebody)
  })
  const expected = new Set(buyers.slice(0, lot.capacity).map(({ bidder }) => bidder))
  const bought = [...byBidder].filter(([, { played }]) => played.outcome === 'bought')
  const pushesBy = countsOf(pushes.map(({ bidder }) => bidder))
  const awardedAt = everybody.flatMap(({ played }) =>
    played.last?.award ? [Date.parse(played.last.award.awardedAt)] : [],
  )
  return {
    bids: {
      sent,
      accepted: report.bids.length,
      refused: countsOf(refused.map(({ code }) => code)),
      lastTenSeconds: {
        sent: late.accepted + late.refused,
        ...late,
        shareOfSent: shareOf(late.accepted + late.refused, sent),
        shareOfAccepted: shareOf(late.accepted, report.bids.length),
      },
      busiestSecond: mostOf(report.bids.map(([, , at]) => Math.floor(at / 1000))),
      mostOfAnAccount: mostOf(report.bids.map(([bidder]) => bidder)),
    },
    atOnce: everybody.find(({ intent }) => intent.isGreedy)?.played.atOnce,
    bidders: last.size,
    cutoff: ranking[lot.capacity - 1]?.amount ?? null,
    closedAfterMs: awardedAt.length === 0 ? 0 : awardedAt.reduce((a, b) => Math.min(a, b)) - lot.endsAt,
    chainLength: new Set(awardedAt).size,
    missed: everybody.filter(({ played }) => played.outcome === 'missed').length,
    missedBecause: countsOf(everybody.flatMap(({ played }) => played.missedBecause ?? [])),
    wrongBuyers:
      bought.filter(([bidder]) => !expected.has(bidder!)).length + Math.max(0, expected.size - bought.length),
    wrongPrices: bought.filter(([bidder, { played }]) => last.get(bidder!)?.amount !== played.paid).length,
    wrongPushes: [...byBidder].filter(
      ([bidder, { played }]) => bidder && (pushesBy[bidder] ?? 0) !== played.last?.pushes,
    ).length,
  }
}

function countsOf(values: readonly (string | number)[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts
}

const mostOf = (values: readonly (string | number)[]): number => Math.max(0, ...Object.values(countsOf(values)))

const shareOf = (part: number, whole: number): number => Math.round((1000 * part) / Math.max(1, whole)) / 1000
