import { bankName } from '@fairgate/contracts/banks'
import { formatMoney } from '@fairgate/contracts/money'
import { formatInstant, orderRow } from './letter-rows.ts'
import type { Language, Letter } from './letter.ts'
import type { DataOf } from './message.ts'

/** Virtual accounts are opened by Korean banks. */
const bankZone = 'Asia/Seoul'

/** Where to pay into and until when. */
export function depositAwaited(
  { orderId, amount, account, until }: DataOf<'deposit-awaited'>,
  language: Language,
  publicUrl: string,
): Letter {
  const words = {
    ko: {
      subject: '입금을 기다리고 있습니다',
      title: '이 계좌로 입금해 주세요',
      what: '자리는 확보되어 있습니다. 기한까지 정확한 금액을 한 번에 보내 주시면 티켓을 발급해 드립니다.',
      bank: '은행',
      number: '계좌번호',
      holder: '예금주',
      amount: '입금할 금액',
      until: '입금 기한',
      link: '주문 보기',
    },
    en: {
      subject: 'We are waiting for your deposit',
      title: 'Pay into this account',
      what: 'Your places are secured. Pay in the exact amount, once, and the tickets come by themselves.',
      bank: 'Bank',
      number: 'Account number',
      holder: 'Account holder',
      amount: 'Amount',
      until: 'Pay in by',
      link: 'Show the order',
    },
  }[language]
  return {
    language,
    subject: words.subject,
    title: words.title,
    blocks: [
      { kind: 'paragraph', text: words.what },
      {
        kind: 'facts',
        rows: [
          [words.bank, bankName(account.bank, language)],
          [words.number, account.number],
          ...(account.holder ? [[words.holder, account.holder] as const] : []),
          [words.amount, formatMoney(amount, language)],
          [words.until, formatInstant(until, bankZone, language)],
          orderRow(orderId, language),
        ],
      },
      { kind: 'link', label: words.link, url: `${publicUrl}/orders/${orderId}` },
    ],
  }
}

/** Asks for the account into which a deposit is to go back. */
export function refundAccountNeeded(
  { orderId, amount }: DataOf<'refund-account-needed'>,
  language: Language,
  publicUrl: string,
): Letter {
  const words = {
    ko: {
      subject: '환불받을 계좌를 알려 주세요',
      title: '어디로 환불해 드릴까요?',
      what: '입금으로 결제하셔서, 환불받을 본인 계좌가 필요합니다. 주문 화면에서 입력해 주시면 바로 환불을 진행합니다.',
      amount: '환불 금액',
      link: '계좌 입력하기',
    },
    en: {
      subject: 'Please tell us where to send your refund',
      title: 'Where shall we send the money?',
      what: 'You paid by deposit, so the provider needs an account of yours. Name it on the order page, and the refund goes on at once.',
      amount: 'Refund',
      link: 'Name the account',
    },
  }[language]
  return {
    language,
    subject: words.subject,
    title: words.title,
    blocks: [
      { kind: 'paragraph', text: words.what },
      {
        kind: 'facts',
        rows: [[words.amount, formatMoney(amount, language)], orderRow(orderId, language)],
      },
      { kind: 'link', label: words.link, url: `${publicUrl}/orders/${orderId}` },
    ],
  }
}
