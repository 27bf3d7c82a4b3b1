import { formatMoney } from '@fairgate/contracts/money'
import type { Language, Letter } from './letter.ts'
import { eventRows, orderRow, seatsNamed } from './letter-rows.ts'
import type { DataOf } from './message.ts'

/** Some seats of an order, or all of them, have gone back: whose wish it was, what comes back and what does not. */
export function seatsReturned(
  { orderId, event, section, seats, seatsLeft, refunded, kept, reason, note }: DataOf<'seats-returned'>,
  language: Language,
  publicUrl: string,
): Letter {
  const isCancelled = reason === 'event-cancelled'
  const count = seats.length
  const words = {
    ko: {
      subject: isCancelled ? `${event.name} 행사가 취소되었습니다` : `${event.name} 티켓이 취소되었습니다`,
      title: isCancelled ? '행사가 취소되었습니다' : `좌석 ${count}석을 취소했습니다`,
      what: {
        buyer: '요청하신 대로 취소했습니다. 취소한 티켓으로는 입장할 수 없습니다.',
        organiser: '주최자가 이 좌석을 취소했습니다. 취소된 티켓으로는 입장할 수 없습니다.',
        'event-cancelled': '기다려 주셨는데 죄송합니다. 이 행사의 티켓은 더 이상 유효하지 않습니다.',
      },
      note: (text: string) => `주최자 안내: ${text}`,
      left: `나머지 ${seatsLeft}석의 티켓은 그대로 유효합니다.`,
      seats: '좌석',
      refunded: '환불 금액',
      kept: '취소 수수료',
      when: '카드 명세서나 계좌에 나타나기까지 영업일 기준 며칠이 걸릴 수 있습니다.',
      link: '내 주문 보기',
    },
    en: {
      subject: isCancelled ? `${event.name} has been cancelled` : `Your tickets for ${event.name} are cancelled`,
      title: isCancelled
        ? 'The event has been cancelled'
        : `${count === 1 ? 'A seat has' : `${count} seats have`} been cancelled`,
      what: {
        buyer: 'As you asked. The tickets of these seats no longer open the gate.',
        organiser: 'The organiser has taken these seats back. Their tickets no longer open the gate.',
        'event-cancelled': 'We are sorry. The tickets for this event are no longer valid.',
      },
      note: (text: string) => `The organiser says: ${text}`,
      left: `Your other ${seatsLeft === 1 ? 'ticket stays' : `${seatsLeft} tickets stay`} valid.`,
      seats: 'Seats',
      refunded: 'Refunded',
      kept: 'Cancellation fee',
      when: 'It can take some working days until your card or bank statement shows it.',
      link: 'Show my orders',
    },
  }[language]
  return {
    language,
    subject: words.subject,
    title: words.title,
    blocks: [
      { kind: 'paragraph', text: words.what[reason] },
      ...(note ? [{ kind: 'paragraph' as const, text: words.note(note) }] : []),
      {
        kind: 'facts',
        rows: [
          ...eventRows(event, language),
          [words.seats, `${section.name} · ${seatsNamed(seats, language)}`],
          ...(refunded.amount > 0 ? [[words.refunded, formatMoney(refunded, language)] as const] : []),
          ...(kept.amount > 0 ? [[words.kept, formatMoney(kept, language)] as const] : []),
          orderRow(orderId, language),
        ],
      },
      ...(seatsLeft > 0 ? [{ kind: 'paragraph' as const, text: words.left }] : []),
      ...(refunded.amount > 0 ? [{ kind: 'paragraph' as const, text: words.when }] : []),
      { kind: 'link', label: words.link, url: `${publicUrl}/orders` },
    ],
  }
}
