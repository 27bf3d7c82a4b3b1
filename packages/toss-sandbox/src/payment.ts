// The provider's Payment object and how it changes. Pure: the same function folds events as they happen and when the
// journal is read back. Fields as documented for API version 2022-11-16 ("코어 API", Payment object). Cards and virtual
// accounts are paid with here.

export type PaymentStatus =
  | 'READY'
  | 'IN_PROGRESS'
  | 'WAITING_FOR_DEPOSIT'
  | 'DONE'
  | 'CANCELED'
  | 'PARTIAL_CANCELED'
  | 'ABORTED'
  | 'EXPIRED'

export type Cancel = {
  readonly cancelAmount: number
  readonly cancelReason: string
  readonly taxFreeAmount: number
  readonly taxExemptionAmount: number
  readonly refundableAmount: number
  readonly cardDiscountAmount: number
  readonly transferDiscountAmount: number
  readonly easyPayDiscountAmount: number
  readonly canceledAt: string
  readonly transactionKey: string
  readonly receiptKey: string | null
  readonly cancelStatus: 'DONE'
  readonly cancelRequestId: string | null
}

export type Card = {
  readonly amount: number
  readonly issuerCode: string
  readonly acquirerCode: string | null
  readonly number: string
  readonly installmentPlanMonths: number
  readonly approveNo: string
  readonly useCardPoint: boolean
  readonly cardType: string
  readonly ownerType: string
  readonly acquireStatus: 'READY' | 'REQUESTED' | 'COMPLETED' | 'CANCEL_REQUESTED' | 'CANCELED'
  readonly isInterestFree: boolean
  readonly interestPayer: string | null
}

export type VirtualAccount = {
  readonly accountType: '일반' | '고정'
  readonly accountNumber: string
  readonly bankCode: string
  readonly customerName: string
  readonly depositorName: string
  readonly dueDate: string
  readonly refundStatus: 'NONE' | 'PENDING' | 'FAILED' | 'PARTIAL_FAILED' | 'COMPLETED'
  readonly expired: boolean
  readonly settlementStatus: 'INCOMPLETED' | 'COMPLETED'
  readonly refundReceiveAccount: RefundReceiveAccount | null
}

export type RefundReceiveAccount = {
  readonly bankCode: string
  readonly accountNumber: string
  readonly holderName: string
}

/** Amounts are whole won; times are `yyyy-MM-dd'T'HH:mm:ss+09:00`. */
export type Payment = {
  readonly version: '2022-11-16'
  readonly paymentKey: string
  readonly type: 'NORMAL'
  readonly orderId: string
  readonly orderName: string
  readonly mId: string
  readonly currency: 'KRW'
  readonly method: string | null
  readonly totalAmount: number
  readonly balanceAmount: number
  readonly status: PaymentStatus
  readonly requestedAt: string
  readonly approvedAt: string | null
  readonly useEscrow: boolean
  readonly lastTransactionKey: string | null
  readonly suppliedAmount: number
  readonly vat: number
  readonly cultureExpense: boolean
  readonly taxFreeAmount: number
  readonly taxExemptionAmount: number
  readonly cancels: readonly Cancel[] | null
  readonly isPartialCancelable: boolean
  readonly card: Card | null
  readonly virtualAccount: VirtualAccount | null
  readonly secret: string | null
  readonly mobilePhone: null
  readonly giftCertificate: null
  readonly transfer: null
  readonly metadata: null
  readonly receipt: { readonly url: string } | null
  readonly checkout: { readonly url: string } | null
  readonly easyPay: null
  readonly country: 'KR'
  readonly failure: { readonly code: string; readonly message: string } | null
  readonly cashReceipt: null
  readonly cashReceipts: null
  readonly discount: null
}

