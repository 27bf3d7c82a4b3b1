import { Type, Strict, Id, Instant, type Static } from '../schema.ts'
import { Money } from '../money.ts'
import { route } from './route.ts'

/** What a buyer may type, in any case; stored in capitals. */
export const CodeText = Type.String({ minLength: 3, maxLength: 40, pattern: '^[A-Za-z0-9][A-Za-z0-9_-]*$' })

/** Most codes that one promotion may have. */
export const codesMax = 10_000

const rule = {
  percent: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: 'off the price of the seats' })),
  amount: Type.Optional(Money),
  sectionIds: Type.Optional(
    Type.Array(Type.String({ maxLength: 80 }), { minItems: 1, maxItems: 200, description: 'for these only' }),
  ),
  usesMax: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000, description: 'orders with each code' })),
  usesPerAccountMax: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1000, description: 'orders of one account with any of the codes' }),
  ),
  validFrom: Type.Optional(Instant),
  validUntil: Type.Optional(Instant),
}

export const Promotion = Strict({
  id: Type.String(),
  eventId: Type.String(),
  name: Type.String(),
  ...rule,
  allotmentIds: Type.Array(Type.String(), { description: 'that its codes open' }),
  code: Type.Union([Type.String(), Type.Null()], { description: 'null where it has many' }),
  codes: Type.Integer(),
  uses: Type.Integer({ description: 'orders that have a use of one now' }),
  createdAt: Instant,
  endedAt: Type.Union([Instant, Type.Null()]),
})
export type Promotion = Static<typeof Promotion>

const params = Strict({ id: Id })

export const createPromotion = route({
  method: 'POST',
  path: '/api/organiser/events/{id}/promotions',
  caller: 'organiser',
  summary:
    'Make a code, or many of them, that take something off the price or open allotments. The rule does not change afterwards; it can be ended',
  params,
  idempotent: true,
  body: Strict({
    name: Type.String({ minLength: 1, maxLength: 80 }),
    ...rule,
    code: Type.Optional(CodeText),
    generate: Type.Optional(
      Strict(
        { count: Type.Integer({ minimum: 1, maximum: codesMax }), prefix: Type.Optional(CodeText) },
        { description: 'many random codes, each for one order unless `usesMax` says otherwise' },
      ),
    ),
    allotmentCodes: Type.Optional(
      Type.Array(Type.String({ maxLength: 4000 }), {
        minItems: 1,
        maxItems: 20,
        description: 'that inventory gave out: buyers hold their seats with it and order with the code',
      }),
    ),
  }),
  bodyBytesMax: 128 * 1024,
  answers: { 201: Promotion },
  errors: ['catalog.event-not-found', 'orders.invalid-promotion'],
})

export const listPromotions = route({
  method: 'GET',
  path: '/api/organiser/events/{id}/promotions',
  caller: 'organiser',
  summary: 'Promotions of an own event with their uses, newest first',
  params,
  answers: { 200: Strict({ items: Type.Array(Promotion) }) },
  errors: ['catalog.event-not-found'],
})

export const endPromotion = route({
  method: 'POST',
  path: '/api/organiser/promotions/{id}/end',
  caller: 'organiser',
  summary: 'Its codes are over. Orders that have used one keep what it gave',
  params,
  answers: { 200: Promotion },
  errors: ['orders.promotion-not-found'],
})

export const promotionCodes = route({
  method: 'GET',
  path: '/api/organiser/promotions/{id}/codes.csv',
  caller: 'organiser',
  summary: 'The codes of a promotion and how often each is used, as a table',
  params,
  answers: { 200: Type.String() },
  media: 'text/csv',
  errors: ['orders.promotion-not-found'],
})

export const checkCode = route({
  method: 'POST',
  path: '/api/codes/check',
  caller: 'buyer',
  summary: 'What a code gives. It is not used by asking; twenty wrong ones in ten minutes are the most',
  body: Strict({ eventId: Id, code: Type.String({ minLength: 1, maxLength: 60 }) }),
  answers: {
    200: Strict({
      code: Type.String(),
      percent: rule.percent,
      amount: rule.amount,
      sectionIds: rule.sectionIds,
      allotments: Type.Array(Strict({ sectionId: Type.String(), allotmentCode: Type.String(), until: Instant }), {
        description: 'seats that it opens',
      }),
    }),
  },
  errors: [
    'orders.code-unknown',
    'orders.code-used-up',
    'orders.code-not-yet',
    'orders.code-over',
    'http.too-many-requests',
  ],
})

export const codeRoutes = { createPromotion, listPromotions, endPromotion, promotionCodes, checkCode }
