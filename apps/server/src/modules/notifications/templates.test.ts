import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EventCancelled, MessageContent } from './message.ts'
import { formatInstant } from './letter-rows.ts'
import { write } from './templates.ts'
import { writeText } from './texts.ts'

const publicUrl = 'https://tickets.example.com'
const event = {
  id: 'evt_1',
  organiserId: 'acc_o',
  kind: 'concert',
  name: '겨울밤의 노래',
  venue: '올림픽홀',
  startsAt: '2026-10-03T10:00:00Z',
  timeZone: 'Asia/Seoul',
  currency: 'KRW',
} as const

const tickets = (count: number, name: string = event.name): MessageContent => ({
  kind: 'tickets-issued',
  data: {
    orderId: 'ord_1',
    event: { ...event, name },
    section: { id: 'sec_1', name: 'VIP' },
    total: { amount: 55_000 * count, currency: 'KRW' },
    tickets: Array.from({ length: count }, (_, index) => ({ id: `tkt_${index}`, label: `A-${index + 1}` })),
  },
})

test('tickets are announced in Korean with the time where the event is and the price in its currency', () => {
  expect(write(tickets(2), 'ko', publicUrl).text).toBe(`티켓 2장이 준비되었습니다

결제가 확인되어 티켓을 발급했습니다.

행사: 겨울밤의 노래
일시: 2026년 10월 3일 토요일 오후 7:00 한국 표준시
장소: 올림픽홀
구역: VIP
좌석: A-1, A-2
결제 금액: ₩110,000
주문 번호: ord_1

내 티켓 보기: https://tickets.example.com/tickets

입장할 때 티켓 화면의 QR 코드를 보여 주세요.

--
Fairgate · 발신 전용 메일입니다.
`)
})

test('who paid late is told what became of it: the same seats, equal ones, or the money back', () => {
  const late = (seatsBefore: string[]): MessageContent => {
    const issued = tickets(2) as Extract<MessageContent, { kind: 'tickets-issued' }>
    return { ...issued, data: { ...issued.data, late: { seatsBefore } } }
  }
  expect(write(late([]), 'ko', publicUrl).text).toContain('자리가 남아 있어 그대로 확보해 드렸습니다')
  expect(write(late([]), 'en', publicUrl).text).toContain('your places were still free')
  expect(write(late(['C-7', 'C-8']), 'ko', publicUrl).text).toContain('선택하신 좌석(C-7, C-8)은 이미 판매되어')
  expect(write(late(['C-7', 'C-8']), 'en', publicUrl).text).toContain('your seats (C-7, C-8) were gone')
  const gone: MessageContent = {
    kind: 'order-refunded',
    data: { orderId: 'ord_1', event, total: { amount: 110_000, currency: 'KRW' }, reason: 'seats-lost' },
  }
  expect(write(gone, 'ko', publicUrl).text).toContain('좌석이 이미 판매된 뒤에 결제가 도착하여')
  expect(write(gone, 'en', publicUrl).text).toContain('when the seats were already gone')
})

test('a free ticket is announced without a word of payment', () => {
  const free = tickets(1) as Extract<MessageContent, { kind: 'tickets-issued' }>
  const { text } = write({ ...free, data: { ...free.data, total: { amount: 0, currency: 'KRW' } } }, 'en', publicUrl)
  expect(text).toContain('Your tickets have been issued.')
  expect(text).not.toContain('payment is confirmed')
})

test('tickets are announced in English', () => {
  const { subject, text } = write(tickets(1), 'en', publicUrl)
  expect(subject).toBe('Your tickets for 겨울밤의 노래')
  expect(text).toContain('Your ticket is ready')
  expect(text).toMatch(/Starts: Saturday, October 3, 2026 at 7:00\sPM Korean Standard Time/)
  expect(text).toContain('Paid: ₩55,000')
})

test('a refund is told with its amount in the currency of the event', () => {
  const refund: MessageContent = {
    kind: 'order-refunded',
    data: { orderId: 'ord_1', event: { ...event, currency: 'USD' }, total: { amount: 1250, currency: 'USD' } },
  }
  expect(write(refund, 'en', publicUrl).text).toContain('Refunded: $12.50')
  expect(write(refund, 'ko', publicUrl)).toMatchObject({
    subject: '겨울밤의 노래 결제 금액을 환불했습니다',
    text: expect.stringContaining('환불 금액: US$12.50'),
  })
})

