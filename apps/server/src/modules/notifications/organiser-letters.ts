import type { Language, Letter } from './letter.ts'
import type { DataOf } from './message.ts'

/** For whoever looks after the organiser's server. */
export function webhookDisabled({ url }: DataOf<'webhook-disabled'>, language: Language, publicUrl: string): Letter {
  const words = {
    ko: {
      subject: '웹훅 전송을 중단했습니다',
      title: '웹훅 주소가 응답하지 않습니다',
      what: '아래 주소가 여러 날 동안 메시지를 받지 못했거나 더는 쓰지 않는다고 답하여 전송을 중단했습니다.',
      url: '주소',
      how: '서버를 고친 뒤 웹훅 화면에서 다시 켜 주세요. 지난 30일 동안 전송하지 못한 메시지도 그곳에서 다시 보낼 수 있습니다.',
      link: '웹훅 보기',
    },
    en: {
      subject: 'We have stopped sending webhooks',
      title: 'A webhook endpoint does not answer',
      what: 'The server below has taken nothing for days, or says that it is gone. We no longer send anything to it.',
      url: 'Endpoint',
      how: 'Once it works again, switch it on under Webhooks. What could not be sent in the last 30 days can be sent again there.',
      link: 'Show webhooks',
    },
  }[language]
  return {
    language,
    subject: words.subject,
    title: words.title,
    blocks: [
      { kind: 'paragraph', text: words.what },
      { kind: 'facts', rows: [[words.url, url]] },
      { kind: 'paragraph', text: words.how },
      { kind: 'link', label: words.link, url: `${publicUrl}/organiser/webhooks` },
    ],
  }
}
