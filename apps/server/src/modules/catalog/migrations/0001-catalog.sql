-- What can be bought: events, their sections with price and geometry, and the sales that open sections to buyers.
-- What was promised to everybody by publishing is kept by the keys below, not by the code above them.
create schema catalog;

create table catalog.events (
  id text primary key,
  organiser_id text not null,
  -- Stable name of an event made by a seed, so that seeding again finds it.
  seed_key text unique,
  kind text not null check (kind in ('concert', 'race')),
  name text not null,
  description text not null,
  venue text not null,
  region text not null,
  starts_at timestamptz not null,
  time_zone text not null,
  currency text not null,
  -- Normal forms, made by the same function as the words of a search: `lower` of a C locale knows ASCII only.
  search_text text not null,
  search_region text not null,
  created_at timestamptz not null,
  -- What sections and publications hold on to.
  unique (id, currency),
  unique (id, kind, starts_at, time_zone, currency)
);
create index events_by_start on catalog.events (starts_at, id);
create index events_by_organiser on catalog.events (organiser_id, id);

-- A price is an amount in the currency of the event: while a section exists, the key refuses another currency.
create table catalog.sections (
  id text primary key,
  seq bigint generated always as identity,
  event_id text not null,
  currency text not null,
  name text not null,
  admission text not null check (admission in ('reserved', 'open')),
  capacity integer not null check (capacity > 0),
  price_amount bigint not null check (price_amount >= 0),
  attributes jsonb not null,
  unique (id, event_id),
  constraint sections_currency foreign key (event_id, currency) references catalog.events (id, currency) on delete restrict
);
create index sections_by_event on catalog.sections (event_id, seq);

-- The answer of `GET /api/sections/{id}/seats`, gzipped as it is served. Never changed: its URL is cached for ever.
create table catalog.geometries (
  section_id text primary key references catalog.sections (id) on delete cascade,
  hash text not null,
  seats integer not null check (seats >= 0),
  document bytea not null
);
alter table catalog.geometries alter column document set storage external;

create table catalog.sales (
  id text primary key,
  seq bigint generated always as identity,
  event_id text not null references catalog.events (id) on delete restrict,
  method text not null check (method in ('queue', 'ballot', 'auction')),
  opens_at timestamptz not null,
  closes_at timestamptz not null,
  hold_seconds integer not null check (hold_seconds > 0),
  limit_per_account integer not null check (limit_per_account > 0),
  waiting_room_ready boolean not null default false,
  inventory_ready boolean not null default false,
  unique (id, event_id),
  check (opens_at < closes_at)
);
create index sales_by_event on catalog.sales (event_id, seq);

create table catalog.lines (
  id text primary key,
  sale_id text not null references catalog.sales (id) on delete cascade,
  position integer not null,
  name text not null,
  shoppers_max integer not null check (shoppers_max > 0),
  admit_per_minute integer not null check (admit_per_minute > 0),
  unique (sale_id, position),
  unique (id, sale_id)
);

-- A section is sold by one line of one sale, ever: two sales of the same seats would sell them twice.
create table catalog.line_sections (
  section_id text not null,
  line_id text not null,
  sale_id text not null,
  event_id text not null,
  position integer not null,
  constraint line_sections_one_sale primary key (section_id),
  constraint line_sections_section foreign key (section_id, event_id) references catalog.sections (id, event_id) on delete restrict,
  foreign key (sale_id, event_id) references catalog.sales (id, event_id) on delete cascade,
  foreign key (line_id, sale_id) references catalog.lines (id, sale_id) on delete cascade
);
create index line_sections_by_line on catalog.line_sections (line_id, position);
create index line_sections_by_sale on catalog.line_sections (sale_id);

-- A sale is published once. From then on what buyers plan by (when, where in time, what kind, which currency) stands
-- still: the key refuses to change it in the event. The sale itself cannot be removed any more.
create table catalog.publications (
  sale_id text not null,
  event_id text not null,
  kind text not null,
  starts_at timestamptz not null,
  time_zone text not null,
  currency text not null,
  published_at timestamptz not null,
  constraint publications_once primary key (sale_id),
  constraint publications_sale foreign key (sale_id, event_id) references catalog.sales (id, event_id) on delete restrict,
  constraint publications_event foreign key (event_id, kind, starts_at, time_zone, currency)
    references catalog.events (id, kind, starts_at, time_zone, currency) on delete restrict
);
create index publications_by_event on catalog.publications (event_id);
