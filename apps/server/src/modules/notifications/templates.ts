import { formatMoney } from '@fairgate/contracts/money'
import { auctionLetter } from './auction-letters.ts'
import { depositAwaited, refundAccountNeeded } from './deposit-letters.ts'
import { eventRows, formatInstant } from './letter-rows.ts'
import { renderLetter, type Language, type Letter, type Rendered } from './letter.ts'
import { eventCancelled } from './cancelled-letter.ts'
import type { MessageContent } from './message.ts'
import { webhookDisabled } from './organiser-letters.ts'
import { seatsReturned } from './return-letter.ts'

/** Most seats named in a mail; a group of fifty finds the rest on its tickets page. */
const seatsShownMax = 12

/** Writes a message for somebody who reads `locale`. @param publicUrl  where the site is, without a slash at the end */
export function write(content: MessageContent, locale: string, publicUrl: string): Rendered {
  const language: Language = locale.startsWith('en') ? 'en' : 'ko'
  return renderLetter(letterOf(content, language, publicUrl))
}

function letterOf(content: MessageContent, language: Language, publicUrl: string): Letter {
  switch (content.kind) {
    case 'verification-code':
      return verificationCode(content.data, language)
    case 'tickets-issued':
      return ticketsIssued(content.data, language, publicUrl)
    case 'award-won':
      return awardWon(content.data, language, publicUrl)
    case 'award-not-won':
      return awardNotWon(content.data, language, publicUrl)
    case 'award-ending':
      return awardEnding(content.data, language, publicUrl)
    case 'bid-pushed-out':
    case 'lot-won':
    case 'lot-not-won':
    case 'lot-award-ending':
      return auctionLetter(content, language, publicUrl)
    case 'offer-made':
    case 'offer-ending':
    case 'offer-lapsed':
      return offerLetter(content, language, publicUrl)
    case 'order-refunded':
      return orderRefunded(content.data, language, publicUrl)
    case 'seats-returned':
      return seatsReturned(content.data, language, publicUrl)
    case 'event-cancelled':
      return eventCancelled(content.data, language, publicUrl)
    case 'deposit-awaited':
      return depositAwaited(content.data, language, publicUrl)
    case 'refund-account-needed':
      return refundAccountNeeded(content.data, language, publicUrl)
    case 'webhook-disabled':
      return webhookDisabled(content.data, language, publicUrl)
  }
}

type Data<K extends MessageContent['kind']> = Extract<MessageContent, { kind: K }>['data']

/** Says nothing that a person chose, neither name nor address: the code must be the only six digits in a row. */
function verificationCode({ code }: Data<'verification-code'>, language: Language): Letter {
  const words = {
    ko: {
      subject: 'Fairgate 이메일 인증 코드',
      title: '이메일 인증 코드',
      enter: '아래 숫자 여섯 자리를 인증 화면에 입력해 주세요.',
      ends: '10분 안에 입력해 주세요. 새 코드를 받으면 이전 코드는 쓸 수 없습니다.',
      stranger: '가입한 적이 없다면 이 메일을 무시하셔도 됩니다.',
    },
    en: {
      subject: 'Your Fairgate verification code',
      title: 'Your verification code',
      enter: 'Enter these six digits on the verification screen.',
      ends: 'The code works for ten minutes. A newer code replaces it.',
      stranger: 'If you did not register, you can ignore this mail.',
    },
  }[language]
  return {
    language,
    subject: words.subject,
    title: words.title,
    blocks: [
      { kind: 'paragraph', text: words.enter },
      { kind: 'code', code },
      { kind: 'paragraph', text: words.ends },
      { kind: 'paragraph', text: words.stranger },
    ],
  }
}

