import type { ErrorCode } from '@fairgate/contracts/errors'
import { routes } from '@fairgate/contracts/http/routes'
import type { RouteContract } from '@fairgate/contracts/http/route'

type Routes = typeof routes
export type RouteName = { [M in keyof Routes]: `${M}.${keyof Routes[M] & string}` }[keyof Routes]

/** All routes by module and name. */
export const contracts = new Map<RouteName, RouteContract>(
  Object.entries(routes).flatMap(([module, of]) =>
    Object.entries(of).map(([name, contract]): [RouteName, RouteContract] => [
      `${module}.${name}` as RouteName,
      contract,
    ]),
  ),
)

/** What belongs to the buyer and to the organiser whose things all others try to reach. */
export type Things = Record<
  | 'buyerId'
  | 'buyerEmail'
  | 'eventId'
  | 'saleId'
  | 'sectionId'
  | 'lineId'
  | 'placeToken'
  | 'passToken'
  | 'holdId'
  | 'holdToken'
  | 'depositOrderId'
  | 'paymentRequestToken'
  | 'paidOrderId'
  | 'ticketId'
  | 'ballotId'
  | 'ballotAwardId'
  | 'lotId'
  | 'lotAwardId'
  | 'waitlistId'
  | 'offerId'
  | 'blockId'
  | 'allotmentId'
  | 'promotionId'
  | 'promotionCode'
  | 'cancellationId'
  | 'endpointId',
  string
>

type Input = { params?: Record<string, string>; query?: Record<string, string>; body?: unknown }
type Role = 'buyer' | 'staff' | 'organiser' | 'admin'

/**
 * Who a route is for. `anyone`: nobody is refused for who they are. `role`: for whoever has it, about themselves or nobody.
 * `ownedBy`: about a thing of the buyer or the organiser; others of the role are refused with `refusal`.
 */
export type Row = { input: (things: Things) => Input } & (
  | { kind: 'anyone' }
  | { kind: 'role'; role: Role }
  | { kind: 'owned'; ownedBy: 'buyer' | 'organiser'; refusal: ErrorCode }
)

const nothing = (): Input => ({})
const anyone = (input: Row['input'] = nothing): Row => ({ kind: 'anyone', input })
const only = (role: Role, input: Row['input'] = nothing): Row => ({ kind: 'role', role, input })
const buyers = (refusal: ErrorCode, input: Row['input']): Row => ({ kind: 'owned', ownedBy: 'buyer', refusal, input })
const organisers = (refusal: ErrorCode, input: Row['input']): Row => ({
  kind: 'owned',
  ownedBy: 'organiser',
  refusal,
  input,
})

const id = (name: keyof Things, rest: Omit<Input, 'params'> = {}) => {
  return (things: Things): Input => ({ params: { id: things[name] }, ...rest })
}
const body = (value: unknown) => (): Input => ({ body: value })
const inAYear = new Date(Date.now() + 365 * 86_400_000).toISOString()

/**
 * Every route that there is. What ends a thing comes after what needs it: owners call them in this order. A route that
 * is not listed does not compile.
 */
