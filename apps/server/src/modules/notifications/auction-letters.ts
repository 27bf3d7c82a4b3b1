import { formatMoney } from '@fairgate/contracts/money'
import { eventRows, formatInstant } from './letter-rows.ts'
import type { Block, Language, Letter } from './letter.ts'
import type { MessageContent } from './message.ts'

type Content = Extract<MessageContent, { kind: 'bid-pushed-out' | 'lot-won' | 'lot-not-won' | 'lot-award-ending' }>
type Row = [string, string]

const words = {
  ko: {
    'bid-pushed-out': {
      subject: '입찰이 순위 밖으로 밀렸습니다',
      title: '지금 금액으로는 낙찰받을 수 없습니다',
      what: '다른 분이 더 높은 금액을 냈습니다. 입찰이 끝나기 전에 금액을 올리실 수 있습니다.',
      link: '다시 입찰하기',
    },
    'lot-won': {
      subject: '낙찰되었습니다',
      title: '축하합니다. 낙찰되었습니다',
      what: '아래 기한까지 결제하시면 자리가 확정됩니다. 기한이 지나면 다음 순위의 분께 넘어갑니다.',
      link: '결제하러 가기',
    },
    'moved-up': {
      subject: '차례가 돌아와 낙찰되었습니다',
      title: '앞 순위의 자리가 회원님께 왔습니다',
      what: '앞 순위의 분이 구매하지 않아 회원님께 차례가 왔습니다. 회원님이 입찰한 금액 그대로 아래 기한까지 결제해 주세요.',
      link: '결제하러 가기',
    },
    'left-over': {
      subject: '남은 좌석을 확보했습니다',
      title: '남은 좌석을 확보했습니다',
      what: '시작 가격으로 아래 기한까지 결제하시면 자리가 확정됩니다.',
      link: '결제하러 가기',
    },
    'lot-not-won': {
      subject: '경매가 끝났습니다',
      title: '이번에는 낙찰되지 않았습니다',
      what: '참여해 주셔서 고맙습니다. 순위는 그대로 남아 있어, 낙찰받은 분이 결제하지 않으면 다음 순위의 분께 차례가 갑니다. 차례가 오면 바로 알려 드리겠습니다.',
      link: '최종 순위 보기',
    },
    'lot-award-ending': {
      subject: '결제 기한이 얼마 남지 않았습니다',
      title: '결제 기한이 다가옵니다',
      what: '아직 결제하지 않으셨습니다. 기한이 지나면 다음 순위의 분께 넘어갑니다.',
      link: '지금 결제하기',
    },
    labels: {
      lot: '경매',
      amount: '입찰 금액',
      lowest: '필요한 금액',
      ends: '입찰 마감',
      seat: '좌석',
      price: '결제 금액',
      payBy: '결제 기한',
    },
  },
  en: {
    'bid-pushed-out': {
      subject: 'You have been outbid',
      title: 'Your bid no longer wins',
      what: 'Somebody has bid more. You can raise your bid until bidding ends.',
      link: 'Bid again',
    },
    'lot-won': {
      subject: 'You have won the auction',
      title: 'Congratulations: the seat is yours to buy',
      what: 'Pay by the time below and the seat is yours. After that it goes to the next highest bid.',
      link: 'Go and pay',
    },
    'moved-up': {
      subject: 'A seat has come to you',
      title: 'A seat has come down the ranking to you',
      what: 'Somebody above you did not buy. The seat is yours at your own bid if you pay by the time below.',
      link: 'Go and pay',
    },
    'left-over': {
      subject: 'A seat is kept for you',
      title: 'You have one of the seats that were left',
      what: 'Pay the start price by the time below and the seat is yours.',
      link: 'Go and pay',
    },
    'lot-not-won': {
      subject: 'The auction has ended',
      title: 'Your bid did not win this time',
      what: 'Thank you for taking part. The ranking stays: when a winner does not pay, the seat goes to the next highest bid, and we will tell you at once if that is yours.',
      link: 'Show the final ranking',
    },
    'lot-award-ending': {
      subject: 'Little time is left to pay',
      title: 'Your time to pay is ending',
      what: 'You have not paid yet. After the time below the seat goes to the next highest bid.',
      link: 'Pay now',
    },
    labels: {
      lot: 'Auction',
      amount: 'Your bid',
      lowest: 'Needed now',
      ends: 'Bidding ends',
      seat: 'Seat',
      price: 'To pay',
      payBy: 'Pay by',
    },
  },
} as const

/** Of an auction: that a bid no longer wins, that a seat was won, or not, and that the time to pay is ending. */
export function auctionLetter(content: Content, language: Language, publicUrl: string): Letter {
  const { kind, data } = content
  const said = kind === 'lot-won' && data.how !== 'won' ? data.how : kind
  const { subject, title, what, link } = words[language][said]
  const path = kind === 'lot-not-won' ? `/lots/${data.lotId}/ranking` : `/lots/${data.lotId}`
  const blocks: Block[] = [
    { kind: 'paragraph', text: what },
    { kind: 'facts', rows: [...eventRows(data.event, language), ...rowsOf(content, language)] },
    { kind: 'link', label: link, url: `${publicUrl}${path}` },
  ]
  return { language, subject: `${data.event.name}: ${subject}`, title, blocks }
}

function rowsOf({ kind, data }: Content, language: Language): Row[] {
  const { labels } = words[language]
  const lot: Row = [labels.lot, data.line.name]
  const instant = (time: string) => formatInstant(time, data.event.timeZone, language)
  if (kind === 'lot-not-won') return [lot]
  if (kind === 'bid-pushed-out') {
    const { amount, lowestAmount, endsAt } = data
    const lowest: Row[] = lowestAmount ? [[labels.lowest, formatMoney(lowestAmount, language)]] : []
    return [lot, [labels.amount, formatMoney(amount, language)], ...lowest, [labels.ends, instant(endsAt)]]
  }
  return [
    lot,
    [labels.seat, data.seat.label],
    [labels.price, formatMoney(data.amount, language)],
    [labels.payBy, instant(data.payBy)],
  ]
}