function ticketsIssued(
  { orderId, event, section, total, tickets, late }: Data<'tickets-issued'>,
  language: Language,
  publicUrl: string,
): Letter {
  const labels = tickets.map((ticket) => ticket.label)
  const more = labels.length - seatsShownMax
  const shown = labels.slice(0, seatsShownMax).join(', ')
  const words = {
    ko: {
      subject: `${event.name} 예매가 완료되었습니다`,
      title: `티켓 ${tickets.length}장이 준비되었습니다`,
      thanks: total.amount === 0 ? '티켓을 발급했습니다.' : '결제가 확인되어 티켓을 발급했습니다.',
      lateSame: '결제가 시간을 넘겨 도착했지만 자리가 남아 있어 그대로 확보해 드렸습니다.',
      lateEqual: (before: string) =>
        `결제가 도착했을 때 선택하신 좌석(${before})은 이미 판매되어, 동의하신 대로 같은 구역·같은 가격의 동급 좌석을 드렸습니다.`,
      section: '구역',
      seats: '좌석',
      shown: more > 0 ? `${shown} 외 ${more}석` : shown,
      total: '결제 금액',
      link: '내 티켓 보기',
      entry: '입장할 때 티켓 화면의 QR 코드를 보여 주세요.',
    },
    en: {
      subject: `Your tickets for ${event.name}`,
      title: tickets.length === 1 ? 'Your ticket is ready' : `Your ${tickets.length} tickets are ready`,
      thanks:
        total.amount === 0
          ? 'Your tickets have been issued.'
          : 'Your payment is confirmed and your tickets have been issued.',
      lateSame: 'Your payment arrived late, but your places were still free, so they are yours after all.',
      lateEqual: (before: string) =>
        `When your payment arrived, your seats (${before}) were gone. As you agreed, you have equal ones in the same section at the same price.`,
      section: 'Section',
      seats: 'Seats',
      shown: more > 0 ? `${shown} and ${more} more` : shown,
      total: 'Paid',
      link: 'Show my tickets',
      entry: 'Show the QR code of your ticket at the entrance.',
    },
  }[language]
  return {
    language,
    subject: words.subject,
    title: words.title,
    blocks: [
      { kind: 'paragraph', text: words.thanks },
      ...(late
        ? [
            {
              kind: 'paragraph' as const,
              text: late.seatsBefore.length > 0 ? words.lateEqual(late.seatsBefore.join(', ')) : words.lateSame,
            },
          ]
        : []),
      {
        kind: 'facts',
        rows: [
          ...eventRows(event, language),
          [words.section, section.name],
          [words.seats, words.shown],
          [words.total, formatMoney(total, language)],
          [orderLabel[language], orderId],
        ],
      },
      { kind: 'link', label: words.link, url: `${publicUrl}/tickets` },
      { kind: 'paragraph', text: words.entry },
    ],
  }
}

/** Somebody from reserve waited for it: their letter says so. */
function awardWon(
  { saleId, event, line, quantity, payBy, how, fromReserve }: Data<'award-won'>,
  language: Language,
  publicUrl: string,
): Letter {
  const words = {
    ko: {
      subject: fromReserve ? `${event.name} 예비 순번에서 당첨되었습니다` : `${event.name} 추첨에 당첨되었습니다`,
      title: fromReserve ? '기다려 주셔서 고맙습니다. 차례가 왔습니다' : '당첨을 축하드립니다',
      what: fromReserve
        ? '앞선 분이 남긴 자리가 추첨 순서에 따라 돌아왔습니다. 기한 안에 구매해 주세요.'
        : '아래 기한까지 구매하시면 자리가 확정됩니다.',
      moved: '신청하신 조가 모두 차서 같은 코스의 다음 조로 옮겨 드렸습니다. 원하지 않으시면 포기하실 수 있습니다.',
      after: '기한이 지나면 추첨 순서의 다음 분에게 넘어갑니다.',
      link: '구매하러 가기',
    },
    en: {
      subject: fromReserve ? `A place for ${event.name} has come to you` : `You have been drawn for ${event.name}`,
      title: fromReserve ? 'Thank you for waiting: it is your turn' : 'You have been drawn',
      what: fromReserve
        ? 'Somebody before you left their place, and you are next in the draw. Please buy it in time.'
        : 'Buy by the time below and the place is yours.',
      moved:
        'The groups you asked for are full, so you have been moved to the next slower one of the same course. If that is not for you, you may give it up.',
      after: 'After that time it goes to the next in the draw.',
      link: 'Buy now',
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
        rows: [...eventRows(event, language), ...awardRows({ event, line, quantity, payBy }, language)],
      },
      ...(how === 'moved-down' ? [{ kind: 'paragraph' as const, text: words.moved }] : []),
      { kind: 'link', label: words.link, url: `${publicUrl}/ballots/${saleId}` },
      { kind: 'paragraph', text: words.after },
    ],
  }
}

