import { expect, test } from 'vitest'
import { documentFaults, readThings } from './documents.ts'

const { documents, things } = readThings()
const found = (text: string) => documentFaults([{ path: 'docs/concepts/x.md', text }], things).map(({ what }) => what)

test('whatever documents name is there: pages, files, commands, settings, metrics, codes, routes, tests', () => {
  expect(documents.length).toBeGreaterThan(30)
  expect(documentFaults(documents, things)).toEqual([])
})

test('control: what nobody has is found with its line', () => {
  for (const [text, what] of [
    ['[a page](nowhere.md)', 'no page nowhere.md'],
    ['[a part](fairness.md#no-such-part)', 'no heading fairness.md#no-such-part'],
    ['`npm run -s unknown`', 'no command npm run unknown'],
    ['```\nnpm run -s cli -- unknown\n```', 'no command npm run -s cli -- unknown'],
    ['`DATABASE_CONNEXIONS_MAX`', 'no setting DATABASE_CONNEXIONS_MAX'],
    ['`DEMO_ALWAYS=on`', 'no setting DEMO_ALWAYS'],
    ['`fairgate_unknown_total`', 'no metric fairgate_unknown_total'],
    ['`inventory.seat-eaten`', 'no code or event inventory.seat-eaten'],
    ['`GET /api/lines/{id}/unknown`', 'no route GET /api/lines/{id}/unknown'],
    ['`modules/orders/unknown.ts`', 'no file modules/orders/unknown.ts'],
    ['*Proved by* "pigs …, and fly home"', 'no test "pigs …, and fly home"'],
  ] as const)
    expect(found(text), text).toEqual([what])
  expect(documentFaults([{ path: 'README.md', text: 'one\n`unknown.ts`' }], things)[0]?.line).toBe(2)
})

test('control: what is there is not taken for missing', () => {
  const fine = [
    '[a part](fairness.md#proof-of-work) `POST /api/lines/{line}/places` `orders.order-placed.v1`',
    '`TEST_DATABASE_URL` `fairgate_orders_stuck` `inventory.seat-taken` `modules/payments/*.test.ts`',
    '`npm run -s cli -- parked list` `npm run -s rehearse -- race` `a.b`',
  ]
  expect(fine.flatMap(found)).toEqual([])
})
