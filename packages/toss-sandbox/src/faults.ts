// The provider's error catalogue: code, HTTP status and its public text in both languages, as the "API error codes"
// page of docs.tosspayments.com lists them for confirm, look-up, cancel and the idempotency header.

const catalogue = {
  ACCOUNT_OWNER_CHECK_FAILED: [
    400,
    '계좌 소유주를 가져오는데 실패했습니다. 은행코드, 계좌번호를 확인해주세요.',
    'Failed to get account holder. Please check your bank code and account number.',
  ],
  ALREADY_COMPLETED_PAYMENT: [400, '이미 완료된 결제 입니다.', 'This is a payment that has already been completed.'],
  ALREADY_REFUNDING_PAYMENT: [400, '이미 환불 중인 결제입니다.', 'The payment is already being refunded.'],
  API_VERSION_UPDATE_NEEDED: [
    400,
    '이 API를 사용하려면 더 높은 버전을 사용해야 합니다.',
    'To use the api need to upgrade version.',
  ],
  BELOW_ZERO_AMOUNT: [400, '금액은 0보다 커야 합니다.', 'The amount must be greater than 0.'],
  DUPLICATED_REQUEST: [400, '중복된 요청입니다.', 'This is a duplicate request.'],
  EXCEEDS_TRANSFER_AMOUNT_MAXIMUM: [
    400,
    '계좌이체는 한 번에 1,000만 원 이하로만 결제하실 수 있어요. 금액을 낮춰 다시 시도해 주세요.',
    'Account transfers are limited to 10,000,000 KRW per transaction. Please lower the amount and try again.',
  ],
  EXCEED_MAX_DUE_DATE: [
    400,
    '가상 계좌의 최대 유효만료 기간을 초과했습니다.',
    'You have exceeded the maximum expiry period for your virtual account.',
  ],
  EXCEED_MAX_REFUND_AMOUNT: [
    403,
    '하루 또는 한달 환불 가능한 금액을 초과했습니다.',
    'This merchant have exceeded your daily or monthly refundable amount.',
  ],
  EXCEED_MAX_VALID_HOURS: [
    400,
    '가상 계좌의 최대 유효시간을 초과했습니다.',
    'The maximum validity time of the virtual account has been exceeded.',
  ],
  EXCEED_MIN_CARD_INSTALLMENT_PLAN: [
    400,
    '설정 가능한 최소 할부 개월 수를 1개월 이상으로 설정해주세요.',
    'The minimum installment month must be set to at least 1 month.',
  ],
  EXCEED_UNKNOWN_CASE: [400, '한도 초과 되었습니다.', 'A threshold exceeds.'],
  MAINTAINED_METHOD: [400, '현재 점검 중 입니다.', 'The method is being maintained now'],
  NOT_ALLOWED_INSTALLMENT_BELOW_AMOUNT: [
    400,
    '해당 카드는 10000원 미만 할부 거래가 불가한 카드입니다.',
    'This card cannot be used for installment transactions less than KRW 10000.',
  ],
  NOT_ALLOWED_REFUND_BANK: [403, '환불 가능한 은행이 아닙니다.', 'Not a refundable bank.'],
  NOT_CANCELABLE_PAYMENT_FOR_DORMANT_USER: [
    403,
    '휴면 처리된 회원의 결제는 취소할 수 없습니다.',
    'A payment of a dormant user cannot be canceled.',
  ],
  NOT_SUPPORTED_CARD_TYPE: [400, '지원되지 않는 카드 종류입니다.', 'This card type is not supported.'],
  NOT_SUPPORTED_CARRIER: [400, '지원되지 않는 이동 통신사입니다.', 'Unsupported carrier.'],
  NOT_SUPPORTED_METHOD: [400, '지원되지 않는 결제수단입니다.', 'This payment method is not supported.'],
  NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN_BELOW_AMOUNT: [
    400,
    '5만원 이하의 결제는 할부가 불가능해서 결제에 실패했습니다.',
    'Installments are not available for payments of 50,000 won or less.',
  ],
  NOT_SUPPORTED_REFUND: [403, '환불 가능한 상점이 아닙니다.', 'Not a refundable merchant.'],
  PAY_PROCESS_ABORTED: [
    400,
    '결제가 취소되었거나 진행되지 않았습니다.',
    'Payment has been canceled or has not been processed.',
  ],
  PAY_PROCESS_CANCELED: [400, '결제가 사용자에 의해 취소되었습니다.', 'Payment has been canceled by the customer.'],
  USER_ACCOUNT_ON_HOLD: [400, '계정이 사용 불가능한 상태입니다.', 'Account is on hold.'],
  ALREADY_CANCELED_PAYMENT: [400, '이미 취소된 결제 입니다.', 'The payment has already been canceled.'],
  ALREADY_PROCESSED_PAYMENT: [400, '이미 처리된 결제 입니다.', 'This is a payment that has already been processed.'],
  ALREADY_REFUND_PAYMENT: [400, '이미 환불된 결제입니다.', 'The payment has already been refunded.'],
  BELOW_MINIMUM_AMOUNT: [
    400,
    '신용카드는 결제금액이 100원 이상, 계좌는 200원이상부터 결제가 가능합니다.',
    'Payment can be made from 100 won or more by credit card, and 200 won or more for account.',
  ],
  CARD_PROCESSING_ERROR: [400, '카드사에서 오류가 발생했습니다.', 'An error occurred on the card company.'],
  DUPLICATED_ORDER_ID: [
    400,
    '이미 승인 및 취소가 진행된 중복된 주문번호 입니다. 다른 주문번호로 진행해주세요.',
    'This is a duplicate order id that has already been approved or canceled. Please proceed with a different order id.',
  ],
  EXCEED_CANCEL_AMOUNT_DISCOUNT_AMOUNT: [
    400,
    '즉시할인금액보다 적은 금액은 부분취소가 불가능합니다.',
    'Partial cancellation is not possible for an amount less than the instant discount.',
  ],
  EXCEED_MAX_AMOUNT: [400, '거래금액 한도를 초과했습니다.', 'The transaction amount limit has been exceeded.'],
  EXCEED_MAX_CARD_INSTALLMENT_PLAN: [
    400,
    '설정 가능한 최대 할부 개월 수를 초과했습니다.',
    'You have exceeded the maximum number of installment months that can be set.',
  ],
  EXCEED_MAX_DAILY_PAYMENT_COUNT: [
    400,
    '하루 결제 가능 횟수를 초과했습니다.',
    'You have exceeded the number of daily payments.',
  ],
  EXCEED_MAX_MONTHLY_PAYMENT_AMOUNT: [
    400,
    '당월 결제 가능금액을 초과 하셨습니다.',
    'You have exceeded the amount you can pay per month.',
  ],
  EXCEED_MAX_ONE_DAY_WITHDRAW_AMOUNT: [
    400,
    '1일 출금 한도를 초과했습니다.',
    'You have exceeded the one-day withdrawal limit.',
  ],
  EXCEED_MAX_ONE_TIME_WITHDRAW_AMOUNT: [
    400,
    '1회 출금 한도를 초과했습니다.',
    'You have exceeded the one-time withdrawal limit.',
  ],
  EXCEED_MAX_PAYMENT_AMOUNT: [
    400,
    '하루 결제 가능 금액을 초과했습니다.',
    'You have exceeded the amount you can pay per day.',
  ],
  EXCEED_MAX_QUERY_LIMIT: [
    400,
    '최대 조회 개수를 초과했습니다.',
    'You have exceeded the maximum number of query limit.',
  ],
  FORBIDDEN_BANK_REFUND_REQUEST: [
    400,
    '고객 계좌가 입금이 되지 않는 상태입니다.',
    'The customer account cannot receive deposits.',
  ],
  INVALID_ACCOUNT_INFO_RE_REGISTER: [
    400,
    '유효하지 않은 계좌입니다. 계좌 재등록 후 시도해주세요.',
    'The account is invalid. Please register it again.',
  ],
  INVALID_API_KEY: [400, '잘못된 시크릿키 연동 정보 입니다.', 'Incorrect secret key.'],
  INVALID_AUTHORIZE_AUTH: [400, '유효하지 않은 인증 방식입니다.', 'Incorrect authentication.'],
  INVALID_BANK: [400, '유효하지 않은 은행입니다.', 'It is an Invalid bank.'],
  INVALID_CARD_EXPIRATION: [
    400,
    '카드 정보를 다시 확인해주세요. (유효기간)',
    'Please check the card expiration date information again.',
  ],
  INVALID_CARD_INSTALLMENT_PLAN: [
    400,
    '할부 개월 정보가 잘못되었습니다.',
    'The installment month information is incorrect.',
  ],
  INVALID_CARD_LOST_OR_STOLEN: [400, '분실 혹은 도난 카드입니다.', 'This card is lost or stolen.'],
  INVALID_CARD_NUMBER: [400, '카드번호를 다시 확인해주세요.', 'Please check your card number again.'],
  INVALID_DATE: [400, '날짜 데이터가 잘못 되었습니다.', 'The date data is invalid.'],
  INVALID_IDEMPOTENCY_KEY: [
    400,
    '멱등키는 300자 이하여야 합니다.',
    'The idempotency key must be 300 characters or less.',
  ],
  INVALID_REFUND_ACCOUNT_INFO: [
    400,
    '환불 계좌번호와 예금주명이 일치하지 않습니다.',
    'Refund account number and account holder name do not match.',
  ],
  INVALID_REFUND_ACCOUNT_NUMBER: [400, '잘못된 환불 계좌번호입니다.', 'Incorrect refund account number.'],
  INVALID_REJECT_CARD: [400, '카드 사용이 거절되었습니다. 카드사 문의가 필요합니다.', 'Refer to card issuer/decline.'],
  INVALID_REQUEST: [400, '잘못된 요청입니다.', 'The bad request.'],
  INVALID_STOPPED_CARD: [400, '정지된 카드 입니다.', 'This is a suspended card.'],
  INVALID_TEST_CODE: [400, '유효하지 않은 테스트 코드입니다.', 'Invalid test code'],
  INVALID_UNREGISTERED_SUBMALL: [
    400,
    '등록되지 않은 서브몰입니다. 서브몰이 없는 가맹점이라면 안심클릭이나 ISP 결제가 필요합니다.',
    'The PG sub-merchant is not registered yet.',
  ],
  NOT_ALLOWED_POINT_USE: [
    400,
    '포인트 사용이 불가한 카드로 카드 포인트 결제에 실패했습니다.',
    'Card point payment failed because the card cannot be used points.',
  ],
  NOT_AVAILABLE_PAYMENT: [400, '결제가 불가능한 시간대입니다.', 'Payment is not available at this time.'],
  NOT_FOUND_TERMINAL_ID: [
    400,
    '단말기번호(Terminal Id)가 없습니다. 토스페이먼츠로 문의 바랍니다.',
    'There is no Terminal Id. Please contact Toss Payments.',
  ],
  NOT_MATCHES_REFUNDABLE_AMOUNT: [400, '잔액 결과가 일치하지 않습니다.', 'Balance results do not match.'],
  NOT_REGISTERED_BUSINESS: [400, '등록되지 않은 사업자 번호입니다.', 'Unregistered business registration number'],
  NOT_SUPPORTED_INSTALLMENT_PLAN_CARD_OR_MERCHANT: [
    400,
    '할부가 지원되지 않는 카드 또는 가맹점 입니다.',
    'This card or merchant does not support installment.',
  ],
  NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN: [
    400,
    '할부 또는 무이자 할부가 지원되지 않는 카드입니다.',
    'This card does not support installment or interest-free installment.',
  ],
  PROVIDER_ERROR: [
    400,
    '일시적인 오류가 발생했습니다. 잠시 후 다시 시도해주세요.',
    'This is temporary error. Please try again in a few minutes.',
  ],
  REFUND_REJECTED: [
    400,
    '환불이 거절됐습니다. 결제사에 문의 부탁드립니다.',
    'The refund has been rejected. Please contact the respective payment provider.',
  ],
  RESTRICTED_TRANSFER_ACCOUNT: [
    400,
    '계좌는 등록 후 12시간 뒤부터 결제할 수 있습니다. 관련 정책은 해당 은행으로 문의해주세요.',
    'The account can be used 12 hours after its registration.',
  ],
  UNAPPROVED_ORDER_ID: [400, '아직 승인되지 않은 주문번호입니다.', 'This order id has not been approved yet.'],
  UNAUTHORIZED_KEY: [
    401,
    '인증되지 않은 시크릿 키 혹은 클라이언트 키 입니다.',
    'This is an unauthenticated secret key or client key.',
  ],
  EXCEED_CANCEL_LIMIT: [403, '취소 한도를 초과했습니다.', 'The cancellation limit has been exceeded.'],
  EXCEED_MAX_AUTH_COUNT: [
    403,
    '최대 인증 횟수를 초과했습니다. 카드사로 문의해주세요.',
    'The maximum number of authentications has been exceeded. Please contact your credit card company.',
  ],
  EXCEED_MAX_ONE_DAY_AMOUNT: [403, '일일 한도를 초과했습니다.', 'The daily limit has been exceeded.'],
  EXCEED_MAX_REFUND_DUE: [403, '환불 가능한 기간이 지났습니다.', 'The refundable period has been exceeded.'],
  FDS_ERROR: [
    403,
    '위험거래가 감지되어 결제가 제한됩니다. 발송된 문자를 확인해주세요.',
    'A risky transaction was detected and the payment is restricted.',
  ],
  FORBIDDEN_CONSECUTIVE_REQUEST: [
    403,
    '반복적인 요청은 허용되지 않습니다. 잠시 후 다시 시도해주세요.',
    'Repetitive requests are not allowed. Please try again in a few minutes.',
  ],
  FORBIDDEN_REQUEST: [403, '허용되지 않은 요청입니다.', 'This request is not allowed.'],
  INCORRECT_BASIC_AUTH_FORMAT: [
    403,
    "잘못된 요청입니다. ':' 를 포함해 인코딩해주세요.",
    "The request is incorrect. Please include ':' before encoding.",
  ],
  INVALID_PASSWORD: [403, '결제 비밀번호가 일치하지 않습니다.', 'Payment password does not match.'],
  NOT_ALLOWED_PARTIAL_REFUND: [
    403,
    '에스크로 주문, 현금 카드 결제 등의 사유로 부분 환불이 불가합니다.',
    'Partial refunds are not available for reasons such as escrow or cash payment.',
  ],
  NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT: [
    403,
    '입금 대기중인 결제는 부분 환불이 불가합니다.',
    'Partial refunds are not available while pending deposit.',
  ],
  NOT_AVAILABLE_BANK: [403, '은행 서비스 시간이 아닙니다.', 'Not bank service time.'],
  NOT_CANCELABLE_AMOUNT: [403, '취소 할 수 없는 금액 입니다.', 'This is a non-cancelable amount.'],
  NOT_CANCELABLE_PAYMENT: [403, '취소 할 수 없는 결제 입니다.', 'This is a non-cancelable payment.'],
  REJECT_ACCOUNT_PAYMENT: [403, '잔액부족으로 결제에 실패했습니다.', 'Payment failed due to insufficient balance'],
  REJECT_CARD_COMPANY: [403, '결제 승인이 거절되었습니다.', 'Payment confirm is rejected'],
  REJECT_CARD_PAYMENT: [
    403,
    '한도초과 혹은 잔액부족으로 결제에 실패했습니다.',
    'The payment failed because of the card limit or an insufficient balance.',
  ],
  REJECT_TOSSPAY_INVALID_ACCOUNT: [
    403,
    '선택하신 출금 계좌가 출금이체 등록이 되어 있지 않아요. 계좌를 다시 등록해 주세요.',
    'The chosen account is not registered for withdrawal.',
  ],
  NOT_FOUND: [404, '존재하지 않는 정보 입니다.', 'This information does not exist.'],
  NOT_FOUND_HTTP_METHOD: [404, '존재하지 않는 HTTP 메소드 접근입니다.', 'This HTTP method does not allowed.'],
  NOT_FOUND_PAYMENT: [404, '존재하지 않는 결제 정보 입니다.', 'The payment does not exist.'],
  NOT_FOUND_PAYMENT_SESSION: [
    404,
    '결제 시간이 만료되어 결제 진행 데이터가 존재하지 않습니다.',
    'Payment session does not exist because the session time has expired.',
  ],
  IDEMPOTENT_REQUEST_PROCESSING: [
    409,
    '이전 멱등 요청이 처리중입니다.',
    'The previous idempotent request is being processed.',
  ],
  COMMON_ERROR: [
    500,
    '일시적인 오류가 발생했습니다. 잠시 후 다시 시도해주세요.',
    'A temporary error has occurred. Please try again in a few minutes.',
  ],
  FAILED_INTERNAL_SYSTEM_PROCESSING: [
    500,
    '내부 시스템 처리 작업이 실패했습니다. 잠시 후 다시 시도해주세요.',
    'Internal system processing operation has failed. Please try again in a few minutes.',
  ],
  FAILED_METHOD_HANDLING_CANCEL: [
    500,
    '취소 중 결제 시 사용한 결제수단 처리과정에서 일시적인 오류가 발생했습니다.',
    'A temporary error occurred while processing cancellation.',
  ],
  FAILED_PARTIAL_REFUND: [
    500,
    '은행 점검, 해약 계좌 등의 사유로 부분 환불이 실패했습니다.',
    'The partial refund failed for reasons such as bank maintenance or a closed account.',
  ],
  FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING: [
    500,
    '결제가 완료되지 않았어요. 다시 시도해주세요.',
    'The payment has not been completed. Please try again.',
  ],
  FAILED_REFUND_PROCESS: [
    500,
    '은행 응답시간 지연이나 일시적인 오류로 환불요청에 실패했습니다.',
    'The refund request failed due to a delay in the bank response time or a temporary error.',
  ],
  UNKNOWN_PAYMENT_ERROR: [
    500,
    '결제에 실패했어요. 같은 문제가 반복된다면 은행이나 카드사로 문의해주세요.',
    'The payment failed. If the problem repeats, please contact your bank or card company.',
  ],
} as const satisfies Record<string, readonly [status: number, korean: string, english: string]>

export type FaultCode = keyof typeof catalogue
export type Language = 'ko' | 'en'

export const faultCodes = Object.keys(catalogue) as FaultCode[]

/** A refusal before it is worded: a documented code and, where the caller can be helped, what exactly is wrong. */
export type Fault = { readonly code: FaultCode; readonly detail?: string }

export function fault(code: FaultCode, detail?: string): Fault {
  return detail === undefined ? { code } : { code, detail }
}

export function isFaultCode(text: string): text is FaultCode {
  return Object.hasOwn(catalogue, text)
}

/** The documented HTTP status of a code. */
export function statusOf(code: FaultCode): number {
  return catalogue[code][0]
}

/** The documented error object, `{code, message}`. */
export function wordFault({ code, detail }: Fault, language: Language): { code: FaultCode; message: string } {
  const text = catalogue[code][language === 'ko' ? 1 : 2]
  return { code, message: detail === undefined ? text : `${text} (${detail})` }
}