function awardNotWon({ saleId, event }: Data<'award-not-won'>, language: Language, publicUrl: string): Letter {
  const words = {
    ko: {
      subject: `${event.name} 추첨 결과를 알려 드립니다`,
      title: '이번에는 당첨되지 않았습니다',
      reserve: '예비 순번은 그대로 남아 있습니다. 남는 자리가 생기면 추첨 순서대로 메일로 알려 드립니다.',
      proof: '추첨이 공정했는지는 누구나 다시 계산해 볼 수 있습니다.',
      link: '결과와 내 순번 보기',
    },
    en: {
      subject: `The draw for ${event.name}`,
      title: 'You were not drawn this time',
      reserve: 'You stay in reserve. If places are left, they go down the draw and we write to you.',
      proof: 'Anybody can recompute the draw and see that it was fair.',
      link: 'See the result and my position',
    },
  }[language]
  return {
    language,
    subject: words.subject,
    title: words.title,
    blocks: [
      { kind: 'paragraph', text: words.reserve },
      { kind: 'facts', rows: eventRows(event, language) },
      { kind: 'link', label: words.link, url: `${publicUrl}/ballots/${saleId}` },
      { kind: 'paragraph', text: words.proof },
    ],
  }
}

function awardEnding(
  { saleId, event, line, quantity, payBy }: Data<'award-ending'>,
  language: Language,
  publicUrl: string,
): Letter {
  const words = {
    ko: {
      subject: `${event.name} 구매 기한이 얼마 남지 않았습니다`,
      title: '당첨된 자리의 구매 기한이 다가옵니다',
      what: '아직 구매하지 않으셨습니다. 기한이 지나면 다음 분에게 넘어갑니다.',
      link: '구매하러 가기',
    },
    en: {
      subject: `Little time is left to buy ${event.name}`,
      title: 'Your time to buy is ending',
      what: 'You have not bought your place yet. After the time below it goes to the next in the draw.',
      link: 'Buy now',
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
        rows: [...eventRows(event, language), ...awardRows({ event, line, quantity, payBy }, language)],
      },
      { kind: 'link', label: words.link, url: `${publicUrl}/ballots/${saleId}` },
    ],
  }
}

function awardRows(
  { event, line, quantity, payBy }: Pick<Data<'award-ending'>, 'event' | 'line' | 'quantity' | 'payBy'>,
  language: Language,
): [string, string][] {
  const labels = {
    ko: { line: '당첨', quantity: '수량', places: `${quantity}매`, payBy: '구매 기한' },
    en: { line: 'Drawn for', quantity: 'Places', places: String(quantity), payBy: 'Buy by' },
  }[language]
  return [
    [labels.line, line.name],
    [labels.quantity, labels.places],
    [labels.payBy, formatInstant(payBy, event.timeZone, language)],
  ]
}