export type PaymentEvent =
  | {
      readonly type: 'requested'
      readonly at: number
      readonly orderId: string
      readonly orderName: string
      readonly amount: number
      readonly secret: string
      readonly origin: string
      /** A virtual account instead of a card, and for how long it takes a deposit. */
      readonly validHours?: number
    }
  /** Confirmed by virtual account: money is waited for. */
  | {
      readonly type: 'issued'
      readonly at: number
      readonly transactionKey: string
      readonly accountNumber: string
      readonly dueAtMs: number
    }
  | { readonly type: 'deposited'; readonly at: number; readonly transactionKey: string }
  /** The bank took the deposit back. */
  | { readonly type: 'deposit-undone'; readonly at: number; readonly transactionKey: string }
  | { readonly type: 'approved'; readonly at: number; readonly transactionKey: string; readonly approveNo: string }
  | { readonly type: 'aborted'; readonly at: number; readonly code: string; readonly message: string }
  | { readonly type: 'expired'; readonly at: number }
  | {
      readonly type: 'canceled'
      readonly at: number
      readonly transactionKey: string
      readonly amount: number
      readonly reason: string
      readonly account?: RefundReceiveAccount
    }

const mId = 'fairgate_test'

/** `yyyy-MM-dd'T'HH:mm:ss+09:00`: the provider speaks Korean time, which has no daylight saving. */
export function koreanTime(atMs: number): string {
  return `${localKoreanTime(atMs).slice(0, 19)}+09:00`
}

/** The same without a zone and with six digits of a second, as `createdAt` of a webhook is written. */
export function localKoreanTime(atMs: number): string {
  return `${new Date(atMs + 9 * 3_600_000).toISOString().slice(0, 23)}000`
}

/** A payment whose owner has passed the payment window and which waits for its confirm. */
export function requestedPayment(paymentKey: string, event: PaymentEvent & { type: 'requested' }): Payment {
  return {
    version: '2022-11-16',
    paymentKey,
    type: 'NORMAL',
    orderId: event.orderId,
    orderName: event.orderName,
    mId,
    currency: 'KRW',
    method: event.validHours === undefined ? '카드' : '가상계좌',
    totalAmount: event.amount,
    status: 'IN_PROGRESS',
    requestedAt: koreanTime(event.at),
    approvedAt: null,
    useEscrow: false,
    lastTransactionKey: null,
    cultureExpense: false,
    taxExemptionAmount: 0,
    ...balance(event.amount),
    cancels: null,
    isPartialCancelable: true,
    card: null,
    virtualAccount: null,
    secret: event.secret,
    mobilePhone: null,
    giftCertificate: null,
    transfer: null,
    metadata: null,
    receipt: null,
    checkout: { url: `${event.origin}/sandbox/window?paymentKey=${paymentKey}` },
    easyPay: null,
    country: 'KR',
    failure: null,
    cashReceipt: null,
    cashReceipts: null,
    discount: null,
  }
}

/** The payment after one event. `origin` is the address of the sandbox, for the receipt's link. */
export function changed(
  payment: Payment,
  event: Exclude<PaymentEvent, { type: 'requested' }>,
  origin: string,
): Payment {
  switch (event.type) {
    case 'approved':
      return {
        ...payment,
        status: 'DONE',
        approvedAt: koreanTime(event.at),
        lastTransactionKey: event.transactionKey,
        card: card(payment.totalAmount, event.approveNo),
        receipt: { url: `${origin}/sandbox/receipts/${payment.paymentKey}` },
      }
    case 'issued':
      return {
        ...payment,
        status: 'WAITING_FOR_DEPOSIT',
        lastTransactionKey: event.transactionKey,
        virtualAccount: {
          accountType: '일반',
          accountNumber: event.accountNumber,
          bankCode: '20',
          customerName: '페어게이트',
          depositorName: '',
          dueDate: koreanTime(event.dueAtMs),
          refundStatus: 'NONE',
          expired: false,
          settlementStatus: 'INCOMPLETED',
          refundReceiveAccount: null,
        },
      }
    case 'deposited':
      return {
        ...payment,
        status: 'DONE',
        approvedAt: koreanTime(event.at),
        lastTransactionKey: event.transactionKey,
        receipt: { url: `${origin}/sandbox/receipts/${payment.paymentKey}` },
      }
    case 'deposit-undone':
      return { ...payment, status: 'WAITING_FOR_DEPOSIT', approvedAt: null, lastTransactionKey: event.transactionKey }
    case 'aborted':
      return { ...payment, status: 'ABORTED', failure: { code: event.code, message: event.message } }
    case 'expired':
      return {
        ...payment,
        status: 'EXPIRED',
        failure: { code: 'EXPIRED_PAYMENT', message: '결제가 만료되었습니다. 다시 시도해주세요.' },
      }
    case 'canceled': {
      const left = payment.balanceAmount - event.amount
      return {
        ...payment,
        ...balance(left),
        status: left === 0 ? 'CANCELED' : 'PARTIAL_CANCELED',
        lastTransactionKey: event.transactionKey,
        cancels: [...(payment.cancels ?? []), cancel(event, left)],
        card: payment.card && left === 0 ? { ...payment.card, acquireStatus: 'CANCELED' } : payment.card,
        virtualAccount:
          payment.virtualAccount && event.account
            ? { ...payment.virtualAccount, refundStatus: 'PENDING', refundReceiveAccount: event.account }
            : payment.virtualAccount,
      }
    }
  }
}

