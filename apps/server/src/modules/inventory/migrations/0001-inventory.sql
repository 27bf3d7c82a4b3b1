-- Seats and the claims on them. A section's stock is its rows: nothing counts them but a count. A seat row has room for
-- one claim only, so two people cannot hold the same seat whatever the code does.
create schema inventory;

create table inventory.sales (
  id text primary key,
  event_id text not null,
  event jsonb not null,
  opens_at timestamptz not null,
  closes_at timestamptz not null,
  hold_seconds integer not null check (hold_seconds > 0),
  limit_per_account integer not null check (limit_per_account > 0),
  ready_at timestamptz,
  check (opens_at < closes_at)
);

create table inventory.sections (
  id text primary key,
  sale_id text not null references inventory.sales on delete restrict,
  position integer not null,
  name text not null,
  admission text not null check (admission in ('reserved', 'open')),
  capacity integer not null check (capacity > 0),
  price_amount bigint not null check (price_amount >= 0),
  price_currency text not null,
  -- How many of its seats have arrived; on sale when all have.
  built integer not null default 0 check (built <= capacity),
  -- Rises with every change of a seat; changes that are not yet folded in wait in inventory.changes.
  version bigint not null default 0,
  -- The counts last announced.
  free integer not null default 0,
  held integer not null default 0,
  secured integer not null default 0,
  sold integer not null default 0,
  blocked integer not null default 0
);
create index sections_sale on inventory.sections (sale_id);

-- The key of a seat never changes and no index covers a column that does, so a claim is an update within its page
-- (HOT), for which the pages keep room. Collation "C" because the key is only ever compared for equality and order.
-- There is no reference to sections: chunks of seats may arrive before their sale.
create table inventory.seats (
  section_id text collate "C" not null,
  number integer not null check (number > 0),
  -- 0 free, 1 held, 2 secured, 3 sold, 4 blocked
  state smallint not null default 0 check (state between 0 and 4),
  accessible boolean not null default false,
  hold_id text,
  held_until timestamptz,
  x double precision not null default 0,
  y double precision not null default 0,
  row_name text not null default '',
  label text not null,
  primary key (section_id, number),
  check ((state in (1, 2, 3)) = (hold_id is not null)),
  check ((state = 1) = (held_until is not null))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);

-- No reference to the sale: checking it would lock the sale's one row for every hold.
create table inventory.holds (
  id text primary key,
  sale_id text not null,
  section_id text not null,
  line_id text not null,
  account_id text not null,
  seats integer[] not null check (cardinality(seats) > 0),
  labels text[] not null check (cardinality(labels) = cardinality(seats)),
  unit_amount bigint not null,
  currency text not null,
  state text not null check (state in ('held', 'secured', 'sold', 'lapsed', 'released')),
  expires_at timestamptz not null,
  placed_at timestamptz not null,
  order_id text,
  -- The last request to secure that was answered (attempt * 2, + 1 for late money), and the answer: '' is yes.
  asked integer not null default 0,
  answer text,
  check (state not in ('secured', 'sold') or order_id is not null)
) with (fillfactor = 85);
create index holds_buyer on inventory.holds (account_id, sale_id) where state in ('held', 'secured', 'sold');
create index holds_due on inventory.holds (expires_at) where state = 'held';

-- One row for each buyer of a sale, locked while the limit is checked.
create table inventory.buyers (
  sale_id text collate "C" not null,
  account_id text collate "C" not null,
  wishes bigint not null default 1,
  primary key (sale_id, account_id)
) with (fillfactor = 70);

-- What happened to which section, until it is announced. Rows that are only added, because a counter in the section's
-- row would make every batch on it wait for the commit of the one before.
create table inventory.changes (
  seq bigint generated always as identity primary key,
  section_id text not null,
  steps integer not null check (steps > 0)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
