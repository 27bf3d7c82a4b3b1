import type { Account, Role } from '@fairgate/contracts/http/identity'
import { changed, maybeRow, row, rows, sql, type Db, type Tx } from '#platform/db'
import type { CodePurpose } from './codes.ts'
import type { ShownToken } from './session.ts'

export type AccountRow = Account & { passwordHash: string | null }

const columns = sql.raw(
  `a.id, a.email, a.name, a.locale, a.roles, a.verified_at is not null as verified, a.password_hash as "passwordHash"`,
)

// accounts

export const accountByEmail = (db: Db | Tx, email: string) =>
  maybeRow(db, sql<AccountRow>`select ${columns} from identity.accounts a where a.email_key = ${email.toLowerCase()}`)

export const accountById = (db: Db | Tx, id: string) =>
  maybeRow(db, sql<AccountRow>`select ${columns} from identity.accounts a where a.id = ${id}`)

export const accountsById = (db: Db, ids: readonly string[]) =>
  rows(db, sql<AccountRow>`select ${columns} from identity.accounts a where a.id = any(${ids}::text[]) order by a.id`)

/** Locks the account, so that what is counted of it stays true until the commit. */
export const lockAccountByEmail = (tx: Tx, email: string) =>
  maybeRow(
    tx,
    sql<AccountRow>`select ${columns} from identity.accounts a where a.email_key = ${email.toLowerCase()} for update`,
  )

export type NewAccount = Pick<Account, 'id' | 'email' | 'name' | 'locale' | 'verified'> & {
  roles: readonly Role[]
  passwordHash: string | null
}

/** @returns the accounts that were inserted; those whose e-mail exists are left out */
export const insertAccounts = (tx: Tx, accounts: readonly NewAccount[], at: Date) =>
  rows(
    tx,
    sql<AccountRow>`
      insert into identity.accounts as a (id, email, name, locale, password_hash, roles, verified_at, created_at)
      select n.id, n.email, n.name, n.locale, n.password_hash, string_to_array(n.roles, ','), case when n.verified then ${at}::timestamptz end, ${at}
      from unnest(${accounts.map((a) => a.id)}::text[], ${accounts.map((a) => a.email)}::text[], ${accounts.map((a) => a.name)}::text[],
                  ${accounts.map((a) => a.locale)}::text[], ${accounts.map((a) => a.passwordHash)}::text[],
                  ${accounts.map((a) => a.roles.join(','))}::text[], ${accounts.map((a) => a.verified)}::boolean[])
        as n (id, email, name, locale, password_hash, roles, verified)
      on conflict do nothing
      returning ${columns}`,
  )

export const idsByEmail = (db: Db | Tx, emails: readonly string[]) =>
  rows(
    db,
    sql<{ id: string }>`
      select a.id from unnest(${emails.map((email) => email.toLowerCase())}::text[]) with ordinality as e (email_key, position)
      join identity.accounts a using (email_key) order by e.position`,
  )

export const knownAccounts = async (db: Db, ids: readonly string[]) =>
  (await rows(db, sql<{ id: string }>`select id from identity.accounts where id = any(${ids}::text[])`)).map(
    ({ id }) => id,
  )

export const verifyAccount = (tx: Tx, id: string, at: Date) =>
  row(
    tx,
    sql<AccountRow>`update identity.accounts a set verified_at = coalesce(verified_at, ${at}) where id = ${id} returning ${columns}`,
  )

/** Who sets a password with a mailed code has proved the address too. */
export async function setPassword(tx: Tx, id: string, passwordHash: string, at: Date): Promise<void> {
  await sql`
    update identity.accounts set password_hash = ${passwordHash}, verified_at = coalesce(verified_at, ${at})
    where id = ${id}`.execute(tx)
}

/** Whether the password is still the one that was compared; it stays so until the commit. */
export const keepsPassword = async (tx: Tx, id: string, passwordHash: string | null) =>
  (await maybeRow(
    tx,
    sql`select 1 from identity.accounts where id = ${id} and password_hash = ${passwordHash} for share`,
  )) !== undefined

/** Locks all administrators, in the order of their ids: two who demote each other wait for one another. */
export const lockAdmins = (tx: Tx) =>
  rows(tx, sql<{ id: string }>`select id from identity.accounts where 'admin' = any (roles) order by id for update`)

export const setRoles = (tx: Tx, id: string, roles: readonly Role[]) =>
  row(
    tx,
    sql<AccountRow>`update identity.accounts a set roles = ${roles}::text[] where id = ${id} returning ${columns}`,
  )

// codes

/** @returns false when the account has had its share of codes since `countedFrom`; call with the account locked */
export const insertCode = async (
  tx: Tx,
  code: {
    accountId: string
    purpose: CodePurpose
    hash: Buffer
    at: Date
    expiresAt: Date
    countedFrom: Date
    max: number
  },
) =>
  (await changed(
    tx,
    sql`
      insert into identity.codes (account_id, purpose, hash, created_at, expires_at)
      select ${code.accountId}, ${code.purpose}, ${code.hash}, ${code.at}::timestamptz, ${code.expiresAt}::timestamptz
      where (select count(*) from identity.codes
             where account_id = ${code.accountId} and purpose = ${code.purpose} and created_at > ${code.countedFrom}) < ${code.max}`,
  )) === 1

const newestOf = (accountId: string, purpose: CodePurpose) =>
  sql`select id from identity.codes where account_id = ${accountId} and purpose = ${purpose} order by id desc limit 1`

