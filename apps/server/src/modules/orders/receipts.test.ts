import { expect } from 'vitest'
import type { Order as OrderDocument } from '@fairgate/contracts/http/orders'
import type { Receipt } from '@fairgate/contracts/http/receipts'
import { fact } from '#platform/bus'
import { test } from '../../../test/fixtures.ts'
import { event, openWorld } from '../../../test/orders-world.ts'

const won = (amount: number) => ({ amount, currency: 'KRW' })

test('a receipt says who sold what, how it was paid and what went back; an unpaid order and a stranger have none', async ({
  platform,
}) => {
  const { face, http, hold, place, taken, modelOf, publish, settle, play, as } = await openWorld(platform)
  const sections = { lines: [], sections: [] }
  const times = { opensAt: '2026-01-01T00:00:00.000Z', closesAt: '2026-02-01T00:00:00.000Z' }
  const limits = { holdSeconds: 300, limitPerAccount: 4 }
  await publish(
    fact('catalog.sale-published.v1', { saleId: 'sal_1', event, method: 'queue', ...times, ...limits, ...sections }),
  )
  await settle()
  const organiser = await platform.authorization('acc_organiser', { roles: ['organiser'] })
  const seller = { name: 'Hall Ltd', registrationNumber: '123-45-67890', taxNote: 'VAT included' }
  const url = '/api/organiser/events/evt_1/seller'
  expect((await http.inject({ method: 'PUT', url, headers: organiser, payload: seller })).statusCode).toBe(200)
  expect((await http.inject({ method: 'PUT', url, headers: await as('acc_other'), payload: seller })).statusCode).toBe(
    403,
  )

  const fees = { perTicket: 1000, basisPoints: 0 }
  const { order } = (await place(hold('a', { event: { ...event, fees } }))).json<{ order: OrderDocument }>()
  await taken()
  const receipt = async (accountId = 'acc_buyer') =>
    http.inject({ method: 'GET', url: `/api/orders/${order.id}/receipt`, headers: await as(accountId) })
  expect((await receipt()).json().code).toBe('orders.no-receipt')
  const model = modelOf('a', order)
  await publish(model.pay('pay_1'))
  await play()
  expect((await receipt('acc_other')).statusCode).toBe(404)
  expect((await receipt()).json<Receipt>()).toMatchObject({
    number: expect.stringMatching(/^20260101-[0-9A-Z]{10}$/),
    seller,
    items: [
      { label: 'A-1', price: won(55_000) },
      { label: 'A-2', price: won(55_000) },
    ],
    fee: won(2000),
    total: won(112_000),
    payments: [{ paymentId: 'pay_1', amount: won(112_000), paidAt: '2026-01-01T00:00:00.000Z' }],
    refunds: [],
    paid: won(112_000),
  })
  await face.refund(order.id, 'the concert is cancelled')
  await play()
  expect((await receipt()).json<Receipt>()).toMatchObject({
    refunds: [{ amount: won(112_000), seats: [], isDone: true }],
    paid: won(0),
  })
})
