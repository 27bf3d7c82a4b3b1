import { describe, expect, test } from 'vitest'

import type { World } from './world.ts'
import { openWorld } from './world.ts'

async function issued(fields: Record<string, unknown> = {}) {
  const world = await openWorld()
  const asked = await world.request({ method: 'VIRTUAL_ACCOUNT', validHours: 24, ...fields })
  const { json } = await world.confirm(asked)
  return { world, paymentKey: asked.paymentKey, asked, issuedAs: json }
}

const deposit = (world: World, paymentKey: string) => world.call('POST', `/sandbox/payments/${paymentKey}/deposit`)
const account = { bank: '88', accountNumber: '11012345678', holderName: '김구매' }
const totals = async (world: World) => (await world.call('GET', '/sandbox/payments')).json.totals

describe('virtual accounts', () => {
  test('confirm opens an account, and a deposit pays', async () => {
    const { world, paymentKey, issuedAs } = await issued()
    expect(issuedAs).toMatchObject({
      method: '가상계좌',
      status: 'WAITING_FOR_DEPOSIT',
      approvedAt: null,
      card: null,
      virtualAccount: { bankCode: '20', dueDate: '2026-03-03T20:00:00+09:00', refundStatus: 'NONE', expired: false },
      secret: expect.stringMatching(/^ps_/),
    })
    expect(await totals(world)).toMatchObject({ captured: 0, canceled: 0 })
    world.time.pass(60_000)
    expect((await deposit(world, paymentKey)).json).toMatchObject({
      status: 'DONE',
      approvedAt: '2026-03-02T20:01:00+09:00',
    })
    await world.webhooksCame(2)
    expect(world.webhooks.map(({ body }) => body)).toEqual([
      expect.objectContaining({ eventType: 'PAYMENT_STATUS_CHANGED' }),
      {
        createdAt: '2026-03-02T20:01:00.000000',
        secret: issuedAs.secret,
        status: 'DONE',
        transactionKey: expect.any(String),
        orderId: 'order-0001',
      },
    ])
    expect(await totals(world)).toMatchObject({ captured: 55_000, canceled: 0 })
    expect((await deposit(world, paymentKey)).status).toBe(400)
  })

  test('a deposit comes by itself when the scenario says so, and not after the due date', async () => {
    const late = await issued({ deposit: 'late:3600000' })
    late.world.time.pass(3_600_000)
    expect((await late.world.look(late.paymentKey)).status).toBe('DONE')
    const never = await issued({ deposit: 'never' })
    never.world.time.pass(24 * 3_600_000)
    expect(await never.world.look(never.paymentKey)).toMatchObject({
      status: 'WAITING_FOR_DEPOSIT',
      virtualAccount: { expired: true },
    })
    expect((await deposit(never.world, never.paymentKey)).status).toBe(400)
  })

  test('before the deposit only all of it can be cancelled, and no money moves', async () => {
    const { world, paymentKey } = await issued()
    expect(await world.cancel(paymentKey, { cancelReason: 'part', cancelAmount: 1000 })).toMatchObject({
      status: 403,
      json: { code: 'NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT' },
    })
    expect((await world.cancel(paymentKey)).json).toMatchObject({ status: 'CANCELED', balanceAmount: 0 })
    expect(await totals(world)).toMatchObject({ captured: 0, canceled: 0 })
    expect((await deposit(world, paymentKey)).status).toBe(400)
  })

  test('a deposit goes back only into an account of the buyer', async () => {
    const { world, paymentKey } = await issued({ deposit: 'now' })
    world.time.pass(0)
    const cancel = (refundReceiveAccount?: object) =>
      world.cancel(paymentKey, { cancelReason: 'sorry', cancelAmount: 5000, refundReceiveAccount })
    expect((await cancel()).json.code).toBe('INVALID_REFUND_ACCOUNT_INFO')
    expect((await cancel({ ...account, accountNumber: '000000' })).json.code).toBe('INVALID_REFUND_ACCOUNT_NUMBER')
    expect((await cancel({ ...account, bank: '?' })).json.code).toBe('INVALID_BANK')
    expect((await cancel({ bank: '88' })).json.message).toContain('refundReceiveAccount.accountNumber: is required')
    expect((await cancel(account)).json).toMatchObject({
      status: 'PARTIAL_CANCELED',
      balanceAmount: 50_000,
      virtualAccount: { refundStatus: 'PENDING', refundReceiveAccount: { bankCode: '88', holderName: '김구매' } },
    })
  })

  test('a deposit that its bank takes back is waited for again', async () => {
    const { world, paymentKey } = await issued({ deposit: 'now' })
    world.time.pass(0)
    const { json } = await world.call('POST', `/sandbox/payments/${paymentKey}/undo-deposit`)
    expect(json).toMatchObject({ status: 'WAITING_FOR_DEPOSIT', approvedAt: null })
    expect(await totals(world)).toMatchObject({ captured: 55_000, canceled: 55_000 })
    await world.webhooksCame(3)
    expect(world.webhooks.at(-1)?.body).toMatchObject({ status: 'WAITING_FOR_DEPOSIT', orderId: 'order-0001' })
  })

  test('the bank page takes a deposit by hand', async () => {
    const { world, paymentKey, issuedAs } = await issued()
    const { accountNumber } = issuedAs.virtualAccount
    const look = await world.call('GET', `/sandbox/bank?account=${accountNumber}&lang=en`)
    expect(look.text).toContain('Pay in')
    const form = new URLSearchParams({ account: accountNumber, lang: 'en' }).toString()
    expect((await world.call('POST', '/sandbox/bank', form)).text).toContain('Paid')
    expect((await world.look(paymentKey)).status).toBe('DONE')
    expect((await world.call('GET', '/sandbox/bank?account=X1')).status).toBe(404)
  })
})
