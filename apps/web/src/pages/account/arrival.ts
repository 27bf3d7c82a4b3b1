import { useHistoryState } from 'wouter/use-browser-location'

/** What one page of the account hands to the next, kept out of the address: an e-mail is nobody else's business. */
export type Arrival = { email?: string; hasNewPassword?: true }

export const useArrival = (): Arrival => useHistoryState<Arrival | null>() ?? {}
