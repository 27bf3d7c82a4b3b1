import { expect, test } from 'vitest'
import { createLog } from './log.ts'
import { sql } from './db.ts'
import { test as withPlatform } from '../../test/fixtures.ts'

function capture(level = 'info') {
  const lines: string[] = []
  return { log: createLog(level, { write: (line) => void lines.push(line) }), lines }
}

test('no secret of a poisoned request reaches a line, at the top or inside what was passed on as a whole', () => {
  const { log, lines } = capture()
  const poison = {
    password: 'POISON',
    code: 'POISON',
    accessToken: 'POISON',
    refreshToken: 'POISON',
    placeToken: 'POISON',
    passToken: 'POISON',
    holdToken: 'POISON',
    paymentRequestToken: 'POISON',
    paymentKey: 'POISON',
    authorization: 'POISON',
    cookie: 'POISON',
  }
  log.info({ ...poison, accountId: 'acc_1' }, 'at the top')
  log.info(
    { body: poison, query: poison, data: poison, headers: poison, request: poison, account: poison, message: poison },
    'inside',
  )
  log.child({ module: 'identity' }).warn({ body: poison }, 'of a module')
  expect(lines).toHaveLength(3)
  expect(lines.join('')).not.toContain('POISON')
  expect(lines.join('')).toContain('[secret]')
  expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'info', accountId: 'acc_1', msg: 'at the top' })
})

withPlatform(
  'a database error is logged with its code and constraint, and without the row that it quotes',
  async ({ platform }) => {
    const { log, lines } = capture()
    await sql`create table public.people (email text primary key, age integer check (age > 0))`.execute(platform.db)
    await sql`insert into public.people values ('poison@example.test', 1)`.execute(platform.db)
    for (const age of [1, -1]) {
      await sql`insert into public.people values ('poison@example.test', ${age})`
        .execute(platform.db)
        .catch((err: unknown) => log.error({ err }, 'failed'))
    }
    expect(lines.map((line) => (JSON.parse(line) as { err: { code: string } }).err.code)).toEqual(['23505', '23514'])
    expect(lines[0]).toContain('people_pkey')
    expect(lines.join('')).not.toContain('poison@example.test')
  },
)

test('lines below the level are not written, and a line is one line of JSON with a time', () => {
  const { log, lines } = capture('warn')
  log.info('unimportant')
  log.warn({ text: 'a\nb' }, 'important')
  expect(lines).toHaveLength(1)
  expect(lines[0]!.trimEnd()).not.toContain('\n')
  expect(Date.parse((JSON.parse(lines[0]!) as { time: string }).time)).not.toBeNaN()
})