test('a deposit is told with its account and its end, in the zone of the bank', () => {
  const content: MessageContent = {
    kind: 'deposit-awaited',
    data: {
      orderId: 'ord_1',
      paymentId: 'pay_1',
      amount: { amount: 55_000, currency: 'KRW' },
      until: '2026-10-03T10:00:00Z',
      account: { bank: '20', number: 'X6505636518308', holder: '페어게이트' },
    },
  }
  const { subject, text } = write(content, 'ko', publicUrl)
  expect(subject).toBe('입금을 기다리고 있습니다')
  expect(text).toContain('은행: 우리은행\n계좌번호: X6505636518308\n예금주: 페어게이트\n입금할 금액: ₩55,000')
  expect(text).toContain('입금 기한: 2026년 10월 3일 토요일 오후 7:00 한국 표준시')
  const { orderId, paymentId, amount } = content.data
  const asked = write({ kind: 'refund-account-needed', data: { orderId, paymentId, amount } }, 'en', publicUrl)
  expect(asked.text).toContain('Refund: ₩55,000')
  expect(asked.text).toContain('https://tickets.example.com/orders/ord_1')
})

test('a large group is named by its first seats and a number', () => {
  expect(write(tickets(50), 'ko', publicUrl).text).toContain('A-12 외 38석')
  expect(write(tickets(50), 'en', publicUrl).text).toContain('A-12 and 38 more')
})

test('the clock change of a time zone is told by its name', () => {
  expect(formatInstant('2026-07-01T23:00:00Z', 'America/New_York', 'en')).toMatch(
    /^Wednesday, July 1, 2026 at 7:00\sPM Eastern Daylight Time$/,
  )
  expect(formatInstant('2026-12-01T23:00:00Z', 'America/New_York', 'en')).toMatch(/6:00\sPM Eastern Standard Time$/)
})