/** Of an offer of the waitlist: that it was made, that its time is ending, that it has passed. */
function offerLetter(
  { kind, data }: Extract<MessageContent, { kind: `offer-${string}` }>,
  language: Language,
  publicUrl: string,
): Letter {
  const { saleId, event, section, seats, until } = data
  const words = {
    ko: {
      'offer-made': {
        subject: `${event.name} 대기하신 자리가 나왔습니다`,
        title: '기다려 주셔서 고맙습니다. 차례가 왔습니다',
        what: '취소된 자리가 대기 순서에 따라 돌아왔습니다. 아래 기한까지 이 자리는 회원님만 살 수 있습니다.',
        link: '자리 보고 구매하기',
      },
      'offer-ending': {
        subject: `${event.name} 자리를 살 수 있는 시간이 얼마 남지 않았습니다`,
        title: '구매 기한이 다가옵니다',
        what: '아직 구매하지 않으셨습니다. 기한이 지나면 다음 분께 넘어갑니다.',
        link: '지금 구매하기',
      },
      'offer-lapsed': {
        subject: `${event.name} 제안의 구매 기한이 지났습니다`,
        title: '제안이 끝났습니다',
        what: '기한 안에 구매하지 않아 자리가 다음 분께 넘어갔습니다. 대기 명단에 다시 등록하실 수 있고, 순서는 맨 뒤입니다.',
        link: '대기 명단 다시 보기',
      },
    },
    en: {
      'offer-made': {
        subject: `Seats for ${event.name} have come to you`,
        title: 'Thank you for waiting: it is your turn',
        what: 'Somebody gave these seats back, and you are next on the waitlist. Until the time below they are yours alone to buy.',
        link: 'See the seats and buy',
      },
      'offer-ending': {
        subject: `Little time is left to buy your seats for ${event.name}`,
        title: 'Your time to buy is ending',
        what: 'You have not bought these seats yet. After the time below they go to the next in line.',
        link: 'Buy now',
      },
      'offer-lapsed': {
        subject: `Your offer for ${event.name} has ended`,
        title: 'The time to buy has passed',
        what: 'You did not buy the seats in time, so they went to the next in line. You may join the waitlist again, at the end.',
        link: 'Back to the waitlist',
      },
    },
  }[language][kind]
  const labels = {
    ko: { section: '구역', seats: '좌석', until: kind === 'offer-lapsed' ? '지난 기한' : '구매 기한' },
    en: { section: 'Section', seats: 'Seats', until: kind === 'offer-lapsed' ? 'Ended' : 'Buy by' },
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
          ...eventRows(event, language),
          [labels.section, section.name],
          [labels.seats, seats.map(({ label }) => label).join(', ')],
          [labels.until, formatInstant(until, event.timeZone, language)],
        ],
      },
      { kind: 'link', label: words.link, url: `${publicUrl}/waitlists/${saleId}` },
    ],
  }
}

function orderRefunded(
  { orderId, event, total, reason }: Data<'order-refunded'>,
  language: Language,
  publicUrl: string,
): Letter {
  const words = {
    ko: {
      subject: `${event.name} 결제 금액을 환불했습니다`,
      title: '결제 금액 전액을 환불했습니다',
      what:
        reason === 'seats-lost'
          ? '좌석이 이미 판매된 뒤에 결제가 도착하여 전액을 돌려드렸습니다. 이 주문에는 좌석과 티켓이 없습니다.'
          : '이 주문은 더 이상 유효하지 않으며, 좌석과 티켓도 없습니다.',
      total: '환불 금액',
      when: '카드 명세서나 계좌에 나타나기까지 영업일 기준 며칠이 걸릴 수 있습니다.',
      link: '내 주문 보기',
    },
    en: {
      subject: `Your payment for ${event.name} has been refunded`,
      title: 'Your payment has been refunded in full',
      what:
        reason === 'seats-lost'
          ? 'Your payment arrived when the seats were already gone, so we have returned it. This order holds neither seats nor tickets.'
          : 'This order is no longer valid and holds neither seats nor tickets.',
      total: 'Refunded',
      when: 'It can take some working days until your card or bank statement shows it.',
      link: 'Show my orders',
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
          ...eventRows(event, language),
          [words.total, formatMoney(total, language)],
          [orderLabel[language], orderId],
        ],
      },
      { kind: 'paragraph', text: words.when },
      { kind: 'link', label: words.link, url: `${publicUrl}/orders` },
    ],
  }
}

const orderLabel: Record<Language, string> = { ko: '주문 번호', en: 'Order' }
