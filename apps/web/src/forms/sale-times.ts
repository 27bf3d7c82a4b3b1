import type { Messages } from '../i18n/en.ts'
import { faultsFrom, type Faults } from './rules.ts'

/** The times of a sale, each undefined while it is not readable. Instants are RFC 3339, the rest seconds. */
export type SaleTimes = {
  opensAt: string | undefined
  closesAt: string | undefined
  holdSeconds: number
  /** What a ballot's draw or an auction's last bid decides. `longestSeconds`: by how much bids may still put it off. */
  decision?: {
    field: 'ballot.drawAt' | 'auction.endsAt'
    at: string | undefined
    longestSeconds: number
    payBySeconds: number
  }
}

/**
 * How the times of a sale contradict each other or the clock, by the rules of the server.
 * @param nowMs  of the server's clock
 */
export function saleTimeFaults(
  { opensAt, closesAt, holdSeconds, decision }: SaleTimes,
  nowMs: number,
  t: Messages,
): Faults {
  const ms = (instant: string | undefined): number => Date.parse(instant ?? '')
  const [opens, closes, decided] = [ms(opensAt), ms(closesAt), ms(decision?.at)]
  const words = t.common.field
  const lastPayment = decided + ((decision?.longestSeconds ?? 0) + (decision?.payBySeconds ?? 0)) * 1000
  return faultsFrom({
    closesAt:
      closes <= nowMs
        ? words.past
        : closes <= opens
          ? words.after(t.organiser.opensAt)
          : lastPayment > closes
            ? t.organiser.leavesTimeToPay
            : undefined,
    ...(decision
      ? {
          [decision.field]:
            decided <= nowMs ? words.past : decided <= opens ? words.after(t.organiser.opensAt) : undefined,
          [decision.field === 'ballot.drawAt' ? 'ballot.payBySeconds' : 'auction.payBySeconds']:
            decision.payBySeconds < holdSeconds ? t.organiser.payShorterThanHold : undefined,
        }
      : {}),
  })
}
