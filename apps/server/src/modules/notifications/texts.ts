import type { EventSummary } from '@fairgate/contracts/events'
import type { Language } from './letter.ts'
import type { DataOf, MessageContent } from './message.ts'
type Writers = { [K in MessageContent['kind']]?: (data: DataOf<K>, language: Language, publicUrl: string) => string }

/** What cannot wait until somebody reads mail: it has been bought, or may be bought for a while only. */
const writers: Writers = {
  'tickets-issued': ({ event, tickets }, language, publicUrl) =>
    language === 'ko'
      ? `${named(event)} 예매 완료, 티켓 ${tickets.length}장입니다. ${publicUrl}/tickets`
      : `${named(event)}: your ${tickets.length === 1 ? 'ticket is' : `${tickets.length} tickets are`} ready. ${publicUrl}/tickets`,
  'award-won': ({ event, saleId, payBy }, language, publicUrl) =>
    language === 'ko'
      ? `${named(event)} 당첨! ${until(payBy, event, language)}까지 구매해 주세요. ${publicUrl}/ballots/${saleId}`
      : `${named(event)}: a place is yours if you buy it by ${until(payBy, event, language)}. ${publicUrl}/ballots/${saleId}`,
  'bid-pushed-out': ({ event, lotId }, language, publicUrl) =>
    language === 'ko'
      ? `${named(event)} 입찰이 순위 밖으로 밀렸습니다. ${publicUrl}/lots/${lotId}`
      : `${named(event)}: your bid has been outbid. ${publicUrl}/lots/${lotId}`,
  'lot-won': ({ event, lotId, payBy }, language, publicUrl) =>
    language === 'ko'
      ? `${named(event)} 낙찰! ${until(payBy, event, language)}까지 결제해 주세요. ${publicUrl}/lots/${lotId}`
      : `${named(event)}: a seat is yours if you pay by ${until(payBy, event, language)}. ${publicUrl}/lots/${lotId}`,
  'offer-made': ({ event, saleId, until: buyBy }, language, publicUrl) =>
    language === 'ko'
      ? `${named(event)} 대기하신 자리가 나왔습니다. ${until(buyBy, event, language)}까지 구매해 주세요. ${publicUrl}/waitlists/${saleId}`
      : `${named(event)}: seats have come to you. Buy them by ${until(buyBy, event, language)}. ${publicUrl}/waitlists/${saleId}`,
}

/** The kinds of messages that also go by text message to those who wish it. */
export const textedKinds = Object.keys(writers) as MessageContent['kind'][]

/** Writes a text message. @returns undefined for what goes by mail only */
export function writeText({ kind, data }: MessageContent, locale: string, publicUrl: string): string | undefined {
  const write = writers[kind] as ((data: unknown, language: Language, publicUrl: string) => string) | undefined
  return write && `[Fairgate] ${write(data, locale.startsWith('en') ? 'en' : 'ko', publicUrl)}`
}

const nameLengthMax = 40

/** One line, and short: a provider charges by length. */
function named({ name }: EventSummary): string {
  const line = Array.from(name.replace(/\p{Cc}+/gu, ' '))
  return line.length > nameLengthMax ? `${line.slice(0, nameLengthMax - 1).join('')}…` : line.join('')
}

const until = (instant: string, { timeZone }: EventSummary, language: Language): string => {
  const parts = { month: 'long', day: 'numeric', hour: 'numeric', minute: '2-digit' } as const
  return new Intl.DateTimeFormat(language, { ...parts, timeZone }).format(new Date(instant))
}
