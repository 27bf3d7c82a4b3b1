import { eventRows, formatInstant } from './letter-rows.ts'
import type { Language, Letter } from './letter.ts'
import type { DataOf } from './message.ts'

/** Somebody from reserve waited for it: their letter says so. */
export function awardWon(
  { saleId, event, line, quantity, payBy, how, fromReserve }: DataOf<'award-won'>,
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

export function awardNotWon({ saleId, event }: DataOf<'award-not-won'>, language: Language, publicUrl: string): Letter {
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

export function awardEnding(
  { saleId, event, line, quantity, payBy }: DataOf<'award-ending'>,
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
  { event, line, quantity, payBy }: Pick<DataOf<'award-ending'>, 'event' | 'line' | 'quantity' | 'payBy'>,
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
