-- Who waits for returned seats, in which order, and who was offered which. The records are the public account of it: each
-- has the hash of the one before, none is ever changed.
create schema waitlist;

-- `records` is the number of the last record and `head` its hash: whoever writes records holds this row's lock.
-- `is_touched` says that somebody has to look: seats came, or somebody joined or left.
create table waitlist.sales (
  id text primary key,
  method text not null check (method in ('queue', 'ballot', 'auction')),
  event jsonb not null,
  organiser_id text not null,
  opens_at timestamptz not null,
  closes_at timestamptz not null check (closes_at > opens_at),
  limit_per_account integer not null check (limit_per_account > 0),
  offer_seconds integer not null check (offer_seconds > 0),
  closed_at timestamptz,
  records integer not null default 0 check (records >= 0),
  head text not null,
  is_touched boolean not null default false
) with (fillfactor = 50);
create index sales_touched on waitlist.sales (id) where is_touched;

-- `is_full`: nothing of it is free, by the last count. `is_waited`: what the inventory was told last.
create table waitlist.sections (
  id text primary key,
  sale_id text not null references waitlist.sales (id) on delete restrict,
  index integer not null,
  name text not null,
  is_full boolean not null default false,
  is_waited boolean not null default false,
  unique (sale_id, index)
);

create table waitlist.records (
  sale_id text not null references waitlist.sales (id) on delete restrict,
  n integer not null check (n > 0),
  text text not null,
  hash text not null,
  primary key (sale_id, n)
);

create function waitlist.refuse_rewriting() returns trigger language plpgsql as $$
begin
  raise exception 'a record is written once' using errcode = 'restrict_violation';
end
$$;
create trigger records_write_once before update or delete on waitlist.records for each row execute function waitlist.refuse_rewriting();

-- One for each account and sale, for ever. `number` is the record by which it joined last: its place in the order.
create table waitlist.entries (
  sale_id text not null references waitlist.sales (id) on delete restrict,
  account_id text not null,
  id text not null unique,
  number integer not null,
  section_ids text[] not null check (cardinality(section_ids) > 0),
  quantity integer not null check (quantity > 0),
  together boolean not null,
  state text not null check (state in ('waiting', 'offered', 'over', 'left')),
  joined_at timestamptz not null,
  primary key (sale_id, account_id),
  constraint entries_one_number unique (sale_id, number)
);
create index entries_by_account on waitlist.entries (account_id);
create index entries_waiting on waitlist.entries (sale_id, number) where state = 'waiting';

-- `record` is the one that tells of it. `over_at`: nothing more can be begun with it. `answered_at`: the inventory has
-- said which of its seats nobody has; those that somebody has come back later, or are sold.
create table waitlist.offers (
  id text primary key,
  sale_id text not null references waitlist.sales (id) on delete restrict,
  record integer not null,
  number integer not null,
  account_id text not null,
  section_id text not null references waitlist.sections (id) on delete restrict,
  seats integer[] not null check (cardinality(seats) > 0),
  labels text[] not null check (cardinality(labels) = cardinality(seats)),
  bought integer not null default 0 check (bought >= 0),
  state text not null check (state in ('offered', 'bought', 'declined', 'lapsed')),
  offered_at timestamptz not null,
  until timestamptz not null check (until > offered_at),
  remind_at timestamptz not null,
  reminded_at timestamptz,
  over_at timestamptz,
  answered_at timestamptz,
  constraint offers_one_record unique (sale_id, record),
  check (state = 'offered' or over_at is not null),
  check ((bought > 0) = (state = 'bought')),
  check (answered_at is null or over_at is not null)
);
create unique index offers_one_open on waitlist.offers (sale_id, account_id) where state = 'offered';
create index offers_running on waitlist.offers (until) where over_at is null;
create index offers_unsettled on waitlist.offers (sale_id) where state = 'offered';
create index offers_by_account on waitlist.offers (account_id);

-- Seats that the inventory keeps for the waitlist: at hand, or an offer's. A seat has room for one offer.
create table waitlist.seats (
  section_id text not null references waitlist.sections (id) on delete restrict,
  number integer not null,
  sale_id text not null,
  label text not null,
  run integer,
  at integer not null,
  offer_id text references waitlist.offers (id) on delete restrict,
  primary key (section_id, number)
);
create index seats_by_offer on waitlist.seats (offer_id) where offer_id is not null;
create index seats_at_hand on waitlist.seats (sale_id) where offer_id is null;
