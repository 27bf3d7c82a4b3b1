import { buyerKey } from './buyer.ts'
import type { LockedBuyer } from './inventory-store.ts'
import { buyerOf, mostOf, type Refusal, type Wish } from './wish.ts'

export type Allowance = {
  refuses(wish: Wish, count: number): Refusal | undefined
  use(wish: Wish, count: number): void
}

/** What each buyer has, kept up to date while a batch is decided. */
export function createAllowance(buyers: readonly LockedBuyer[], taken: readonly number[]): Allowance {
  const have = new Map(buyers.map((buyer, i) => [buyerKey(buyer), taken[i]!]))
  const overTo = new Map(buyers.map((buyer) => [buyerKey(buyer), buyer.passesOverTo?.getTime() ?? 0]))
  const keyOf = (wish: Wish) => buyerKey(buyerOf(wish))
  return {
    refuses(wish, count) {
      if (wish.passUntil <= overTo.get(keyOf(wish))!) return { kind: 'pass-ended' }
      const mine = have.get(keyOf(wish))!
      const limit = mostOf(wish.section, wish.seatsMax)
      return mine + count > limit ? { kind: 'limit-reached', limit, have: mine } : undefined
    },
    use(wish, count) {
      have.set(keyOf(wish), have.get(keyOf(wish))! + count)
    },
  }
}
