import { eventRows, formatInstant } from './letter-rows.ts'
import type { Language, Letter } from './letter.ts'
import type { MessageContent } from './message.ts'

/** Of an offer of the waitlist: that it was made, that its time is ending, that it has passed. */
export function offerLetter(
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
