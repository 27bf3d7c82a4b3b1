-- What organisers do with the stock of a sale: seats taken off sale, seats kept for somebody until a time, prices.

alter table inventory.seats
  -- The block that keeps it off sale, while it does.
  add column block_id text,
  -- For whom it is kept until then, an allotment's id or 'accessible'; afterwards it is like any other.
  add column kept_for text,
  add column kept_until timestamptz,
  add check (block_id is null or state = 4),
  add check ((kept_for is null) = (kept_until is null));

-- For whom its seats may have been kept: an allotment's id or 'accessible'. Null for most.
alter table inventory.holds add column entitled text;

create table inventory.blocks (
  id text primary key,
  section_id text not null references inventory.sections on delete restrict,
  reason text not null,
  blocked_by text not null,
  blocked_at timestamptz not null
);
create index blocks_section on inventory.blocks (section_id);

create table inventory.allotments (
  id text primary key,
  section_id text not null references inventory.sections on delete restrict,
  name text not null,
  seats integer[] not null check (cardinality(seats) > 0),
  release_at timestamptz not null
);
create index allotments_section on inventory.allotments (section_id);

-- When time will give kept seats of a section back to everybody; taken away when that has been announced.
create table inventory.releases (
  section_id text not null,
  at timestamptz not null,
  primary key (section_id, at)
);
create index releases_due on inventory.releases (at);

-- Who did what, when and why. Rows are only added.
create table inventory.interventions (
  seq bigint generated always as identity primary key,
  section_id text not null references inventory.sections on delete restrict,
  kind text not null,
  account_id text not null,
  at timestamptz not null,
  reason text not null,
  seats integer[] not null,
  price_amount bigint,
  price_currency text
);
create index interventions_section on inventory.interventions (section_id, seq);