export const table: Record<RouteName, Row> = {
  'identity.register': anyone(body({})),
  'identity.verifyEmail': anyone(body({})),
  'identity.resendCode': anyone(body({})),
  'identity.askPasswordReset': anyone(body({})),
  'identity.confirmPasswordReset': anyone(body({})),
  'identity.me': only('buyer'),
  'identity.findAccounts': only('admin', (things) => ({ query: { email: things.buyerEmail } })),
  'identity.maskedAccounts': only('organiser', (things) => ({ query: { ids: things.buyerId } })),
  'identity.setRoles': only('admin', (things) => ({ params: { id: things.buyerId }, body: { roles: ['buyer'] } })),
  'identity.signIn': anyone(body({})),
  'identity.refreshSession': anyone(),
  'identity.signOut': anyone(),
  'identity.jwks': anyone(),

  'catalog.listEvents': anyone(),
  'catalog.myEvents': only('organiser'),
  'catalog.getEvent': anyone(id('eventId')),
  'catalog.createEvent': only(
    'organiser',
    body({ kind: 'race', name: 'R', venue: 'V', startsAt: inAYear, timeZone: 'Asia/Seoul', currency: 'KRW' }),
  ),
  'catalog.editEvent': organisers('catalog.event-not-found', id('eventId', { body: { description: 'changed' } })),
  'catalog.addSection': organisers(
    'catalog.event-not-found',
    id('eventId', { body: { name: 'New', admission: 'open', capacity: 1, price: 1000 } }),
  ),
  'catalog.createSale': organisers(
    'catalog.event-not-found',
    id('eventId', {
      body: {
        method: 'queue',
        opensAt: inAYear,
        closesAt: inAYear,
        holdSeconds: 60,
        limitPerAccount: 1,
        lines: [{ name: 'L', sectionIds: ['sec_x'] }],
      },
    }),
  ),
  'catalog.publishSale': organisers('catalog.sale-not-found', id('saleId')),
  'catalog.removeSale': organisers('catalog.sale-not-found', id('saleId')),
  'catalog.getSale': anyone(id('saleId')),
  'catalog.getSeats': anyone(id('sectionId')),
  'catalog.addPlan': organisers('catalog.event-not-found', id('eventId', { body: {} })),
  'catalog.getPlan': anyone(id('eventId')),
  'catalog.removePlan': organisers('catalog.event-not-found', id('eventId')),
  'catalog.removeSection': organisers('catalog.section-not-found', id('sectionId')),

  'waitingRoom.getChallenge': anyone(() => ({ query: { purpose: 'join' } })),
  'waitingRoom.getDefences': organisers('catalog.sale-not-found', id('saleId')),
  'waitingRoom.decideReview': organisers('catalog.sale-not-found', (things) => ({
    params: { id: things.saleId, accountId: things.buyerId },
    body: { decision: 'clear' },
  })),
  'waitingRoom.getLine': anyone(id('lineId')),
  'waitingRoom.listLines': anyone((things) => ({ query: { saleId: things.saleId } })),
  'waitingRoom.lineEvents': anyone(id('lineId')),
  'waitingRoom.joinLine': only('buyer', id('lineId', { body: {} })),
  'waitingRoom.claimPass': buyers('waiting-room.place-invalid', (things) => ({
    params: { id: things.lineId },
    body: { placeToken: things.placeToken },
  })),
  'waitingRoom.pauseLine': organisers('waiting-room.line-not-found', id('lineId')),
  'waitingRoom.resumeLine': organisers('waiting-room.line-not-found', id('lineId')),
  'waitingRoom.admitAll': organisers('waiting-room.line-not-found', id('lineId')),
  'waitingRoom.admitAsPlanned': organisers('waiting-room.line-not-found', id('lineId')),
  'waitingRoom.getAdmission': organisers('waiting-room.line-not-found', id('lineId')),
  'waitingRoom.changeLine': organisers('waiting-room.line-not-found', id('lineId', { body: { shoppersMax: 9 } })),
  'waitingRoom.lineEntrants': anyone(id('lineId')),
  'waitingRoom.placeProof': anyone((things) => ({
    params: { id: things.lineId },
    body: { placeToken: things.placeToken },
  })),
  'waitingRoom.drawProofPage': anyone(id('lineId')),

  'ballots.getBallot': anyone(id('ballotId')),
  'ballots.apply': only('buyer', id('ballotId', { body: { preferences: ['lin_x'], quantity: 1 } })),
  'ballots.myApplication': buyers('ballots.application-not-found', id('ballotId')),
  'ballots.withdraw': only('buyer', id('ballotId')),
  'ballots.ballotEntries': anyone(id('ballotId')),
  'ballots.listAwards': only('buyer'),
  'ballots.awardPass': buyers('ballots.award-not-found', id('ballotAwardId')),
  'ballots.declineAward': buyers('ballots.award-not-found', id('ballotAwardId')),

  'waitlist.getWaitlist': anyone(id('waitlistId')),
  'waitlist.changeWaitlist': organisers(
    'waitlist.waitlist-not-found',
    id('waitlistId', { body: { offerSeconds: 600 } }),
  ),
  'waitlist.waitlistRecords': anyone(id('waitlistId')),
  'waitlist.joinWaitlist': only('buyer', id('waitlistId', { body: { sectionIds: ['sec_x'], quantity: 1 } })),
  'waitlist.myWaitlistEntry': buyers('waitlist.entry-not-found', id('waitlistId')),
  'waitlist.myWaitlists': only('buyer'),
  'waitlist.waitlistOverview': organisers('waitlist.waitlist-not-found', id('waitlistId')),
  'waitlist.offerPass': buyers('waitlist.offer-not-found', id('offerId')),
  'waitlist.declineOffer': buyers('waitlist.offer-not-found', id('offerId')),
  'waitlist.leaveWaitlist': buyers('waitlist.entry-not-found', id('waitlistId')),

  'auctions.getLot': anyone(id('lotId')),
  'auctions.lotEvents': anyone(id('lotId')),
  'auctions.placeBid': only('buyer', id('lotId', { body: { amount: 1 } })),
  'auctions.myBids': only('buyer', id('lotId')),
  'auctions.lotRanking': anyone(id('lotId')),
  'auctions.lotReport': anyone(id('lotId')),
  'auctions.claimSeat': only('buyer', id('lotId')),
  'auctions.listAwards': only('buyer'),
  'auctions.awardPass': buyers('auctions.award-not-found', id('lotAwardId')),
  'auctions.declineAward': buyers('auctions.award-not-found', id('lotAwardId')),

  'inventory.getAvailability': anyone(id('sectionId')),
  'inventory.availabilityEvents': anyone(id('sectionId')),
  'inventory.saleAvailability': anyone(id('saleId')),
  'inventory.saleAvailabilityEvents': anyone(id('saleId')),
  'inventory.placeHold': buyers('inventory.pass-invalid', (things) => ({
    body: { passToken: things.passToken, sectionId: things.sectionId, count: 1 },
  })),
  'inventory.getHold': buyers('inventory.hold-not-found', id('holdId')),
  'inventory.myHolds': only('buyer'),
  'inventory.blockSeats': organisers(
    'inventory.section-not-found',
    id('sectionId', { body: { count: 1, reason: 'r' } }),
  ),
  'inventory.listBlocks': organisers('inventory.section-not-found', id('sectionId')),
  'inventory.unblockSeats': organisers(
    'inventory.section-not-found',
    id('sectionId', { body: { seatIds: ['sea_x'] } }),
  ),
  'inventory.removeBlock': organisers('inventory.section-not-found', (things) => ({
    params: { id: things.sectionId, blockId: things.blockId },
  })),
  'inventory.changePrice': organisers(
    'inventory.section-not-found',
    id('sectionId', { body: { price: { amount: 1, currency: 'KRW' } } }),
  ),
  'inventory.addAllotment': organisers(
    'inventory.section-not-found',
    id('sectionId', { body: { name: 'Press', count: 1, releaseAt: inAYear } }),
  ),
  'inventory.listAllotments': organisers('inventory.section-not-found', id('sectionId')),
  'inventory.releaseAllotment': organisers('inventory.section-not-found', (things) => ({
    params: { id: things.sectionId, allotmentId: things.allotmentId },
  })),
  'inventory.keepAccessible': organisers(
    'inventory.section-not-found',
    id('sectionId', { body: { releaseAt: inAYear } }),
  ),
  'inventory.listInterventions': organisers('inventory.section-not-found', id('sectionId')),

  'orders.placeOrder': buyers('orders.hold-invalid', (things) => ({ body: { holdToken: things.holdToken } })),
  'inventory.releaseHold': buyers('inventory.hold-not-found', id('holdId')),
  'orders.listOrders': only('buyer'),
  'orders.getOrder': buyers('orders.order-not-found', id('paidOrderId')),
  'orders.orderFigures': organisers('catalog.event-not-found', id('eventId')),
  'orders.quoteRefund': buyers('orders.order-not-found', id('paidOrderId')),
  'orders.getReceipt': buyers('orders.order-not-found', id('paidOrderId')),
  'orders.beginCancellation': organisers(
    'catalog.event-not-found',
    id('eventId', { body: { orderIds: ['ord_x'], percent: 0, note: 'n' } }),
  ),
  'orders.listCancellations': organisers('catalog.event-not-found', id('eventId')),
  'orders.pauseCancellation': organisers('orders.cancellation-not-found', id('cancellationId')),
  'orders.resumeCancellation': organisers('orders.cancellation-not-found', id('cancellationId')),
  'orders.listEventOrders': organisers('catalog.event-not-found', id('eventId')),
  'orders.createPromotion': organisers(
    'catalog.event-not-found',
    id('eventId', { body: { name: 'P', code: 'OTHER', percent: 5 } }),
  ),
  'orders.listPromotions': organisers('catalog.event-not-found', id('eventId')),
  'orders.promotionCodes': organisers('orders.promotion-not-found', id('promotionId')),
  'orders.endPromotion': organisers('orders.promotion-not-found', id('promotionId')),
  'orders.checkCode': only('buyer', (things) => ({ body: { eventId: things.eventId, code: 'WRONG' } })),
  'orders.getSeller': organisers('catalog.event-not-found', id('eventId')),
  'orders.setSeller': organisers(
    'catalog.event-not-found',
    id('eventId', { body: { name: 'Seller', registrationNumber: '1', address: 'A', taxNote: '' } }),
  ),

  'payments.paymentSettings': anyone(),
  'payments.preparePayment': buyers('payments.request-invalid', (things) => ({
    body: { paymentRequestToken: things.paymentRequestToken, provider: 'stripe' },
  })),
  'payments.confirmPayment': buyers('payments.request-invalid', (things) => ({
    body: {
      paymentRequestToken: things.paymentRequestToken,
      provider: 'toss',
      paymentKey: 'made-up',
      amount: 55_000,
    },
  })),
  'payments.listDeposits': only('buyer'),
  'payments.getDeposit': buyers('payments.deposit-not-found', (things) => ({
    params: { orderId: things.depositOrderId },
  })),
  'payments.giveRefundAccount': buyers('payments.deposit-not-found', (things) => ({
    params: { orderId: things.depositOrderId },
    body: { bank: '20', number: '1234567890', holder: 'B' },
  })),
  'payments.getReconciliation': only('admin'),
  'payments.tossWebhook': anyone(body({})),
  'payments.stripeWebhook': anyone(body({})),

  'tickets.listTickets': only('buyer'),
  'tickets.getTicket': buyers('tickets.ticket-not-found', id('ticketId')),
  'tickets.checkIn': only('staff', body({ code: 'no code' })),

  'notifications.getTextMessages': only('buyer'),
  'notifications.wantTextMessages': only('buyer', body({ phone: '010-0000-0000' })),
  'notifications.leaveTextMessages': only('buyer'),

  'ledger.eventMoney': organisers('catalog.event-not-found', id('eventId')),
  'ledger.eventMoneyCsv': organisers('catalog.event-not-found', id('eventId')),
  'ledger.trialBalance': only('admin'),

  'webhooks.listEndpoints': only('organiser'),
  'webhooks.createEndpoint': only('organiser', body({ url: 'nowhere', types: ['order.fulfilled'] })),
  'webhooks.changeEndpoint': organisers(
    'webhooks.endpoint-not-found',
    id('endpointId', { body: { isEnabled: false } }),
  ),
  'webhooks.rotateSecret': organisers('webhooks.endpoint-not-found', id('endpointId')),
  'webhooks.testEndpoint': organisers('webhooks.endpoint-not-found', id('endpointId')),
  'webhooks.listDeliveries': organisers('webhooks.endpoint-not-found', id('endpointId')),
  'webhooks.resendDelivery': organisers('webhooks.endpoint-not-found', (things) => ({
    params: { id: things.endpointId, messageId: 'msg_x' },
  })),
  'webhooks.deleteEndpoint': organisers('webhooks.endpoint-not-found', id('endpointId')),

  'operations.audit': only('admin'),
  'operations.listParked': only('admin'),
  'operations.retryParked': only('admin', body({})),
  'operations.lookUp': only('admin', body({ ids: [] })),
  'operations.listTroubledOrders': only('admin'),
  'operations.showOrder': only('admin', id('paidOrderId')),
  'operations.replayOrder': only('admin', id('paidOrderId')),

  'waitingRoom.leaveLine': only('buyer', id('lineId')),
  'orders.cancelOrder': buyers('orders.order-not-found', id('paidOrderId', { body: {} })),
  'catalog.cancelEvent': organisers('catalog.event-not-found', id('eventId', { body: { note: 'n' } })),
}
