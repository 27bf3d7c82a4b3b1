/**
 * Every refusal that a client may see: a stable code, its HTTP status, and what to tell a person. Codes are
 * `module.kebab-reason` and are never reused. `docs/reference/errors.md` is made from this table.
 */
type Entry = { status: number; title: string; ko: string; retry?: true }

const entry = (status: number, title: string, ko: string, retry?: 'retry'): Entry =>
  retry ? { status, title, ko, retry: true } : { status, title, ko }

export const errors = {
  // HTTP edge
  'http.invalid': entry(
    400,
    'The request is not valid; every fault is listed',
    '요청이 올바르지 않습니다. 모든 오류를 함께 알려 드립니다',
  ),
  'http.malformed-json': entry(400, 'The body is not JSON', '본문이 JSON이 아닙니다'),
  'http.malformed-request': entry(400, 'This is not HTTP that can be understood', '이해할 수 없는 HTTP 요청입니다'),
  'http.headers-too-large': entry(431, 'The headers are too large', '헤더가 너무 큽니다'),
  'http.request-timeout': entry(408, 'The request did not arrive in time', '요청이 제때 도착하지 않았습니다'),
  'http.body-too-large': entry(413, 'The body is too large', '본문이 너무 큽니다'),
  'http.unsupported-media-type': entry(415, 'Send application/json', 'application/json으로 보내 주세요'),
  'http.not-found': entry(404, 'There is nothing here', '찾을 수 없습니다'),
  'http.method-not-allowed': entry(405, 'This method is not allowed here', '허용되지 않는 메서드입니다'),
  'http.cross-site': entry(403, 'Requests from other sites are refused', '다른 사이트에서 보낸 요청은 거절됩니다'),
  'http.too-many-requests': entry(
    429,
    'Too many requests; try again a little later',
    '요청이 너무 많습니다. 잠시 후 다시 시도해 주세요',
    'retry',
  ),
  'http.overloaded': entry(
    503,
    'The service is busy; try again in a moment',
    '지금은 이용자가 많습니다. 잠시 후 다시 시도해 주세요',
    'retry',
  ),
  'http.poll-instead': entry(
    503,
    'No more event streams here now; read the document now and then instead',
    '지금은 실시간 연결을 더 받을 수 없습니다. 문서를 주기적으로 다시 읽어 주세요',
    'retry',
  ),
  'http.deadline': entry(
    503,
    'The answer took too long; try again',
    '응답이 지연되었습니다. 다시 시도해 주세요',
    'retry',
  ),
  'http.internal': entry(500, 'Something went wrong on our side', '서버에 문제가 생겼습니다'),
  'http.idempotency-key-reused': entry(
    422,
    'This idempotency key was used for another request',
    '이미 다른 요청에 쓰인 멱등 키입니다',
  ),
  'http.idempotency-in-progress': entry(
    409,
    'The first request with this idempotency key is still running',
    '같은 멱등 키의 요청이 아직 처리 중입니다',
    'retry',
  ),
  // identity
  'identity.sign-in-required': entry(401, 'Sign in first', '먼저 로그인해 주세요'),
  'identity.token-expired': entry(401, 'The access token has expired; refresh it', '로그인이 만료되었습니다'),
  'identity.not-allowed': entry(403, 'Your role does not allow this', '권한이 없습니다'),
  'identity.email-taken': entry(409, 'An account with this e-mail exists', '이미 가입된 이메일입니다'),
  'identity.wrong-credentials': entry(401, 'E-mail or password is wrong', '이메일 또는 비밀번호가 올바르지 않습니다'),
  'identity.wrong-code': entry(400, 'The code is wrong or has expired', '인증 코드가 올바르지 않거나 만료되었습니다'),
  'identity.too-many-attempts': entry(
    429,
    'Too many attempts; ask for a new code or wait',
    '시도 횟수를 초과했습니다. 새 코드를 받거나 잠시 기다려 주세요',
    'retry',
  ),
  'identity.not-verified': entry(403, 'Verify your e-mail address first', '먼저 이메일을 인증해 주세요'),
  'identity.session-ended': entry(
    401,
    'The session has ended; sign in again',
    '세션이 끝났습니다. 다시 로그인해 주세요',
  ),
  'identity.weak-password': entry(
    400,
    'The password needs at least 10 characters',
    '비밀번호는 10자 이상이어야 합니다',
  ),
  'identity.account-not-found': entry(404, 'There is no such account', '계정을 찾을 수 없습니다'),
  'identity.last-admin': entry(409, 'Somebody must stay an administrator', '마지막 관리자의 권한은 해제할 수 없습니다'),
  // catalog
  'catalog.event-not-found': entry(404, 'There is no such event', '행사를 찾을 수 없습니다'),
  'catalog.event-cancelled': entry(409, 'The event has been cancelled', '취소된 행사입니다'),
  'catalog.section-not-found': entry(404, 'There is no such section', '구역을 찾을 수 없습니다'),
  'catalog.sale-not-found': entry(404, 'There is no such sale', '판매를 찾을 수 없습니다'),
  'catalog.invalid-plan': entry(
    400,
    'The seating plan has faults; nothing was imported',
    '좌석 배치에 오류가 있어 가져오지 않았습니다',
  ),
  'catalog.plan-not-found': entry(404, 'This event has no seating plan', '이 행사에는 좌석 배치도가 없습니다'),
  'catalog.plan-exists': entry(
    409,
    'The event has a seating plan already; remove it first',
    '이미 좌석 배치도가 있습니다. 먼저 지워 주세요',
  ),
  'catalog.invalid-sale': entry(400, 'The sale has faults', '판매 설정에 오류가 있습니다'),
  'catalog.already-published': entry(
    409,
    'The sale is published and can no longer be changed',
    '이미 공개된 판매는 바꿀 수 없습니다',
  ),
  'catalog.in-use': entry(409, 'A published sale uses this', '공개된 판매에서 사용 중입니다'),
  // waiting room
  'waiting-room.line-not-found': entry(404, 'There is no such line', '대기열을 찾을 수 없습니다'),
  'waiting-room.not-open': entry(409, 'The line does not accept people yet', '아직 대기할 수 없습니다'),
  'waiting-room.closed': entry(409, 'The sale has ended', '판매가 끝났습니다'),
  'waiting-room.sold-out': entry(409, 'Everything in this line is sold', '매진되었습니다'),
  'waiting-room.in-another-line': entry(
    409,
    'You already stand in another line of this sale',
    '이 판매의 다른 대기열에 이미 있습니다',
  ),
  'waiting-room.too-late-to-move': entry(
    409,
    'The sale has opened, so places stay in their line; you may give yours up and join the other line at its end',
    '판매가 시작되어 줄을 옮길 수 없습니다. 지금 줄에서 나가면 다른 줄의 끝에 설 수 있습니다',
  ),
  'waiting-room.review-not-found': entry(404, 'This account is not on the review list', '검토 목록에 없는 계정입니다'),
  'waiting-room.place-invalid': entry(
    403,
    'The place token is not valid for you and this line',
    '대기표가 올바르지 않습니다',
  ),
  'waiting-room.not-yet': entry(425, 'It is not your turn yet', '아직 차례가 아닙니다', 'retry'),
  'waiting-room.lapsed': entry(
    409,
    'Your place was called and has lapsed; join again',
    '호출 시간이 지나 대기표가 만료되었습니다. 다시 줄을 서 주세요',
  ),
  'waiting-room.paused': entry(425, 'The line is paused', '대기열이 잠시 멈춰 있습니다', 'retry'),
  'waiting-room.pass-used': entry(409, 'Your pass has ended', '입장권 사용이 끝났습니다'),
  'waiting-room.not-drawn': entry(
    409,
    'The order of this line has not been drawn',
    '이 대기열의 순서는 아직 추첨되지 않았습니다',
  ),
  'waiting-room.not-an-entrant': entry(
    409,
    'This place was taken after the draw; its number is its position',
    '추첨 뒤에 받은 대기표이므로 번호가 곧 순서입니다',
  ),
  'waiting-room.challenge-required': entry(
    403,
    'Solve a challenge first; GET /api/challenges?purpose=join, signed in, gives one',
    '먼저 자동 프로그램 확인이 필요합니다',
  ),
  'waiting-room.challenge-invalid': entry(
    403,
    'This is not the solution of a challenge of yours; get another one',
    '확인 결과가 올바르지 않습니다. 다시 확인해 주세요',
  ),
  'waiting-room.challenge-expired': entry(
    403,
    'The challenge has expired; get another one',
    '확인 시간이 지났습니다. 다시 확인해 주세요',
  ),
  'waiting-room.challenge-used': entry(
    403,
    'This solution was used before; get another challenge',
    '이미 사용한 확인 결과입니다. 다시 확인해 주세요',
  ),
  // ballots
  'ballots.ballot-not-found': entry(404, 'There is no such ballot', '추첨을 찾을 수 없습니다'),
  'ballots.not-open': entry(409, 'Applications are not open yet', '아직 신청할 수 없습니다'),
  'ballots.closed': entry(409, 'Applications have ended', '신청이 마감되었습니다'),
  'ballots.invalid-application': entry(400, 'The application has faults', '신청 내용에 오류가 있습니다'),
  'ballots.application-not-found': entry(404, 'You have not applied', '신청 내역이 없습니다'),
  'ballots.not-drawn': entry(409, 'The draw has not taken place', '아직 추첨하지 않았습니다'),
  'ballots.award-not-found': entry(404, 'There is no such award', '당첨 내역을 찾을 수 없습니다'),
  'ballots.award-over': entry(
    409,
    'This award is over: it was bought, given up, or its time has passed',
    '이 당첨은 이미 구매했거나 포기했거나 기한이 지났습니다',
  ),
  // waitlist
  'waitlist.waitlist-not-found': entry(404, 'There is no such waitlist', '대기 명단을 찾을 수 없습니다'),
  'waitlist.not-for-this-sale': entry(
    409,
    'This sale has no waitlist: it passes places on in its own way',
    '이 판매는 대기 명단을 운영하지 않습니다. 남은 자리는 판매 방식에 따라 다음 분께 넘어갑니다',
  ),
  'waitlist.not-open': entry(409, 'The sale has not opened yet', '아직 판매가 시작되지 않았습니다'),
  'waitlist.closed': entry(409, 'Nothing is offered to the waitlist any more', '대기 명단이 마감되었습니다'),
  'waitlist.not-sold-out': entry(
    409,
    'There are seats on sale in a section that you want',
    '원하는 구역에 아직 살 수 있는 좌석이 있습니다',
  ),
  'waitlist.offer-open': entry(
    409,
    'You have an offer: take it or decline it first',
    '받은 제안이 있습니다. 먼저 구매하거나 거절해 주세요',
  ),
  'waitlist.invalid-wish': entry(400, 'What you want has faults', '신청 내용에 오류가 있습니다'),
  'waitlist.entry-not-found': entry(404, 'You are not on this waitlist', '대기 명단에 없습니다'),
  'waitlist.offer-not-found': entry(404, 'There is no such offer', '제안을 찾을 수 없습니다'),
  'waitlist.offer-over': entry(
    409,
    'This offer is over: it was taken, declined, or its time has passed',
    '이 제안은 이미 구매했거나 거절했거나 기한이 지났습니다',
  ),
  // auctions
  'auctions.lot-not-found': entry(404, 'There is no such lot', '경매를 찾을 수 없습니다'),
  'auctions.not-open': entry(409, 'Bidding has not begun', '아직 입찰할 수 없습니다'),
  'auctions.closed': entry(409, 'Bidding has ended', '입찰이 마감되었습니다'),
  'auctions.too-low': entry(
    409,
    'This amount would not win: it is too low, or not a whole number of steps',
    '낙찰될 수 없는 금액입니다. 더 높은 금액을 입찰 단위에 맞춰 입력해 주세요',
  ),
  'auctions.no-chances-left': entry(409, 'You have used all of your bids', '입찰 기회를 모두 사용했습니다'),
  'auctions.not-allowed': entry(
    403,
    'Organisers and staff may not bid here',
    '주최자와 운영 담당자는 입찰할 수 없습니다',
  ),
  'auctions.not-ended': entry(409, 'The lot is not closed yet', '아직 경매가 끝나지 않았습니다'),
  'auctions.lot-cancelled': entry(
    409,
    'The event was cancelled before the lot was closed',
    '경매가 끝나기 전에 행사가 취소되었습니다',
  ),
  'auctions.nothing-left': entry(409, 'No seat is left to claim', '남은 좌석이 없습니다'),
  'auctions.had-award': entry(
    409,
    'You have had an award of this lot already',
    '이 경매에서 이미 낙찰받은 적이 있습니다',
  ),
  'auctions.award-not-found': entry(404, 'There is no such award', '낙찰 내역을 찾을 수 없습니다'),
  'auctions.award-over': entry(
    409,
    'This award is over: it was bought, given up, or its time has passed',
    '이 낙찰은 이미 결제했거나 포기했거나 기한이 지났습니다',
  ),
  // inventory
  'inventory.section-not-found': entry(404, 'There is no such section on sale', '판매 중인 구역을 찾을 수 없습니다'),
  'inventory.hold-not-found': entry(404, 'There is no such hold', '선점 내역을 찾을 수 없습니다'),
  'inventory.pass-invalid': entry(403, 'The pass is not valid for you and this section', '입장권이 올바르지 않습니다'),
  'inventory.pass-expired': entry(403, 'The pass has expired', '입장 시간이 끝났습니다'),
  'inventory.pass-ended': entry(403, 'The pass has been used up or given back', '이미 사용했거나 반납한 입장권입니다'),
  'inventory.sold-by-auction': entry(
    409,
    'The seats of an auction cannot be set aside, and its price is what is bid',
    '경매 좌석은 따로 빼 두거나 가격을 바꿀 수 없습니다',
  ),
  'inventory.not-on-sale': entry(409, 'The sale is not open', '판매 시간이 아닙니다'),
  'inventory.invalid-seats': entry(400, 'Some seats are unknown or named twice', '없는 좌석이거나 중복된 좌석입니다'),
  'inventory.seat-taken': entry(409, 'Someone was faster: a seat is taken', '이미 선택된 좌석입니다'),
  'inventory.sold-out': entry(409, 'Not enough places are left', '남은 자리가 부족합니다'),
  'inventory.no-adjacent': entry(
    409,
    'No such run of seats side by side is left',
    '붙어 있는 좌석이 남아 있지 않습니다',
  ),
  'inventory.limit-reached': entry(409, 'You have reached the limit of this sale', '구매 한도에 도달했습니다'),
  'inventory.block-not-found': entry(
    404,
    'There is no such block in this section',
    '이 구역에서 해당 차단 내역을 찾을 수 없습니다',
  ),
  'inventory.allotment-not-found': entry(
    404,
    'There is no such allotment in this section',
    '이 구역에서 해당 배정 내역을 찾을 수 없습니다',
  ),
  'inventory.allotment-invalid': entry(
    403,
    'The allotment code is not valid for this section',
    '배정 코드가 올바르지 않습니다',
  ),
  'inventory.allotment-over': entry(
    403,
    'The seats of this allotment have gone back to general sale',
    '배정된 좌석이 일반 판매로 전환되었습니다',
  ),
  'inventory.invalid-price': entry(400, 'The price is not valid for this section', '이 구역에 쓸 수 없는 가격입니다'),
  'inventory.invalid-release': entry(
    400,
    'Seats can be kept until a time to come, before the sale closes',
    '해제 시각은 지금 이후, 판매 종료 이전이어야 합니다',
  ),
  'inventory.hold-in-use': entry(409, 'The hold is being paid for', '결제 중인 좌석은 놓을 수 없습니다'),
  // orders
  'orders.order-not-found': entry(404, 'There is no such order', '주문을 찾을 수 없습니다'),
  'orders.hold-invalid': entry(403, 'The hold token is not valid for you', '선점 토큰이 올바르지 않습니다'),
  'orders.hold-expired': entry(409, 'The hold has expired', '선점 시간이 끝났습니다'),
  'orders.code-unknown': entry(409, 'There is no such code', '등록되지 않은 코드입니다'),
  'orders.code-used-up': entry(409, 'The code has been used up', '이미 모두 사용된 코드입니다'),
  'orders.code-not-yet': entry(409, 'The code is not valid yet', '아직 사용할 수 없는 코드입니다'),
  'orders.code-over': entry(409, 'The code is no longer valid', '사용 기간이 지난 코드입니다'),
  'orders.code-not-for-these-seats': entry(
    409,
    'The code is not for these seats',
    '선택한 좌석에는 사용할 수 없는 코드입니다',
  ),
  'orders.code-needed': entry(409, 'These seats are ordered with a code', '이 좌석은 코드가 있어야 예매할 수 있습니다'),
  'orders.promotion-not-found': entry(404, 'There is no such promotion', '프로모션을 찾을 수 없습니다'),
  'orders.invalid-promotion': entry(400, 'The promotion is not valid', '프로모션 설정이 올바르지 않습니다'),
  'orders.no-receipt': entry(409, 'Nothing has been paid for this order', '결제 내역이 없는 주문입니다'),
  'orders.not-cancellable': entry(
    409,
    'The order cannot be cancelled in its state',
    '지금 상태에서는 취소할 수 없습니다',
  ),
  'orders.no-refunds': entry(409, 'Tickets of this event are not refunded', '이 행사의 티켓은 취소·환불되지 않습니다'),
  'orders.too-late-to-cancel': entry(409, 'The time to cancel is over', '취소할 수 있는 기간이 지났습니다'),
  'orders.invalid-seats': entry(
    400,
    'Some seats are not of this order, named twice, or have gone back already',
    '이 주문의 좌석이 아니거나, 중복되었거나, 이미 취소된 좌석이 있습니다',
  ),
  'orders.refund-changed': entry(
    409,
    'The refund is another by now; look at it and confirm again',
    '환불 금액이 바뀌었습니다. 다시 확인해 주세요',
  ),
  'orders.event-cancelled': entry(409, 'The event has been cancelled', '취소된 행사입니다'),
  'orders.cancellation-not-found': entry(404, 'There is no such cancellation', '취소 작업을 찾을 수 없습니다'),
  'orders.cancellation-done': entry(409, 'This cancellation is finished', '이미 끝난 취소 작업입니다'),
  'orders.invalid-cancellation': entry(400, 'The cancellation has faults', '취소 설정에 오류가 있습니다'),
  // payments
  'payments.request-invalid': entry(
    403,
    'The payment request token is not valid for you',
    '결제 요청이 올바르지 않습니다',
  ),
  'payments.request-expired': entry(409, 'The time to pay is over', '결제 시간이 끝났습니다'),
  'payments.wrong-amount': entry(409, 'The amount is not the amount of the order', '결제 금액이 주문 금액과 다릅니다'),
  'payments.unknown-provider': entry(400, 'This payment provider is not configured', '사용할 수 없는 결제 수단입니다'),
  'payments.in-progress': entry(
    409,
    'Another payment of this order is under way',
    '이 주문의 다른 결제가 진행 중입니다',
  ),
  'payments.key-used': entry(409, 'This payment belongs to another order', '다른 주문에 쓰인 결제입니다'),
  'payments.not-passed': entry(
    409,
    'The payment was handed over before its owner had agreed to it',
    '결제 인증이 끝나지 않았습니다',
  ),
  'payments.deposit-not-found': entry(404, 'No account was opened for this order', '이 주문에는 입금 계좌가 없습니다'),
  'payments.refund-account-not-needed': entry(
    409,
    'No refund waits for an account',
    '환불 계좌를 기다리는 환불이 없습니다',
  ),
  'payments.not-prepared': entry(409, 'This payment was not begun here', '이곳에서 시작된 결제가 아닙니다'),
  'payments.provider-refuses': entry(
    409,
    'The payment provider does not take this amount or currency',
    '이 금액이나 통화로는 결제할 수 없는 결제 수단입니다',
  ),
  'payments.provider-unavailable': entry(
    503,
    'The payment provider does not answer; try again in a moment',
    '결제사가 응답하지 않습니다. 잠시 후 다시 시도해 주세요',
    'retry',
  ),
  'payments.webhook-forged': entry(400, 'The notice is not signed by the provider', '알림의 서명이 올바르지 않습니다'),
  'payments.webhook-stale': entry(400, 'The notice was signed too long ago', '알림의 서명이 오래되었습니다'),
  'payments.method-not-offered': entry(
    409,
    'This way to pay is not offered: the money would come too late',
    '지원하지 않는 결제 수단입니다',
  ),
  // tickets
  'tickets.ticket-not-found': entry(404, 'There is no such ticket', '티켓을 찾을 수 없습니다'),
  'tickets.code-invalid': entry(404, 'The code is not a ticket of ours', '유효한 티켓 코드가 아닙니다'),
  'tickets.already-used': entry(409, 'The ticket has been used', '이미 입장한 티켓입니다'),
  'tickets.revoked': entry(409, 'The ticket is no longer valid', '취소된 티켓입니다'),
  // notifications
  'notifications.phone-invalid': entry(400, 'This is not a Korean mobile number', '휴대전화 번호가 올바르지 않습니다'),
  'notifications.texts-not-offered': entry(409, 'No text messages are sent here', '문자 알림을 제공하지 않습니다'),
  // webhooks
  'webhooks.endpoint-not-found': entry(404, 'There is no such webhook endpoint', '웹훅 주소를 찾을 수 없습니다'),
  'webhooks.delivery-not-found': entry(
    404,
    'This endpoint was not sent such a message in the last 30 days',
    '최근 30일 동안 보낸 메시지가 아닙니다',
  ),
  'webhooks.url-invalid': entry(400, 'This URL cannot be a webhook endpoint', '웹훅 주소로 쓸 수 없는 URL입니다'),
  'webhooks.too-many': entry(409, 'Remove an endpoint first', '먼저 다른 웹훅 주소를 지워 주세요'),
} as const satisfies Record<string, Entry>

export type ErrorCode = keyof typeof errors

/** What a client receives: RFC 9457 problem details. Extra members depend on the code. */
export type ProblemDocument = {
  type: string
  title: string
  status: number
  code: ErrorCode
  detail?: string
  requestId?: string
  errors?: { pointer: string; detail: string }[]
  retryAfterMs?: number
  [extension: string]: unknown
}
