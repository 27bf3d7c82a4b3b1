import { changed, maybeRow, row, rows, sql, type Db, type Tx } from '#platform/db'
import type { Mail } from './mailer.ts'
import type { MessageContent, MessageState } from './message.ts'

// accounts

export type Reachable = { accountId: string; email: string; name: string; locale: string }

export async function keepAccounts(tx: Tx, accounts: readonly Reachable[]): Promise<void> {
  await sql`
    insert into notifications.accounts (id, email, name, locale)
    select * from unnest(${accounts.map((a) => a.accountId)}::text[], ${accounts.map((a) => a.email)}::text[],
                         ${accounts.map((a) => a.name)}::text[], ${accounts.map((a) => a.locale)}::text[])
    on conflict do nothing`.execute(tx)
}

// phones

export const phoneOf = async (db: Db, accountId: string): Promise<string | null> =>
  (await maybeRow(db, sql<{ number: string }>`select number from notifications.phones where account_id = ${accountId}`))
    ?.number ?? null

export async function keepPhone(db: Db, accountId: string, number: string, at: Date): Promise<void> {
  await sql`
    insert into notifications.phones (account_id, number, since) values (${accountId}, ${number}, ${at})
    on conflict (account_id) do update set number = excluded.number, since = excluded.since`.execute(db)
}

export async function forgetPhone(db: Db, accountId: string): Promise<void> {
  await sql`delete from notifications.phones where account_id = ${accountId}`.execute(db)
}

// messages

export type Channel = 'mail' | 'text'
export type NewMessage = MessageContent & { id: string; cause: string; accountId: string; usefulUntil: Date | null }

/**
 * Queues a mail each, and of those whose kind is among `texted` a text message too where the account has left a number.
 * @returns how many are new; an outcome that has its message keeps that one
 */
export const queueMessages = (
  tx: Tx,
  messages: readonly NewMessage[],
  at: Date,
  texted: readonly MessageContent['kind'][] = [],
) =>
  changed(
    tx,
    sql`
      with told as (
        select n.* from unnest(${messages.map((m) => m.id)}::text[], ${messages.map((m) => m.cause)}::text[],
                               ${messages.map((m) => m.accountId)}::text[], ${messages.map((m) => m.kind)}::text[],
                               ${messages.map((m) => JSON.stringify(m.data))}::jsonb[], ${messages.map((m) => m.usefulUntil)}::timestamptz[])
          as n (id, cause, account_id, kind, data, useful_until))
      insert into notifications.messages (id, cause, channel, account_id, kind, data, useful_until, due_at, created_at)
      select id, cause, 'mail', account_id, kind, data, useful_until, ${at}::timestamptz, ${at}::timestamptz from told
      ${messages.some(({ kind }) => texted.includes(kind)) ? textedToo(at, texted) : sql``}
      on conflict do nothing`,
  )

const textedToo = (at: Date, texted: readonly string[]) => sql`
  union all
  select id || '-text', 'text:' || cause, 'text', account_id, kind, data, useful_until, ${at}::timestamptz, ${at}::timestamptz
  from told join notifications.phones using (account_id) where kind = any(${texted}::text[])`

/**
 * Codes that wait to be mailed end when a later one of their account and kind is here: only the newest opens anything. Told apart
 * by when they end, so that an old fact that arrives again cannot end a newer one.
 */
export async function lapseCodes(
  tx: Tx,
  kind: 'verification-code' | 'password-reset-code',
  newest: readonly { accountId: string; expiresAt: string }[],
  at: Date,
): Promise<void> {
  await sql`
    update notifications.messages m set state = 'lapsed', data = null, ended_at = ${at}, reason = 'a newer code was asked for'
    from unnest(${newest.map((n) => n.accountId)}::text[], ${newest.map((n) => n.expiresAt)}::timestamptz[]) as n (account_id, useful_until)
    where m.account_id = n.account_id and m.useful_until < n.useful_until and m.state = 'queued' and m.kind = ${kind}`.execute(
    tx,
  )
}

export type LeasedMessage = MessageContent & {
  id: string
  channel: Channel
  attempts: number
  usefulUntil: Date | null
  email: string
  locale: string
  /** Null when the account has taken it back. */
  phone: string | null
}

