import { refundPresets } from '@fairgate/contracts/refund-ladder'
import { theatreRows, type SeedEvent } from '#modules/catalog'
import type { Server } from './compose.ts'

const password = 'fairgate-demo'
const day = 24 * 3600_000

/** What the newcomer is told. */
export type Demo = { opensAt: number; concertId: string; raceId: string; auctionId: string; ballotId: string }

/**
 * Accounts, a concert, a race, a race by ballot and an auction. The sales open a minute after they are made, the auction at once. Started again on
 * the same data, the demo goes on where it was; when its sale has ended a new edition is made.
 */
export async function seedDemo(server: Server): Promise<Demo> {
  const { clock } = server.platform
  const { identity, catalog } = server.faces
  const account = (name: string, roles: ('buyer' | 'staff' | 'organiser' | 'admin')[], title: string) =>
    identity.seedAccount({
      email: `${name}@demo.fairgate.test`,
      password,
      name: title,
      locale: 'ko',
      roles,
      verified: true,
    })
  const organiser = await account('organiser', ['buyer', 'organiser'], 'Demo Organiser')
  await account('admin', ['buyer', 'admin'], 'Demo Admin')
  await account('staff', ['buyer', 'staff'], 'Demo Staff')
  for (let n = 1; n <= 9; n++) await account(`buyer${n}`, ['buyer'], `Demo Buyer ${n}`)

  const opensAt = clock.now() + 60_000
  // An edition is on sale for four weeks; its number changes with them.
  const edition = Math.floor(clock.now() / (28 * day))
  // The bids end after some minutes; whoever starts again in another hour finds a new auction.
  const hour = Math.floor(clock.now() / 3600_000)
  const made = []
  for (const [seed, number] of [
    [concert(organiser.accountId, opensAt), edition],
    [race(organiser.accountId, opensAt), edition],
    [auction(organiser.accountId, clock.now()), hour],
    [trail(organiser.accountId, opensAt), edition],
  ] as const) {
    made.push(await catalog.seedEvent({ ...seed, seedKey: `${seed.seedKey}-${number}` }))
  }
  return {
    opensAt: made[0]!.isNew ? opensAt : 0,
    concertId: made[0]!.eventId,
    raceId: made[1]!.eventId,
    auctionId: made[2]!.eventId,
    ballotId: made[3]!.eventId,
  }
}

/** The banner that a newcomer reads after the start. */
export function welcome(url: string, demo: Demo): string {
  return `
  Fairgate is ready:  ${url}

  Demo concert        ${url}/events/${demo.concertId}
  Demo race           ${url}/events/${demo.raceId}
  Demo auction        ${url}/events/${demo.auctionId}
  Demo ballot         ${url}/events/${demo.ballotId}
  ${demo.opensAt > 0 ? `The auction is open, the others open at ${new Date(demo.opensAt).toTimeString().slice(0, 8)}.` : 'All go on where they were.'}

  Sign in as          buyer1@demo.fairgate.test (to buyer9@), organiser@, staff@, admin@
  Password            ${password}
  Mails               ${url}/dev/mailbox
  API                 ${url}/api/openapi.json

  Bring a crowd       npm run -s rehearse -- race --users 2000 --places 600 --url ${url}
  or, faster, to a server of its own:
                      npm run -s rehearse -- race --users 4500 --places 1500
  Stop                Ctrl-C (the data stays)

`
}

const sale = (opensAt: number) => ({
  method: 'queue' as const,
  opensAt: new Date(opensAt).toISOString(),
  closesAt: new Date(opensAt + 28 * day).toISOString(),
})

/** A time of day in UTC on the day of an instant: in Seoul a concert begins in the evening and a race in the morning. */
const dayAt = (ms: number, utc: string): string => `${new Date(ms).toISOString().slice(0, 10)}T${utc}:00.000Z`

function concert(organiserId: string, opensAt: number): SeedEvent {
  const section = (name: string, price: number, rowCount: number, seatsPerRow: number, top: number) => ({
    name,
    admission: 'reserved' as const,
    price: { amount: price, currency: 'KRW' as const },
    attributes: {},
    seats: theatreRows({ rows: rowCount, seatsPerRow, aisleAfter: Math.floor(seatsPerRow / 2) }).map((seat) => ({
      ...seat,
      y: seat.y + top,
    })),
  })
  return {
    seedKey: 'demo-concert',
    organiserId,
    event: {
      kind: 'concert',
      name: '겨울밤의 현악 Strings on a Winter Night',
      description:
        '한 시간 반의 실내악. An evening of chamber music: Schubert, Dvořák, and a piece that nobody has heard yet.',
      venue: '한강 콘서트홀 Han River Concert Hall',
      region: '서울',
      startsAt: dayAt(opensAt + 60 * day, '10:30'),
      timeZone: 'Asia/Seoul',
      currency: 'KRW',
      refunds: refundPresets['korean-standard'],
    },
    sections: [section('VIP', 165_000, 10, 30, 0), section('R', 121_000, 24, 40, 14), section('S', 88_000, 32, 46, 46)],
    sale: {
      ...sale(opensAt),
      holdSeconds: 480,
      limitPerAccount: 4,
      lines: [{ name: '전체 All seats', sectionNames: ['VIP', 'R', 'S'], shoppersMax: 400, admitPerMinute: 3000 }],
    },
  }
}