/** Books one attempt at the newest code before anything is compared: of many at once only five get the hash to see. */
export const attemptCode = (tx: Tx, accountId: string, purpose: CodePurpose, attemptsMax: number, now: Date) =>
  maybeRow(
    tx,
    sql<{ hash: Buffer }>`
      update identity.codes set attempts = attempts + 1
      where id = (${newestOf(accountId, purpose)}) and attempts < ${attemptsMax} and expires_at > ${now}
      returning hash`,
  )

export const newestCode = (tx: Tx, accountId: string, purpose: CodePurpose) =>
  maybeRow(
    tx,
    sql<{ attempts: number; expiresAt: Date }>`
      select attempts, expires_at as "expiresAt" from identity.codes where id = (${newestOf(accountId, purpose)})`,
  )

/** Ends the newest code at its own beginning, which is in the past of everybody, whatever their clocks say. It still counts. */
export async function useUpCode(tx: Tx, accountId: string, purpose: CodePurpose): Promise<void> {
  await sql`update identity.codes set expires_at = created_at where id = (${newestOf(accountId, purpose)})`.execute(tx)
}

// sessions

export async function insertSession(
  tx: Tx,
  session: { id: string; accountId: string; hash: Buffer; at: Date; expiresAt: Date },
): Promise<void> {
  await sql`
    with s as (
      insert into identity.sessions (id, account_id, rotated_at, created_at, expires_at)
      values (${session.id}, ${session.accountId}, ${session.at}, ${session.at}, ${session.expiresAt}))
    insert into identity.refresh_tokens (hash, session_id, generation, created_at)
    values (${session.hash}, ${session.id}, 0, ${session.at})`.execute(tx)
}

/** Locks the session of a token, so that its family has one history. */
export const lockSessionOf = (tx: Tx, hash: Buffer) =>
  maybeRow(
    tx,
    sql<ShownToken & { sessionId: string; accountId: string }>`
      select s.id as "sessionId", s.account_id as "accountId", t.generation as "tokenGeneration", s.generation,
             s.rotated_at as "rotatedAt", s.expires_at as "expiresAt", s.ended_at as "endedAt"
      from identity.refresh_tokens t join identity.sessions s on s.id = t.session_id
      where t.hash = ${hash} for update of s`,
  )

export async function rotateSession(
  tx: Tx,
  sessionId: string,
  generation: number,
  at: Date,
  expiresAt: Date,
): Promise<void> {
  await sql`update identity.sessions set generation = ${generation}, rotated_at = ${at}, expires_at = ${expiresAt} where id = ${sessionId}`.execute(
    tx,
  )
}

export async function insertRefreshToken(
  tx: Tx,
  token: { hash: Buffer; sessionId: string; generation: number; at: Date },
): Promise<void> {
  await sql`
    insert into identity.refresh_tokens (hash, session_id, generation, created_at)
    values (${token.hash}, ${token.sessionId}, ${token.generation}, ${token.at})`.execute(tx)
}

export async function endSession(
  tx: Tx,
  sessionId: string,
  because: 'signed-out' | 'token-reused',
  at: Date,
): Promise<void> {
  await sql`update identity.sessions set ended_at = ${at}, ended_because = ${because} where id = ${sessionId} and ended_at is null`.execute(
    tx,
  )
}

/** Locks the live sessions of an account: whoever is just refreshing one has done so, or finds it ended. */
export async function lockSessionsOf(tx: Tx, accountId: string): Promise<void> {
  await sql`select 1 from identity.sessions where account_id = ${accountId} and ended_at is null for update`.execute(tx)
}

export async function endSessionsOf(tx: Tx, accountId: string, because: 'password-reset', at: Date): Promise<void> {
  await sql`
    update identity.sessions set ended_at = ${at}, ended_because = ${because}
    where account_id = ${accountId} and ended_at is null`.execute(tx)
}

// care

/** Deletes what can no longer matter, a bounded portion. @returns whether more may be left */
export async function sweep(
  tx: Tx,
  before: { codes: Date; tokens: Date; sessions: Date },
  limit: number,
): Promise<boolean> {
  const counts = [
    await changed(
      tx,
      sql`delete from identity.codes where id in (select id from identity.codes where created_at < ${before.codes} limit ${limit})`,
    ),
    await changed(
      tx,
      sql`delete from identity.refresh_tokens where hash in (select hash from identity.refresh_tokens where created_at < ${before.tokens} limit ${limit})`,
    ),
    await changed(
      tx,
      sql`
        delete from identity.sessions where id in (
          (select id from identity.sessions where expires_at < ${before.sessions} limit ${limit})
          union all
          (select id from identity.sessions where ended_at < ${before.sessions} limit ${limit}))`,
    ),
  ]
  return counts.some((count) => count >= limit)
}

export const auditCounts = (db: Db) =>
  row(
    db,
    sql<{ accounts: number; verified: number; ahead: number; revived: number }>`
      select (select count(*) from identity.accounts) as accounts,
             (select count(*) from identity.accounts where verified_at is not null) as verified,
             (select count(*) from identity.refresh_tokens t join identity.sessions s on s.id = t.session_id
              where t.generation > s.generation) as ahead,
             (select count(*) from identity.refresh_tokens t join identity.sessions s on s.id = t.session_id
              where t.created_at > s.ended_at) as revived`,
  )