/**
 * Takes due messages whose account is known and keeps others away from them until the lease ends. `attempts` tells
 * this lease from later ones. Another sender's locked rows are skipped, not waited for.
 */
export const leaseMessages = (tx: Tx, limit: number, now: Date, leaseUntil: Date) =>
  rows(
    tx,
    sql<LeasedMessage>`
      update notifications.messages m set attempts = m.attempts + 1, due_at = ${leaseUntil}
      from (select due.id, a.email, a.locale, p.number as phone
            from notifications.messages due join notifications.accounts a on a.id = due.account_id
            left join notifications.phones p on due.channel = 'text' and p.account_id = due.account_id
            where due.state = 'queued' and due.due_at <= ${now}
            order by due.due_at, due.id limit ${limit}
            for update of due skip locked) taken
      where m.id = taken.id
      returning m.id, m.kind, m.data, m.attempts, m.channel,
        m.useful_until as "usefulUntil", taken.email, taken.locale, taken.phone`,
  )

export type Booking = { id: string; attempts: number; state: MessageState; dueAt: Date; reason: string | null }

/** Writes down what became of leased messages, unless the lease has gone to somebody else meanwhile. */
export async function bookMessages(db: Db, bookings: readonly Booking[], now: Date): Promise<void> {
  await sql`
    update notifications.messages m
    set state = b.state, reason = b.reason, due_at = b.due_at,
        ended_at = case when b.state = 'queued' then null else ${now}::timestamptz end,
        data = case when b.state in ('queued', 'given-up') then m.data end
    from unnest(${bookings.map((b) => b.id)}::text[], ${bookings.map((b) => b.attempts)}::integer[], ${bookings.map((b) => b.state)}::text[],
                ${bookings.map((b) => b.dueAt)}::timestamptz[], ${bookings.map((b) => b.reason)}::text[]) as b (id, attempts, state, due_at, reason)
    where m.id = b.id and m.attempts = b.attempts and m.state = 'queued'`.execute(db)
}

export const retryGivenUp = (db: Db, now: Date) =>
  changed(
    db,
    sql`update notifications.messages set state = 'queued', attempts = 0, due_at = ${now}, ended_at = null, reason = null where state = 'given-up'`,
  )

export type MessageCounts = { waiting: number; givenUp: number; withoutAddress: number }

/** @param registeredBy  messages older than this should have met their account's address */
export const countMessages = (db: Db, registeredBy: Date) =>
  row(
    db,
    sql<MessageCounts>`
      select (select count(*) from notifications.messages where state = 'queued') as waiting,
             (select count(*) from notifications.messages where state = 'given-up') as "givenUp",
             (select count(*) from notifications.messages m
              where m.state = 'queued' and m.created_at < ${registeredBy}
                and not exists (select 1 from notifications.accounts a where a.id = m.account_id)) as "withoutAddress"`,
  )

/** Forgets what ended before `before`, a bounded portion. @returns whether more may be left */
export async function sweep(tx: Tx, before: Date, limit: number): Promise<boolean> {
  const counts = [
    await changed(
      tx,
      sql`
        delete from notifications.messages
        where id in (select id from notifications.messages where ended_at < ${before} and state <> 'given-up' limit ${limit})`,
    ),
    await changed(
      tx,
      sql`delete from notifications.mailbox where id in (select id from notifications.mailbox where sent_at < ${before} order by id limit ${limit})`,
    ),
  ]
  return counts.some((count) => count === limit)
}

// development mailbox

export type KeptMail = { to: string; subject: string; text: string; html: string; sentAt: Date }

export async function keepMail(db: Db, mail: Mail, at: Date): Promise<void> {
  await sql`
    insert into notifications.mailbox (message_id, to_address, subject, text, html, sent_at)
    values (${mail.messageId}, ${mail.to}, ${mail.subject}, ${mail.text}, ${mail.html}, ${at})
    on conflict do nothing`.execute(db)
}

/** Newest first. */
export const keptMails = (db: Db, to: string | undefined, limit: number) =>
  rows(
    db,
    sql<KeptMail>`
      select to_address as "to", subject, text, html, sent_at as "sentAt" from notifications.mailbox
      ${to === undefined ? sql`` : sql`where lower(to_address) = lower(${to})`}
      order by id desc limit ${limit}`,
  )
