-- What happens at an organiser's events is posted to servers of their choice: at least once, signed, for days.
create schema webhooks;

-- Whose a sale is, for facts that know the sale only.
create table webhooks.sales (
  id text primary key,
  organiser_id text not null,
  event jsonb not null,
  is_sold_out boolean not null default false
);
create index sales_of_organiser on webhooks.sales (organiser_id);

create table webhooks.endpoints (
  id text primary key,
  organiser_id text not null,
  url text not null,
  description text not null,
  types text[] not null check (cardinality(types) > 0),
  -- As the receiver knows it, whsec_…; while a rotation lasts the one before signs too.
  secret text not null,
  previous_secret text,
  previous_until timestamptz,
  disabled_at timestamptz,
  disabled_why text check (disabled_why in ('by-hand', 'failing', 'gone')),
  -- Since when nothing has been delivered.
  failing_since timestamptz,
  created_at timestamptz not null,
  check ((disabled_at is null) = (disabled_why is null)),
  check ((previous_secret is null) = (previous_until is null))
);
create index endpoints_of_organiser on webhooks.endpoints (organiser_id);

create table webhooks.messages (
  -- The id of its fact: a fact that arrives twice meets its own row.
  id text primary key,
  type text not null,
  body text not null,
  created_at timestamptz not null
);
create index messages_by_age on webhooks.messages (created_at);

create table webhooks.deliveries (
  endpoint_id text not null references webhooks.endpoints on delete cascade,
  message_id text not null references webhooks.messages on delete cascade,
  state text not null default 'waiting' check (state in ('waiting', 'delivered', 'failed')),
  -- All of them; a sender's lease is told from later ones by it.
  attempts integer not null default 0,
  -- Those before somebody asked for another round.
  attempts_before integer not null default 0,
  -- When it may be tried; while a sender has it, when the sender's lease ends.
  due_at timestamptz not null,
  primary key (endpoint_id, message_id)
);
create index deliveries_due on webhooks.deliveries (endpoint_id, due_at) where state = 'waiting';
create index deliveries_of_message on webhooks.deliveries (message_id);

create table webhooks.attempts (
  endpoint_id text not null,
  message_id text not null,
  attempt integer not null,
  at timestamptz not null,
  status integer,
  ms integer not null,
  reason text,
  primary key (endpoint_id, message_id, attempt),
  foreign key (endpoint_id, message_id) references webhooks.deliveries on delete cascade
);