/** The payment as it is now: a virtual account whose time is over takes no deposit, and says so. */
export function asOf(payment: Payment, nowMs: number): Payment {
  const { virtualAccount, status } = payment
  const isOver =
    virtualAccount !== null && status === 'WAITING_FOR_DEPOSIT' && Date.parse(virtualAccount.dueDate) <= nowMs
  return isOver ? { ...payment, virtualAccount: { ...virtualAccount, expired: true } } : payment
}

/** The same payment as `Accept-Language: en-US` shows it. */
export function inEnglish(payment: Payment): Payment {
  return {
    ...payment,
    method: payment.method === '카드' ? 'CARD' : payment.method === '가상계좌' ? 'VIRTUAL_ACCOUNT' : payment.method,
    card: payment.card && { ...payment.card, cardType: 'CREDIT', ownerType: 'PERSONAL' },
  }
}

/** One movement of money, as `GET /v1/transactions` lists it. */
export type Transaction = {
  readonly mId: string
  readonly transactionKey: string
  readonly paymentKey: string
  readonly orderId: string
  readonly method: string | null
  readonly customerKey: string | null
  readonly useEscrow: boolean
  readonly receiptUrl: string | null
  readonly status: PaymentStatus
  readonly transactionAt: string
  readonly currency: 'KRW'
  readonly amount: number
}

/** The movement of money behind the payment's newest status; undefined when that status moved none. */
export function lastTransaction(payment: Payment, atMs: number): Transaction | undefined {
  if (payment.lastTransactionKey === null) return undefined
  const cancel = payment.cancels?.at(-1)
  return {
    mId,
    transactionKey: payment.lastTransactionKey,
    paymentKey: payment.paymentKey,
    orderId: payment.orderId,
    method: payment.method,
    customerKey: null,
    useEscrow: payment.useEscrow,
    receiptUrl: payment.receipt?.url ?? null,
    status: payment.status,
    transactionAt: koreanTime(atMs),
    currency: payment.currency,
    amount: cancel?.cancelAmount ?? payment.totalAmount,
  }
}

/** What is left to cancel, with the value-added tax in it: a tenth of the net price, rounded to the won. */
function balance(amount: number) {
  const vat = Math.round(amount / 11)
  return { balanceAmount: amount, suppliedAmount: amount - vat, vat, taxFreeAmount: 0 }
}

function card(amount: number, approveNo: string): Card {
  return {
    amount,
    issuerCode: '61',
    acquirerCode: '31',
    number: '12345678****789*',
    installmentPlanMonths: 0,
    approveNo,
    useCardPoint: false,
    cardType: '신용',
    ownerType: '개인',
    acquireStatus: 'READY',
    isInterestFree: false,
    interestPayer: null,
  }
}

function cancel(event: PaymentEvent & { type: 'canceled' }, refundableAmount: number): Cancel {
  return {
    cancelAmount: event.amount,
    cancelReason: event.reason,
    taxFreeAmount: 0,
    taxExemptionAmount: 0,
    refundableAmount,
    cardDiscountAmount: 0,
    transferDiscountAmount: 0,
    easyPayDiscountAmount: 0,
    canceledAt: koreanTime(event.at),
    transactionKey: event.transactionKey,
    receiptKey: null,
    cancelStatus: 'DONE',
    cancelRequestId: null,
  }
}
