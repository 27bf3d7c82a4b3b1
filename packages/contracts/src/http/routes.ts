import { identityRoutes } from './identity.ts'
import { catalogRoutes } from './catalog.ts'
import { planRoutes } from './plans.ts'
import { waitingRoomRoutes } from './waiting-room.ts'
import { ballotRoutes } from './ballots.ts'
import { waitlistRoutes } from './waitlist.ts'
import { auctionRoutes } from './auctions.ts'
import { inventoryRoutes } from './inventory.ts'
import { availabilityRoutes } from './availability.ts'
import { codeRoutes } from './codes.ts'
import { orderRoutes } from './orders.ts'
import { paymentRoutes } from './payments.ts'
import { ticketRoutes } from './tickets.ts'
import { notificationRoutes } from './notifications.ts'
import { ledgerRoutes } from './ledger.ts'
import { webhookRoutes } from './webhooks.ts'
import { receiptRoutes } from './receipts.ts'
import { operationsRoutes } from './operations.ts'

/** The whole HTTP surface, by module; `docs/reference/openapi.json` is made from it. */
export const routes = {
  identity: identityRoutes,
  catalog: { ...catalogRoutes, ...planRoutes },
  waitingRoom: waitingRoomRoutes,
  ballots: ballotRoutes,
  waitlist: waitlistRoutes,
  auctions: auctionRoutes,
  inventory: { ...inventoryRoutes, ...availabilityRoutes },
  orders: { ...orderRoutes, ...codeRoutes, ...receiptRoutes },
  payments: paymentRoutes,
  tickets: ticketRoutes,
  notifications: notificationRoutes,
  ledger: ledgerRoutes,
  webhooks: webhookRoutes,
  operations: operationsRoutes,
}
