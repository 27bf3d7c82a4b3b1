import type { LotDocument, LotReport } from '@fairgate/contracts/http/auctions'
import { bidsOfReport, replay, rulesOfReport } from '@fairgate/contracts/verify-auction'
import type { Reachable } from './crowd.ts'
import { openStream } from './line-stream.ts'
import type { Surroundings } from './surroundings.ts'

/** Somebody with a chance left is out of those that win, by the bid of this sequence, decided at this time. */
export type Push = { bidder: string; sequence: number; at: number }

/** How long people wait for what they are told. */
export type Spread = { p50: number; p95: number; max: number }

export type Notices = {
  /** People who were pushed out with a chance left, each as often as it happened. */
  pushes: number
  /** From the decision of the pushing bid, by the server's clock, until the lot's event stream showed it here. */
  shownMs: Spread
  /** Those of `pushes` whose people can be written to. */
  ofReachable: number
  letters: number
  /** From the decision until the letter was handed to the mailer, both by the server's clock. */
  mailedMs: Spread
  /** Letters that came later than two seconds, or not at all though two seconds were left to bid in. */
  late: number
  /** Letters beyond one for each push. */
  extra: number
}

/** A notice comes within this time. */
const withinMs = 2000

/** Whom the bids pushed out while a chance was left, in the order of the decisions. */
export const pushesOf = (report: LotReport): Push[] =>
  replay(rulesOfReport(report), bidsOfReport(report)).pushes.map(({ bidder, sequence }) => ({
    bidder,
    sequence,
    at: report.bids[sequence - 1]![2],
  }))

/** Follows the event stream of a lot. @returns what knows when a bid was first part of what was seen */
export function watchLot(url: string, lotId: string, { now, sleep }: Surroundings) {
  const seen: { bids: number; at: number }[] = []
  let isOver = false
  let stream: { close(): void } | undefined
  function open(): void {
    stream = openStream(
      { url, path: `/api/lots/${lotId}/events`, event: 'lot' },
      {
        message: (bytes) => void seen.push({ bids: (JSON.parse(bytes.toString()) as LotDocument).bids, at: now() }),
        beat: () => undefined,
        failed: () => undefined,
        closed: () => void again(),
      },
    )
  }
  async function again(): Promise<void> {
    if (isOver) return
    await sleep(200)
    if (!isOver) open()
  }
  open()
  return {
    seenAt: (sequence: number): number | undefined => seen.find(({ bids }) => bids >= sequence)?.at,
    close() {
      isOver = true
      stream?.close()
    },
  }
}

/** When each person's letters of this lot that came before its end were handed over: until then there is only one kind. */
export async function lettersOf(
  url: string,
  { lotId, endedAt }: LotReport,
  people: readonly Reachable[],
): Promise<Map<string, number[]>> {
  const letters = new Map<string, number[]>()
  for (const { accountId, email } of people) {
    const answer = await fetch(`${url}/dev/mailbox?to=${encodeURIComponent(email)}`)
    const { items } = (await answer.json()) as { items: { text: string; sentAt: string }[] }
    const sent = items.filter(({ text }) => text.includes(`/lots/${lotId}`)).map(({ sentAt }) => Date.parse(sentAt))
    letters.set(
      accountId,
      sent.filter((at) => at < Date.parse(endedAt)).toSorted((a, b) => a - b),
    )
  }
  return letters
}

/**
 * Compares pushes with what people were told.
 * @param seenAt  when the page showed the bid of a sequence
 * @param letters  by the bidders' names in the report: when the letters of each were handed over, in order
 */
export function noticesOf(
  pushes: readonly Push[],
  endedAt: number,
  seenAt: (sequence: number) => number | undefined,
  letters: ReadonlyMap<string, readonly number[]>,
): Notices {
  const shown = pushes.flatMap(({ sequence, at }) => {
    const seen = seenAt(sequence)
    return seen === undefined ? [] : [seen - at]
  })
  const mailed: number[] = []
  let [ofReachable, missing, extra] = [0, 0, 0]
  for (const [bidder, sent] of letters) {
    const own = pushes.filter((push) => push.bidder === bidder)
    ofReachable += own.length
    extra += Math.max(0, sent.length - own.length)
    own.forEach(({ at }, i) => {
      const sentAt = sent[i]
      if (sentAt !== undefined) mailed.push(sentAt - at)
      else if (at + withinMs < endedAt) missing++
    })
  }
  return {
    pushes: pushes.length,
    shownMs: spreadOf(shown),
    ofReachable,
    letters: [...letters.values()].flat().length,
    mailedMs: spreadOf(mailed),
    late: missing + mailed.filter((ms) => ms > withinMs).length,
    extra,
  }
}

function spreadOf(times: readonly number[]): Spread {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { p50: at(0.5), p95: at(0.95), max: sorted.at(-1) ?? 0 }
}