test('whatever an event is called, it is shown and not obeyed, and the subject stays one line', () => {
  const names = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('<img src=x onerror=alert(1)>', 'a\r\nBcc: everyone@example.com', '"><b>&amp;', "' onload='x"),
  )
  fc.assert(
    fc.property(names, fc.constantFrom('ko', 'en'), (name, locale) => {
      const plain = write(tickets(1, 'N'), locale, publicUrl)
      const { subject, html } = write(tickets(1, name), locale, publicUrl)
      expect(subject).not.toMatch(/\p{Cc}/u)
      // The name adds text, never markup: there are as many tags and quotes as in a mail with a plain name.
      expect(html.replace(/[^<>"']/g, '')).toBe(plain.html.replace(/[^<>"']/g, ''))
    }),
    { seed: 11, numRuns: 300 },
  )
})

const award = {
  awardId: 'awd_1',
  saleId: 'sal_1',
  event,
  line: { id: 'lin_1', name: '10K · 6:00' },
  quantity: 1,
  payBy: '2026-09-01T09:00:00Z',
}

test('an award is told with its deadline where the event is, a move with its reason, a wait with thanks', () => {
  const won = write({ kind: 'award-won', data: { ...award, how: 'preference', fromReserve: false } }, 'ko', publicUrl)
  expect(won.subject).toBe('겨울밤의 노래 추첨에 당첨되었습니다')
  expect(won.text).toContain('구매 기한: 2026년 9월 1일 화요일 오후 6:00 한국 표준시')
  expect(won.text).toContain('https://tickets.example.com/ballots/sal_1')
  expect(won.text).not.toContain('옮겨')
  const moved = write({ kind: 'award-won', data: { ...award, how: 'moved-down', fromReserve: true } }, 'en', publicUrl)
  expect(moved.subject).toBe('A place for 겨울밤의 노래 has come to you')
  expect(moved.text).toContain('moved to the next slower one')
})

test('an offer of the waitlist is told with its seats and its deadline, its end with the way back', () => {
  const data = {
    offerId: 'ofr_1',
    saleId: 'sal_1',
    event,
    section: { id: 'sec_1', name: 'R' },
    seats: [
      { number: 1, label: 'A-1' },
      { number: 2, label: 'A-2' },
    ],
    until: '2026-09-01T09:00:00Z',
  }
  const made = write({ kind: 'offer-made', data }, 'ko', publicUrl)
  expect(made.subject).toBe('겨울밤의 노래 대기하신 자리가 나왔습니다')
  expect(made.text).toContain('좌석: A-1, A-2')
  expect(made.text).toContain('구매 기한: 2026년 9월 1일 화요일 오후 6:00 한국 표준시')
  expect(made.text).toContain('https://tickets.example.com/waitlists/sal_1')
  expect(write({ kind: 'offer-ending', data }, 'en', publicUrl).text).toContain('Buy by: ')
  expect(write({ kind: 'offer-lapsed', data }, 'en', publicUrl).text).toContain('join the waitlist again, at the end')
  expect(writeText({ kind: 'offer-made', data }, 'en', publicUrl)).toContain('seats have come to you')
})

test('whose seats go back hears why, what comes back and what does not', () => {
  const back = (changes: object): MessageContent => ({
    kind: 'seats-returned',
    data: {
      orderId: 'ord_1',
      event,
      section: { id: 'sec_1', name: 'VIP' },
      seats: ['A-1', 'A-2'],
      seatsLeft: 1,
      refunded: { amount: 99_000, currency: 'KRW' },
      kept: { amount: 11_000, currency: 'KRW' },
      reason: 'buyer',
      ...changes,
    },
  })
  const { subject, text } = write(back({}), 'ko', publicUrl)
  expect(subject).toBe('겨울밤의 노래 티켓이 취소되었습니다')
  for (const line of ['좌석: VIP · A-1, A-2', '환불 금액: ₩99,000', '취소 수수료: ₩11,000', '나머지 1석의 티켓은'])
    expect(text).toContain(line)
  const free = { amount: 0, currency: 'KRW' }
  const cancelled = write(
    back({ reason: 'event-cancelled', seatsLeft: 0, refunded: free, kept: free, note: 'Snow.' }),
    'en',
    publicUrl,
  )
  expect(cancelled.subject).toBe('겨울밤의 노래 has been cancelled')
  expect(cancelled.text).toContain('The organiser says: Snow.')
  expect(cancelled.text).not.toMatch(/₩|fee|stay valid|working days/)
})

test('who hoped for a place of a cancelled event hears what has ended, why, and that nothing was charged', () => {
  const off = (had: EventCancelled['had']): MessageContent => ({
    kind: 'event-cancelled',
    data: { event, note: 'Snow.', had },
  })
  const { subject, text } = write(off('application'), 'en', publicUrl)
  expect(subject).toBe('겨울밤의 노래 has been cancelled')
  for (const words of [
    'your application has ended',
    'The organiser says: Snow.',
    'Nothing was charged',
    '/events/evt_1',
  ])
    expect(text).toContain(words)
  expect(write(off('bid'), 'ko', publicUrl).text).toContain('입찰도 함께 종료되었습니다')
  expect(write(off('waitlist-entry'), 'en', publicUrl).text).toContain('you no longer wait')
})

test('an organiser hears which endpoint is switched off and where to switch it on', () => {
  const off: MessageContent = { kind: 'webhook-disabled', data: { url: 'https://hooks.example.com/a?b=<c>' } }
  const { text, html } = write(off, 'en', publicUrl)
  expect(text).toContain('Endpoint: https://hooks.example.com/a?b=<c>')
  expect(text).toContain('https://tickets.example.com/organiser/webhooks')
  expect(html).not.toContain('<c>')
  expect(write(off, 'ko', publicUrl).subject).toBe('웹훅 전송을 중단했습니다')
})

test('who was not drawn hears of the reserve, and whose time ends of the deadline', () => {
  const lost: MessageContent = { kind: 'award-not-won', data: { saleId: 'sal_1', event } }
  expect(write(lost, 'ko', publicUrl).text).toContain('예비 순번은 그대로')
  expect(write(lost, 'en', publicUrl).text).toContain('You stay in reserve')
  const ending: MessageContent = { kind: 'award-ending', data: award }
  expect(write(ending, 'en', publicUrl).text).toContain('Drawn for: 10K · 6:00')
})

test('of an auction: who is out hears what it takes, who wins the seat and the price, the next that it came to him', () => {
  const lot = { lotId: 'lot_1', saleId: 'sal_1', event, line: { id: 'lot_1', name: 'VIP' } }
  const won = (amount: number) => ({ amount, currency: 'KRW' as const })
  const pushed: MessageContent = {
    kind: 'bid-pushed-out',
    data: { ...lot, amount: won(100_000), lowestAmount: won(115_000), chancesLeft: 1, endsAt: '2026-09-01T09:00:00Z' },
  }
  expect(write(pushed, 'ko', publicUrl).text).toContain('필요한 금액: ₩115,000')
  expect(write(pushed, 'en', publicUrl).text).toContain('https://tickets.example.com/lots/lot_1')
  const seat = { awardId: 'awd_1', ...lot, seat: { number: 1, label: 'A-1' }, amount: won(120_000) }
  const data = { ...seat, payBy: '2026-09-01T09:00:00Z' }
  const first = write({ kind: 'lot-won', data: { ...data, how: 'won' } }, 'en', publicUrl)
  expect(first.text).toContain('Seat: A-1')
  expect(first.text).toContain('To pay: ₩120,000')
  expect(write({ kind: 'lot-won', data: { ...data, how: 'moved-up' } }, 'ko', publicUrl).subject).toContain(
    '차례가 돌아와',
  )
  expect(write({ kind: 'lot-award-ending', data }, 'en', publicUrl).text).toContain('Pay by: Tuesday, September 1')
  const { saleId: _, ...lost } = lot
  expect(write({ kind: 'lot-not-won', data: lost }, 'en', publicUrl).text).toContain('/lots/lot_1/ranking')
})
