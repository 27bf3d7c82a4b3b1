import type { Buyer } from './buyer.ts'
import type { Entitled, Section } from './inventory-store.ts'

/** What a buyer asks for: certain seats of a section, or any `count`. */
export type Wish = NamedWish | AnyWish
/**
 * `passUntil` is when the pass runs out, in epoch ms: how passes of a buyer are told apart. `seatsMax` is the most that
 * this pass allows its owner to have, where that is less than the sale's limit. `entitled` is whose kept seats may be
 * taken; null for nobody's. `unitAmount` is a price in place of the section's; `isPromised`: see `Claim`.
 */
type Asker = {
  section: Section
  lineId: string
  accountId: string
  passUntil: number
  seatsMax?: number | undefined
  entitled: Entitled
  unitAmount: number | null
  isPromised: boolean
}
export type NamedWish = Asker & { seats: readonly number[] }
export type AnyWish = Asker & { count: number; together: boolean }

/** Why a wish gets nothing. */
export type Refusal =
  | { kind: 'pass-ended' }
  | { kind: 'seat-taken'; seats: number[] }
  | { kind: 'sold-out'; free: number }
  | { kind: 'no-adjacent'; free: number }
  | { kind: 'limit-reached'; limit: number; have: number }

export const buyerOf = ({ section: { saleId }, accountId }: Pick<Wish, 'section' | 'accountId'>): Buyer => ({
  saleId,
  accountId,
})

/** How many seats the account may have. */
export const mostOf = (section: Section, seatsMax: number | undefined) => Math.min(section.limit, seatsMax ?? Infinity)
