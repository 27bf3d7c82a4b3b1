import { createHash } from 'node:crypto'

import type { Language } from './faults.ts'
import type { Payment, PaymentStatus } from './payment.ts'

export const texts = {
  ko: {
    notice: '연습용 결제창입니다. 실제 돈은 움직이지 않습니다.',
    sandbox: '샌드박스',
    payTitle: '결제',
    receiptTitle: '영수증',
    problemTitle: '결제창을 열 수 없습니다',
    problemHint: '이 주소를 만든 곳에서 다음을 고쳐 주세요.',
    amount: '결제 금액',
    order: '주문',
    orderId: '주문번호',
    paymentKey: '결제 키',
    status: '상태',
    refunded: '취소된 금액',
    left: '남은 금액',
    approvedAt: '승인 시각',
    pay: (amount: string) => `${amount} 결제하기`,
    account: '가상계좌로 입금하기',
    decline: '거절되는 카드로 결제하기',
    bankTitle: '연습용 은행',
    bank: '은행',
    accountNumber: '계좌번호',
    dueDate: '입금 기한',
    deposit: (amount: string) => `${amount} 입금하기`,
    bankName: '연습은행',
    cancel: '취소하고 돌아가기',
    canceled: '사용자에 의해 결제가 취소되었습니다.',
    other: 'English',
    statuses: {
      READY: '준비됨',
      IN_PROGRESS: '승인 대기',
      WAITING_FOR_DEPOSIT: '입금 대기',
      DONE: '결제 완료',
      CANCELED: '전액 취소됨',
      PARTIAL_CANCELED: '일부 취소됨',
      ABORTED: '승인 거절',
      EXPIRED: '시간 만료',
    } satisfies Record<PaymentStatus, string>,
  },
  en: {
    notice: 'This is a practice payment window. No money moves.',
    sandbox: 'Sandbox',
    payTitle: 'Payment',
    receiptTitle: 'Receipt',
    problemTitle: 'This payment window cannot be opened',
    problemHint: 'Whoever made this address needs to correct the following.',
    amount: 'Amount',
    order: 'Order',
    orderId: 'Order number',
    paymentKey: 'Payment key',
    status: 'Status',
    refunded: 'Refunded',
    left: 'Remaining',
    approvedAt: 'Approved at',
    pay: (amount: string) => `Pay ${amount}`,
    account: 'Pay into a virtual account',
    decline: 'Pay with a card that is refused',
    bankTitle: 'Practice bank',
    bank: 'Bank',
    accountNumber: 'Account number',
    dueDate: 'Pay in until',
    deposit: (amount: string) => `Pay in ${amount}`,
    bankName: 'Practice bank',
    cancel: 'Cancel and go back',
    canceled: 'Payment has been canceled by the customer.',
    other: '한국어',
    statuses: {
      READY: 'Ready',
      IN_PROGRESS: 'Waiting for approval',
      WAITING_FOR_DEPOSIT: 'Waiting for deposit',
      DONE: 'Paid',
      CANCELED: 'Refunded in full',
      PARTIAL_CANCELED: 'Refunded in part',
      ABORTED: 'Refused',
      EXPIRED: 'Expired',
    } satisfies Record<PaymentStatus, string>,
  },
} as const

const style = `
:root { color-scheme: light dark; --ground: #f3f5f8; --sheet: #fff; --ink: #17202b; --quiet: #566273; --line: #dde3ea;
  --strong: #1d56d8; --onstrong: #fff; --note: #fdf3d7; --onnote: #5b4200; }
@media (prefers-color-scheme: dark) { :root { --ground: #10151c; --sheet: #1a212b; --ink: #edf1f6; --quiet: #a3afbe;
  --line: #313b48; --strong: #83aaff; --onstrong: #0b1730; --note: #3a2f10; --onnote: #f7e2a8; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; min-height: 100dvh; display: grid; align-content: start; justify-items: center;
  padding: clamp(1rem, 6vh, 4rem) 1rem; background: var(--ground); color: var(--ink);
  word-break: keep-all; font: 1rem/1.5 system-ui, -apple-system, "Apple SD Gothic Neo", "Noto Sans KR", "Noto Sans CJK KR", "Malgun Gothic", sans-serif; }
main { width: 100%; max-width: 26rem; background: var(--sheet); border: 1px solid var(--line); border-radius: 1rem;
  overflow: hidden; box-shadow: 0 1px 2px #0000000f, 0 12px 32px #0000000f; }
.notice { margin: 0; padding: .75rem 1.5rem; background: var(--note); color: var(--onnote); font-size: .9375rem; }
.notice strong { margin-inline-end: .375rem; }
.sheet { padding: 1.5rem; }
h1 { margin: 0; font-size: 1.125rem; font-weight: 600; }
.amount { margin: 1rem 0 1.25rem; }
.amount span { display: block; color: var(--quiet); font-size: .875rem; }
.amount strong { font-size: 2rem; line-height: 1.25; font-weight: 700; letter-spacing: -.01em; font-variant-numeric: tabular-nums; }
dl { margin: 0; padding: 1rem 0 0; border-top: 1px solid var(--line); display: grid; grid-template-columns: auto 1fr; gap: .5rem 1.25rem; }
dt { color: var(--quiet); }
dd { margin: 0; text-align: end; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
form { display: grid; gap: .625rem; margin-top: 1.5rem; }
button { font: inherit; font-weight: 600; min-height: 3rem; padding: .5rem 1rem; border-radius: .75rem; cursor: pointer;
  border: 1px solid var(--line); background: transparent; color: var(--ink); }
button[value=pay] { background: var(--strong); border-color: var(--strong); color: var(--onstrong); }
button[value=cancel] { border-color: transparent; color: var(--quiet); }
button:hover { filter: brightness(.96); }
:focus-visible { outline: 3px solid var(--strong); outline-offset: 2px; }
ul { margin: .75rem 0 0; padding-inline-start: 1.25rem; overflow-wrap: anywhere; }
p.hint { margin: .75rem 0 0; color: var(--quiet); }
footer { margin-top: 1rem; }
footer a { display: inline-block; padding: .625rem 1rem; color: var(--quiet); text-underline-offset: .2em; }
`

