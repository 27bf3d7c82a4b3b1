/** The live bid of an account: its highest, with how many it has made. */
export type Live = {
  lotId: string
  accountId: string
  /** The name by which documents call the account. */
  bidder: string
  amount: number
  sequence: number
  /** Bids that it has made. */
  used: number
  /** All of their sequences, in order. */
  sequences: number[]
}
