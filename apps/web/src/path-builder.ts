/** Every address of the app, in one place. */
const id = encodeURIComponent

const withNext = (path: string, next: string | undefined): string => (next ? `${path}?next=${id(next)}` : path)

export const pb = {
  events: () => '/',
  event: (eventId: string) => `/events/${id(eventId)}`,
  eventCode: (eventId: string) => `/events/${id(eventId)}/code`,
  signIn: (next?: string) => withNext('/sign-in', next),
  register: (next?: string) => withNext('/register', next),
  resetPassword: (next?: string) => withNext('/reset-password', next),
  verify: (next?: string) => withNext('/verify', next),
  wait: (lineId: string) => `/wait/${id(lineId)}`,
  shop: (lineId: string) => `/lines/${id(lineId)}/shop`,
  ballot: (saleId: string) => `/ballots/${id(saleId)}`,
  waitlist: (saleId: string) => `/waitlists/${id(saleId)}`,
  lot: (lotId: string) => `/lots/${id(lotId)}`,
  lotRanking: (lotId: string) => `/lots/${id(lotId)}/ranking`,
  orders: () => '/orders',
  order: (orderId: string) => `/orders/${id(orderId)}`,
  orderCard: (orderId: string) => `/orders/${id(orderId)}/card`,
  receipt: (orderId: string) => `/orders/${id(orderId)}/receipt`,
  paySuccess: () => '/pay/success',
  payFail: () => '/pay/fail',
  tickets: () => '/tickets',
  ticket: (ticketId: string) => `/tickets/${id(ticketId)}`,
  organiser: () => '/organiser',
  organiserNew: () => '/organiser/new',
  organiserEvent: (eventId: string) => `/organiser/events/${id(eventId)}`,
  organiserSeats: (eventId: string) => `/organiser/events/${id(eventId)}/seats`,
  organiserMoney: (eventId: string) => `/organiser/events/${id(eventId)}/money`,
  organiserWatch: (eventId: string) => `/organiser/events/${id(eventId)}/watch`,
  organiserOrders: (eventId: string) => `/organiser/events/${id(eventId)}/orders`,
  organiserWebhooks: () => '/organiser/webhooks',
  admin: () => '/admin',
  adminOrders: () => '/admin/orders',
  adminOrder: (orderId: string) => `/admin/orders/${id(orderId)}`,
  checkIn: () => '/check-in',
}

/** The waiting room is a page of its own: the app must leave to it, not route to it. */
export const isOwnPage = (path: string): boolean => path.startsWith('/wait/')

/** A path of this site to come back to, from an address that anybody may have written; anything else is the front page. */
export function safeNext(value: string | null): string {
  if (!value || !/^\/[^/\\]/.test(value)) return pb.events()
  try {
    const url = new URL(value, 'http://here.invalid')
    return url.origin === 'http://here.invalid' ? url.pathname + url.search + url.hash : pb.events()
  } catch {
    return pb.events()
  }
}
