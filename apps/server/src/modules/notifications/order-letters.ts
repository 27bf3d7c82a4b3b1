import { formatMoney } from '@fairgate/contracts/money'
import { eventRows, orderRow, seatsNamed } from './letter-rows.ts'
import type { Language, Letter } from './letter.ts'
import type { DataOf } from './message.ts'

export function ticketsIssued(
  { orderId, event, section, total, tickets, late }: DataOf<'tickets-issued'>,
  language: Language,
  publicUrl: string,
): Letter {
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
          [
            words.seats,
            seatsNamed(
              tickets.map(({ label }) => label),
              language,
            ),
          ],
          [words.total, formatMoney(total, language)],
          orderRow(orderId, language),
        ],
      },
      { kind: 'link', label: words.link, url: `${publicUrl}/tickets` },
      { kind: 'paragraph', text: words.entry },
    ],
  }
}

export function orderRefunded(
  { orderId, event, total, reason }: DataOf<'order-refunded'>,
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
        rows: [...eventRows(event, language), [words.total, formatMoney(total, language)], orderRow(orderId, language)],
      },
      { kind: 'paragraph', text: words.when },
      { kind: 'link', label: words.link, url: `${publicUrl}/orders` },
    ],
  }
}
