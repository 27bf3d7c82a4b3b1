import { eventRows } from './letter-rows.ts'
import type { Language, Letter } from './letter.ts'
import type { EventCancelled } from './message.ts'

/** Somebody hoped for a place of an event that does not take place. No money of theirs has moved. */
export function eventCancelled({ event, note, had }: EventCancelled, language: Language, publicUrl: string): Letter {
  const words = {
    ko: {
      subject: `${event.name} 행사가 취소되었습니다`,
      title: '행사가 취소되었습니다',
      what: {
        application: '기다려 주셨는데 죄송합니다. 추첨은 더 진행되지 않고, 회원님의 신청도 함께 종료되었습니다.',
        bid: '기다려 주셨는데 죄송합니다. 경매는 더 진행되지 않고, 회원님의 입찰도 함께 종료되었습니다.',
        'waitlist-entry': '기다려 주셨는데 죄송합니다. 대기 명단도 함께 종료되었습니다.',
      },
      note: `주최자 안내: ${note}`,
      money: '결제된 금액은 없으며, 따로 하실 일도 없습니다.',
      link: '행사 안내 보기',
    },
    en: {
      subject: `${event.name} has been cancelled`,
      title: 'The event has been cancelled',
      what: {
        application: 'We are sorry. The ballot does not go on, and your application has ended with it.',
        bid: 'We are sorry. The auction does not go on, and your bid has ended with it.',
        'waitlist-entry': 'We are sorry. The waitlist does not go on, and you no longer wait.',
      },
      note: `The organiser says: ${note}`,
      money: 'Nothing was charged for it, and there is nothing you need to do.',
      link: 'See the event',
    },
  }[language]
  return {
    language,
    subject: words.subject,
    title: words.title,
    blocks: [
      { kind: 'paragraph', text: words.what[had] },
      { kind: 'paragraph', text: words.note },
      { kind: 'facts', rows: eventRows(event, language) },
      { kind: 'paragraph', text: words.money },
      { kind: 'link', label: words.link, url: `${publicUrl}/events/${event.id}` },
    ],
  }
}
