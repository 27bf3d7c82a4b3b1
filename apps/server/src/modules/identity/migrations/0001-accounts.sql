-- Who somebody is, and what they may do, is decided in one place; everybody else learns it from a signed access token.
create schema identity;

create table identity.accounts (
  id text primary key,
  email text not null,
  -- One account per address however it is capitalised. This, not the code, decides between two who register at once.
  email_key text not null generated always as (lower(email collate "C")) stored unique,
  name text not null,
  locale text not null check (locale in ('ko', 'en')),
  -- An Argon2id PHC string. Without one nobody can sign in with a password.
  password_hash text,
  roles text[] not null check (roles <@ array['buyer', 'staff', 'organiser', 'admin']),
  verified_at timestamptz,
  created_at timestamptz not null
);
create index accounts_admins on identity.accounts (id) where 'admin' = any (roles);

-- Codes mailed to prove an address. Only the newest of an account counts; older ones are kept for an hour to bound how many are mailed.
create table identity.codes (
  id bigint primary key generated always as identity,
  account_id text not null references identity.accounts on delete cascade,
  hash bytea not null,
  -- A million codes against five tries: guessing succeeds once in 200,000 codes.
  attempts integer not null default 0 check (attempts between 0 and 5),
  created_at timestamptz not null,
  expires_at timestamptz not null
);
create index codes_of_account on identity.codes (account_id, id);
create index codes_age on identity.codes (created_at);

-- A sign-in on one device: a family of refresh tokens, of which only the newest generation is good.
create table identity.sessions (
  id text primary key,
  account_id text not null references identity.accounts on delete cascade,
  generation integer not null default 0,
  rotated_at timestamptz not null,
  created_at timestamptz not null,
  -- Moves with every rotation: the session ends when it is idle for too long.
  expires_at timestamptz not null,
  ended_at timestamptz,
  ended_because text check (ended_because in ('signed-out', 'token-reused')),
  check ((ended_at is null) = (ended_because is null))
);
create index sessions_expiry on identity.sessions (expires_at);
create index sessions_ended on identity.sessions (ended_at) where ended_at is not null;

-- Every refresh token given out, by its SHA-256. Used ones are kept so that their reuse is recognised.
create table identity.refresh_tokens (
  hash bytea primary key,
  session_id text not null references identity.sessions on delete cascade,
  generation integer not null,
  created_at timestamptz not null
);
create index refresh_tokens_of_session on identity.refresh_tokens (session_id);
create index refresh_tokens_age on identity.refresh_tokens (created_at);
