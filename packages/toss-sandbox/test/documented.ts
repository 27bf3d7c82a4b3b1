// The shapes that "코어 API" and "웹훅 이벤트" of docs.tosspayments.com describe for API version 2022-11-16, written by hand from
// the documentation and not from the sandbox, so that the two can be compared.

type Check = (value: unknown) => boolean
type Shape = Readonly<Record<string, Check>>

const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value)
const text =
  (lengthMax = 1000): Check =>
  (value) =>
    typeof value === 'string' && value.length <= lengthMax
const amount: Check = (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
const flag: Check = (value) => typeof value === 'boolean'
const oneOf =
  (...values: string[]): Check =>
  (value) =>
    typeof value === 'string' && values.includes(value)
const listOf =
  (shape: Shape): Check =>
  (value) =>
    Array.isArray(value) && value.every((each) => faultsOf(each, shape).length === 0)
const object =
  (shape: Shape): Check =>
  (value) =>
    faultsOf(value, shape).length === 0
/** yyyy-MM-dd'T'HH:mm:ss±hh:mm */
const instant: Check = (value) =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/.test(value)
/** yyyy-MM-dd'T'HH:mm:ss.SSSSSS, without a zone */
const localInstant: Check = (value) =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/.test(value)
const orderId: Check = (value) => typeof value === 'string' && /^[A-Za-z0-9_-]{6,64}$/.test(value)

const status = oneOf(
  'READY',
  'IN_PROGRESS',
  'WAITING_FOR_DEPOSIT',
  'DONE',
  'CANCELED',
  'PARTIAL_CANCELED',
  'ABORTED',
  'EXPIRED',
)
const methods = ['카드', '가상계좌', '간편결제', '휴대폰', '계좌이체', '문화상품권', '도서문화상품권', '게임문화상품권']

const cancel: Shape = {
  cancelAmount: amount,
  cancelReason: text(200),
  taxFreeAmount: amount,
  taxExemptionAmount: amount,
  refundableAmount: amount,
  cardDiscountAmount: amount,
  transferDiscountAmount: amount,
  easyPayDiscountAmount: amount,
  canceledAt: instant,
  transactionKey: text(64),
  receiptKey: orNull(text(200)),
  cancelStatus: oneOf('DONE', 'IN_PROGRESS', 'ABORTED'),
  cancelRequestId: orNull(text()),
}

const card: Shape = {
  amount,
  issuerCode: text(2),
  acquirerCode: orNull(text(2)),
  number: text(20),
  installmentPlanMonths: amount,
  approveNo: text(8),
  useCardPoint: flag,
  cardType: oneOf('신용', '체크', '기프트', '미확인', 'CREDIT'),
  ownerType: oneOf('개인', '법인', '미확인', 'PERSONAL'),
  acquireStatus: oneOf('READY', 'REQUESTED', 'COMPLETED', 'CANCEL_REQUESTED', 'CANCELED'),
  isInterestFree: flag,
  interestPayer: orNull(oneOf('BUYER', 'CARD_COMPANY', 'MERCHANT')),
}

const virtualAccount: Shape = {
  accountType: oneOf('일반', '고정'),
  accountNumber: text(20),
  bankCode: text(3),
  customerName: text(100),
  depositorName: text(100),
  dueDate: instant,
  refundStatus: oneOf('NONE', 'PENDING', 'FAILED', 'PARTIAL_FAILED', 'COMPLETED'),
  expired: flag,
  settlementStatus: oneOf('INCOMPLETED', 'COMPLETED'),
  refundReceiveAccount: orNull(object({ bankCode: text(20), accountNumber: text(20), holderName: text(60) })),
}

const never: Check = (value) => value === null

export const payment: Shape = {
  version: oneOf('2022-11-16'),
  paymentKey: text(200),
  type: oneOf('NORMAL', 'BILLING', 'BRANDPAY'),
  orderId,
  orderName: text(100),
  mId: text(14),
  currency: oneOf('KRW'),
  method: orNull(oneOf(...methods, 'CARD', 'VIRTUAL_ACCOUNT')),
  totalAmount: amount,
  balanceAmount: amount,
  status,
  requestedAt: instant,
  approvedAt: orNull(instant),
  useEscrow: flag,
  lastTransactionKey: orNull(text(64)),
  suppliedAmount: amount,
  vat: amount,
  cultureExpense: flag,
  taxFreeAmount: amount,
  taxExemptionAmount: amount,
  cancels: orNull(listOf(cancel)),
  isPartialCancelable: flag,
  card: orNull(object(card)),
  virtualAccount: orNull(object(virtualAccount)),
  secret: orNull(text(50)),
  mobilePhone: never,
  giftCertificate: never,
  transfer: never,
  metadata: never,
  receipt: orNull(object({ url: text() })),
  checkout: orNull(object({ url: text() })),
  easyPay: never,
  country: oneOf('KR'),
  failure: orNull(object({ code: text(100), message: text(510) })),
  cashReceipt: never,
  cashReceipts: never,
  discount: never,
}

export const failure: Shape = { code: text(100), message: text(510) }

export const transaction: Shape = {
  mId: text(14),
  transactionKey: text(64),
  paymentKey: text(200),
  orderId,
  method: orNull(oneOf(...methods)),
  customerKey: orNull(text(50)),
  useEscrow: flag,
  receiptUrl: orNull(text()),
  status,
  transactionAt: instant,
  currency: oneOf('KRW'),
  amount,
}

export const statusChanged: Shape = {
  eventType: oneOf('PAYMENT_STATUS_CHANGED'),
  createdAt: localInstant,
  data: object(payment),
}

export const depositCallback: Shape = {
  createdAt: localInstant,
  secret: text(50),
  status: oneOf('WAITING_FOR_DEPOSIT', 'DONE', 'CANCELED', 'PARTIAL_CANCELED'),
  transactionKey: text(64),
  orderId,
}

/** Names of the fields that are missing, unknown, or not as documented. */
export function faultsOf(value: unknown, shape: Shape): string[] {
  if (typeof value !== 'object' || value === null) return ['is no object']
  const fields = new Map(Object.entries(value))
  const wrong = Object.entries(shape).flatMap(([name, check]) =>
    !fields.has(name)
      ? [`${name} is missing`]
      : check(fields.get(name))
        ? []
        : [`${name} is ${String(fields.get(name))}`],
  )
  const unknown = [...fields.keys()].filter((name) => !Object.hasOwn(shape, name)).map((name) => `${name} is unknown`)
  return [...wrong, ...unknown]
}
