-- What every module needs of the database: messages between modules and the memory of idempotent requests.

-- Who wants which facts. Written by every process at start from the code, whichever modules it hosts, so that a fact
-- published before its subscriber first ran is kept for it.
create table platform.subscriptions (
  type text not null,
  subscriber text not null,
  primary key (type, subscriber)
);

-- One row for each subscriber of a fact, deleted in the transaction of its effect.
create table platform.deliveries (
  subscriber text not null,
  seq bigint generated always as identity,
  message_id text not null,
  type text not null,
  key text not null,
  time timestamptz not null,
  data jsonb not null,
  attempts integer not null default 0,
  due_at timestamptz not null,
  primary key (subscriber, seq)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

-- Messages that failed hold back later ones of the same key.
create index deliveries_failed on platform.deliveries (subscriber, key, seq) where attempts > 0;

-- Set aside after too many failures, until an operator retries them.
create table platform.parked (
  subscriber text not null,
  message_id text not null,
  type text not null,
  key text not null,
  time timestamptz not null,
  data jsonb not null,
  attempts integer not null,
  reason text not null,
  parked_at timestamptz not null,
  primary key (subscriber, message_id)
);

create table platform.idempotency (
  scope text not null,
  key text not null,
  fingerprint text not null,
  locked_until timestamptz,
  status integer,
  body jsonb,
  created_at timestamptz not null,
  primary key (scope, key)
);
create index idempotency_age on platform.idempotency (created_at);