function race(organiserId: string, opensAt: number): SeedEvent {
  const groups = ['5K', '10K', 'Half'].flatMap((course) =>
    ['4:00-4:59', '5:00-5:59', '6:00-6:59', '7:00-7:59'].map((pace) => ({ course, pace, name: `${course} · ${pace}` })),
  )
  const price: Record<string, number> = { '5K': 35_000, '10K': 45_000, Half: 60_000 }
  return {
    seedKey: 'demo-race',
    organiserId,
    event: {
      kind: 'race',
      name: '봄강 마라톤 Spring River Run',
      description:
        '강을 따라 달리는 5K, 10K, 하프. Three courses along the river, each by pace group, so that everybody has room to run.',
      venue: '여의도공원 Yeouido Park',
      region: '서울',
      startsAt: dayAt(opensAt + 75 * day, '23:00'),
      timeZone: 'Asia/Seoul',
      currency: 'KRW',
      refunds: refundPresets['full-until-7-days'],
    },
    sections: groups.map(({ course, pace, name }) => ({
      name,
      admission: 'open' as const,
      capacity: course === '10K' ? 400 : 250,
      price: { amount: price[course]!, currency: 'KRW' as const },
      attributes: { course, pace },
    })),
    sale: {
      ...sale(opensAt),
      holdSeconds: 480,
      limitPerAccount: 1,
      lines: groups.map(({ name }) => ({ name, sectionNames: [name], shoppersMax: 100, admitPerMinute: 1200 })),
    },
  }
}

/** Applications for an hour, a draw, a day to buy: a small race whose pace groups may be moved down. */
function trail(organiserId: string, opensAt: number): SeedEvent {
  const groups = ['5:00-5:59', '6:00-6:59', '7:00-7:59'].map((pace) => ({ pace, name: `10K · ${pace}` }))
  return {
    seedKey: 'demo-ballot',
    organiserId,
    event: {
      kind: 'race',
      name: '새벽숲 10K Dawn Forest 10K',
      description:
        '숲을 지키려고 적은 인원만 달립니다. 신청한 모두를 추첨합니다. A small field, so that the forest stays quiet: everybody who applies is drawn.',
      venue: '광릉숲 Gwangneung Forest',
      region: '경기',
      startsAt: dayAt(opensAt + 45 * day, '22:00'),
      timeZone: 'Asia/Seoul',
      currency: 'KRW',
    },
    sections: groups.map(({ pace, name }) => ({
      name,
      admission: 'open' as const,
      capacity: 30,
      price: { amount: 40_000, currency: 'KRW' as const },
      attributes: { course: '10K', pace },
    })),
    sale: {
      ...sale(opensAt),
      method: 'ballot',
      holdSeconds: 480,
      limitPerAccount: 1,
      ballot: { drawAt: new Date(opensAt + 3600_000).toISOString(), payBySeconds: 24 * 3600, moves: 'down' },
      lines: groups.map(({ name }) => ({ name, sectionNames: [name], course: '10K' })),
    },
  }
}

/** Four seats whose bids end some minutes after the start, so that a newcomer sees all of it. */
function auction(organiserId: string, opensAt: number): SeedEvent {
  return {
    seedKey: 'demo-auction',
    organiserId,
    event: {
      kind: 'concert',
      name: '첫 줄의 밤 Front Row Night',
      description:
        '맨 앞줄 네 자리를 경매로 판매합니다. 높은 금액 네 명이 각자 자신이 쓴 금액에 삽니다. Four seats in the front row by auction: the four highest bids win, each at its own amount.',
      venue: '한강 콘서트홀 Han River Concert Hall',
      region: '서울',
      startsAt: dayAt(opensAt + 61 * day, '10:30'),
      timeZone: 'Asia/Seoul',
      currency: 'KRW',
    },
    sections: [
      {
        name: 'Front row',
        admission: 'reserved',
        price: { amount: 100_000, currency: 'KRW' },
        attributes: {},
        seats: theatreRows({ rows: 1, seatsPerRow: 4, aisleAfter: 2 }),
      },
    ],
    sale: {
      ...sale(opensAt),
      method: 'auction',
      holdSeconds: 180,
      limitPerAccount: 1,
      auction: {
        endsAt: new Date(opensAt + 10 * 60_000).toISOString(),
        payBySeconds: 300,
        step: 5000,
        softClose: { windowSeconds: 30, extendSeconds: 30, extendSecondsMax: 180 },
        leftOver: 'start-price',
      },
      lines: [{ name: '맨 앞줄 Front row', sectionNames: ['Front row'] }],
    },
  }
}