/** Nothing but the page's own style may load or run, so even text that slipped through could do nothing. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "frame-ancestors 'self'",
].join('; ')

/** The payment window. `parameters` are those of its own address, which the form repeats. */
export function windowPage(
  language: Language,
  purchase: { orderId: string; orderName: string; amount: number; validHours?: number | undefined },
  parameters: readonly (readonly [string, string])[],
): string {
  const t = texts[language]
  const kept = parameters.filter(([name]) => name !== 'lang')
  const hidden = [...kept, ['lang', language] as const]
    .map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`)
    .join('')
  const other = new URLSearchParams([...kept.map(([name, value]) => [name, value]), ['lang', otherOf(language)]])
  const rows = [...(purchase.orderName === '' ? [] : [[t.order, purchase.orderName]]), [t.orderId, purchase.orderId]]
  const body = `${amountOf(language, purchase.amount)}${list(rows)}
<form method="post" action="/sandbox/window">${hidden}
<button name="action" value="pay">${escaped(t.pay(won(purchase.amount, language)))}</button>
${purchase.validHours === undefined ? '' : `<button name="action" value="account">${t.account}</button>\n`}<button name="action" value="decline">${t.decline}</button>
<button name="action" value="cancel">${t.cancel}</button>
</form>`
  return wholePage(language, t.payTitle, body, `/sandbox/window?${other}`)
}

export function receiptPage(language: Language, payment: Payment): string {
  const t = texts[language]
  const rows = [
    [t.status, t.statuses[payment.status]],
    [t.order, payment.orderName],
    [t.orderId, payment.orderId],
    ...(payment.approvedAt === null ? [] : [[t.approvedAt, payment.approvedAt]]),
    ...(payment.cancels === null
      ? []
      : [
          [t.refunded, won(payment.totalAmount - payment.balanceAmount, language)],
          [t.left, won(payment.balanceAmount, language)],
        ]),
    [t.paymentKey, payment.paymentKey],
  ]
  const body = `${amountOf(language, payment.totalAmount)}${list(rows)}`
  return wholePage(language, t.receiptTitle, body, `?lang=${otherOf(language)}`)
}

/** A deposit by hand, for a virtual account that waits for one. */
export function bankPage(language: Language, payment: Payment): string {
  const t = texts[language]
  const { virtualAccount, status, totalAmount, orderName } = payment
  const number = virtualAccount?.accountNumber ?? ''
  const rows = [
    [t.status, t.statuses[status]],
    [t.order, orderName],
    [t.bank, t.bankName],
    [t.accountNumber, number],
    [t.dueDate, virtualAccount?.dueDate.slice(0, 16).replace('T', ' ') ?? ''],
  ]
  const isOpen = status === 'WAITING_FOR_DEPOSIT' && virtualAccount?.expired === false
  const form = `<form method="post" action="/sandbox/bank"><input type="hidden" name="account" value="${escaped(number)}"><input type="hidden" name="lang" value="${language}">
<button name="action" value="pay">${escaped(t.deposit(won(totalAmount, language)))}</button></form>`
  const body = `${amountOf(language, totalAmount)}${list(rows)}${isOpen ? form : ''}`
  const other = new URLSearchParams({ account: number, lang: otherOf(language) })
  return wholePage(language, t.bankTitle, body, `/sandbox/bank?${other}`)
}

export function problemPage(language: Language, problems: readonly string[]): string {
  const t = texts[language]
  const items = problems.map((problem) => `<li>${escaped(problem)}</li>`).join('')
  return wholePage(language, t.problemTitle, `<p class="hint">${t.problemHint}</p><ul>${items}</ul>`)
}

function wholePage(language: Language, title: string, body: string, otherHref?: string): string {
  const t = texts[language]
  const otherLanguage = otherOf(language)
  const footer =
    otherHref === undefined
      ? ''
      : `<footer><a href="${escaped(otherHref)}" lang="${otherLanguage}" hreflang="${otherLanguage}">${t.other}</a></footer>`
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · ${t.sandbox}</title>
<style>${style}</style>
</head>
<body>
<main>
<p class="notice"><strong>${t.sandbox}</strong>${t.notice}</p>
<div class="sheet">
<h1>${title}</h1>
${body}
</div>
</main>
${footer}
</body>
</html>
`
}

function amountOf(language: Language, amount: number): string {
  return `<p class="amount"><span>${texts[language].amount}</span><strong>${escaped(won(amount, language))}</strong></p>`
}

function list(rows: readonly (readonly (string | undefined)[])[]): string {
  return `<dl>${rows.map(([term, value]) => `<dt>${escaped(term ?? '')}</dt><dd>${escaped(value ?? '')}</dd>`).join('')}</dl>`
}

function won(amount: number, language: Language): string {
  return new Intl.NumberFormat(language, { style: 'currency', currency: 'KRW' }).format(amount)
}

function otherOf(language: Language): Language {
  return language === 'ko' ? 'en' : 'ko'
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}
