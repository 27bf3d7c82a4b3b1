import { spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { describe, expect, onTestFinished, test } from 'vitest'

import { fileJournal } from '../src/journal.ts'
import { basic, manualTime, openWorld, secretKey, seededBytes } from './world.ts'

function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'toss-sandbox-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'books.jsonl')
}

function journalAt(path: string) {
  const journal = fileJournal(path)
  onTestFinished(() => journal.close())
  return journal
}

describe('a journal in a file', () => {
  test('gives back the lines that were appended, longer than any chunk too', () => {
    const path = temporaryFile()
    const lines = ['{"a":1}', '', '"봄 콘서트"', 'x'.repeat(200_000), '한'.repeat(70_000), 'last']
    const journal = journalAt(path)
    for (const line of lines) journal.append(line)
    expect([...journalAt(path).read()]).toEqual(lines)
  })

  test('a torn last line is dropped, and the next append begins a line of its own', () => {
    const path = temporaryFile()
    journalAt(path).append('whole')
    appendFileSync(path, 'torn by a ki')
    const journal = journalAt(path)
    expect([...journal.read()]).toEqual(['whole'])
    journal.append('next')
    expect(readFileSync(path, 'utf8')).toBe('whole\nnext\n')
  })

  test('a file that is nothing but a torn line is empty', () => {
    const path = temporaryFile()
    appendFileSync(path, 'x'.repeat(150_000))
    expect([...journalAt(path).read()]).toEqual([])
  })
})

describe('books after a restart', () => {
  test('are the same: payments, totals, transactions, and what each payment is going to do', async () => {
    const path = temporaryFile()
    const before = await openWorld({ journal: journalAt(path) })
    const paid = await before.request({ orderName: '봄' })
    const partly = await before.request({ orderId: 'order-0002' })
    const declined = await before.request({ orderId: 'order-0003', outcome: 'decline' })
    const faulty = await before.request({ orderId: 'order-0004', outcome: '500', times: 2 })
    for (const asked of [paid, partly, declined, faulty]) await before.confirm(asked)
    await before.cancel(partly.paymentKey, { cancelReason: 'part', cancelAmount: 5_000 })
    const seen = async (world: typeof before) => ({
      payments: world.sandbox.payments().map((payment) => ({ ...payment, checkout: null, receipt: null })),
      totals: (await world.call('GET', '/sandbox/payments')).json.totals,
      transactions: (await world.call('GET', '/v1/transactions?startDate=2026-03-01&endDate=2026-03-05')).json.map(
        (each: object) => ({ ...each, receiptUrl: null }),
      ),
    })
    const expected = await seen(before)
    before.sandbox.close()

    const after = await openWorld({ journal: journalAt(path), random: seededBytes('after') })
    expect(await seen(after)).toEqual(expected)
    expect((await after.confirm(faulty)).status).toBe(500)
    expect((await after.confirm(faulty)).status).toBe(200)
  })

  test('a repeated cancel is still recognised by its key, so that it pays once', async () => {
    const path = temporaryFile()
    const before = await openWorld({ journal: journalAt(path) })
    const asked = await before.request({ cancelOutcome: 'cancel-then-500' })
    await before.confirm(asked)
    const cancel = (world: typeof before, key: string) =>
      world.cancel(asked.paymentKey, { cancelReason: 'part', cancelAmount: 10_000 }, { 'idempotency-key': key })
    expect((await cancel(before, 'c')).status).toBe(500)
    before.sandbox.close()

    const after = await openWorld({ journal: journalAt(path), random: seededBytes('after') })
    expect((await cancel(after, 'c')).status).toBe(500)
    expect((await after.look(asked.paymentKey)).balanceAmount).toBe(45_000)
    await cancel(after, 'another')
    expect((await after.look(asked.paymentKey)).balanceAmount).toBe(35_000)
  })

  test('a capture that was under way still comes, and a session still ends', async () => {
    const path = temporaryFile()
    const time = manualTime()
    const held = { now: time.now, schedule: time.schedule }
    const before = await openWorld({ journal: journalAt(path), ...held })
    const late = await before.request({ outcome: 'capture-late:60000' })
    const idle = await before.request({ orderId: 'order-0002' })
    await before.confirm(late)
    before.sandbox.close()
    time.pass(30_000)

    const after = await openWorld({ journal: journalAt(path), random: seededBytes('after'), ...held })
    time.pass(29_999)
    expect((await after.look(late.paymentKey)).status).toBe('IN_PROGRESS')
    time.pass(1)
    expect((await after.look(late.paymentKey)).status).toBe('DONE')
    time.pass(540_000)
    await after.webhooksCame(2)
    expect((await after.look(idle.paymentKey)).status).toBe('EXPIRED')
  })

  test('a line that cannot be read is named by its number', async () => {
    const path = temporaryFile()
    const journal = journalAt(path)
    journal.append(JSON.stringify({ at: 0, events: [] }))
    journal.append('{"at":0,"paymentKey":"nobody","events":[{"type":"expired","at":0}]}')
    await expect(openWorld({ journal })).rejects.toThrow('journal line 2 cannot be read: paymentKey nobody is unknown')
  })

  test('a change that cannot be written is not made, and its key is free for another try', async () => {
    let isFull = false
    const journal = {
      read: () => [],
      append() {
        if (isFull) throw new Error('no space left')
      },
    }
    const world = await openWorld({ journal })
    const asked = await world.request()
    const confirm = () => world.confirm(asked, { 'idempotency-key': 'k' })
    isFull = true
    expect(await confirm()).toMatchObject({ status: 500, json: { code: 'COMMON_ERROR' } })
    expect((await world.look(asked.paymentKey)).status).toBe('IN_PROGRESS')
    isFull = false
    expect((await confirm()).json.status).toBe('DONE')
  })

  test('refusals that nobody is to hear again are not written', async () => {
    const path = temporaryFile()
    const world = await openWorld({ journal: journalAt(path) })
    await world.confirm({ paymentKey: 'nobody', orderId: 'order-0001', amount: 100 })
    expect(readFileSync(path, 'utf8')).toBe('')
  })
})

test('what the stand-alone server answered survives kill -9', async () => {
  const path = temporaryFile()
  async function start() {
    const child = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts')], {
      env: { ...process.env, PORT: '0', SECRET_KEY: secretKey, JOURNAL: path, WEBHOOK_URLS: '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    for await (const line of createInterface(child.stdout)) {
      const url = /http:\/\/localhost:\d+/.exec(line)?.[0]
      if (url) return { child, url, ended }
    }
    throw new Error('the server ended before it listened')
  }
  const post = async (url: string, body: unknown): Promise<{ paymentKey: string; status: string }> => {
    const headers = { authorization: basic(`${secretKey}:`), 'content-type': 'application/json' }
    return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).json() as never
  }

  const first = await start()
  const order = { orderId: 'order-0001', amount: 55_000 }
  const { paymentKey } = await post(`${first.url}/sandbox/payments`, order)
  expect((await post(`${first.url}/v1/payments/confirm`, { ...order, paymentKey })).status).toBe('DONE')
  first.child.kill('SIGKILL')
  await first.ended

  const second = await start()
  const { items } = (await (await fetch(`${second.url}/sandbox/payments`)).json()) as { items: unknown[] }
  expect(items).toEqual([
    { paymentKey, orderId: 'order-0001', status: 'DONE', totalAmount: 55_000, balanceAmount: 55_000 },
  ])
  second.child.kill('SIGTERM')
  await second.ended
})
