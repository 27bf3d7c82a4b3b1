/** An account in a sale: whose limit is counted, and whose row is locked meanwhile. */
export type Buyer = { saleId: string; accountId: string }

export const buyerKey = ({ saleId, accountId }: Buyer): string => `${saleId} ${accountId}`

/** Each buyer once, in the order in which they come first. */
export const eachBuyer = <B extends Buyer>(buyers: readonly B[]): B[] => [
  ...new Map(buyers.map((buyer) => [buyerKey(buyer), buyer])).values(),
]
