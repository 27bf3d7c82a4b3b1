-- Who owes whom. An entry is one fact about money; its columns are the accounts that it touches: what is owed to us is
-- positive, what we owe is negative. Entries are added, never changed.
create schema ledger;

create table ledger.entries (
  order_id text not null,
  kind text not null check (kind in ('captured', 'refunded', 'fulfilled', 'returned')),
  -- The payment, the refund or the return that it is about; nothing for the order itself.
  ref text not null,
  event_id text,
  section_id text,
  at timestamptz not null,
  currency text not null,
  -- Whose column `provider` is, in entries of money that moved.
  provider_name text,
  -- Seats sold, less than none when they came back.
  seats integer not null,
  provider bigint not null,
  buyer bigint not null,
  organiser bigint not null,
  fees bigint not null,
  kept bigint not null,
  discounts bigint not null,
  -- A fact is posted once, however often it is told.
  constraint entries_once primary key (order_id, kind, ref),
  constraint entries_sum check (provider + buyer + organiser + fees + kept + discounts = 0),
  constraint entries_provider check ((kind in ('captured', 'refunded')) = (provider_name is not null)),
  check (provider_name is not null or provider = 0),
  check (kind in ('captured', 'refunded') or (event_id is not null and section_id is not null))
);
create index entries_of_event on ledger.entries (event_id);

create function ledger.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the ledger only grows: post another entry' using errcode = 'restrict_violation';
end $$;
create trigger entries_only_grow before update or delete on ledger.entries
  for each row execute function ledger.refuse_change();

-- What reports say of an event and its sections.
create table ledger.events (
  id text primary key,
  organiser_id text not null,
  name text not null,
  currency text not null,
  time_zone text not null
);

create table ledger.sections (
  id text primary key,
  event_id text not null,
  name text not null
);
create index sections_of_event on ledger.sections (event_id);
