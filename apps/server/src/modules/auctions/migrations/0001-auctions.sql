-- Lots, who bid what on them, and who may buy until when.
create schema auctions;

-- `ends_at` is the planned end, `end_at` the one that holds. `sequence` counts the accepted bids, and is the version of
-- everything that a bid changes; `last_bid` is the id of the newest, which no other history of the lot has. A closed lot has the signature over its report.
create table auctions.lots (
  id text primary key,
  sale_id text not null,
  section_id text not null unique,
  name text not null,
  event jsonb not null,
  seats integer not null check (seats > 0),
  start_amount bigint not null check (start_amount >= 0),
  currency text not null,
  step bigint not null check (step > 0),
  bids_max integer not null check (bids_max > 0),
  opens_at timestamptz not null,
  ends_at timestamptz not null,
  soft_close jsonb,
  closes_at timestamptz not null,
  pay_by_seconds integer not null check (pay_by_seconds > 0),
  hold_seconds integer not null check (hold_seconds > 0),
  left_over text not null check (left_over in ('organiser', 'start-price')),
  end_at timestamptz not null check (end_at >= ends_at),
  sequence integer not null default 0 check (sequence >= 0),
  bidders integer not null default 0 check (bidders between 0 and sequence),
  last_bid text,
  closed_at timestamptz check (closed_at >= end_at),
  report_hash text,
  report_signature text,
  is_touched boolean not null default false,
  check (num_nulls(closed_at, report_hash, report_signature) in (0, 3))
) with (fillfactor = 50);
create index lots_open on auctions.lots (end_at) where closed_at is null;
create index lots_touched on auctions.lots (id) where is_touched;
create index lots_sale on auctions.lots (sale_id);

create function auctions.refuse_reopening() returns trigger language plpgsql as $$
begin
  if old.closed_at is not null and (old.closed_at, old.report_hash, old.report_signature, old.sequence, old.bidders, old.end_at)
       is distinct from (new.closed_at, new.report_hash, new.report_signature, new.sequence, new.bidders, new.end_at) then
    raise exception 'a lot is closed once, and takes no bids afterwards' using errcode = 'restrict_violation';
  end if;
  return new;
end
$$;
create trigger lots_closed_once before update on auctions.lots for each row execute function auctions.refuse_reopening();

-- The seats of a lot, the best first: the highest bid gets place 1.
create table auctions.seats (
  lot_id text not null references auctions.lots (id) on delete restrict,
  place integer not null check (place > 0),
  number integer not null check (number > 0),
  label text not null,
  primary key (lot_id, place),
  unique (lot_id, number)
);

-- Every accepted bid, in the order of the decisions. Rows are only added. No reference to the lot: checking it for each
-- bid and each bidder, under the lot's lock, took a fifth of a batch's time.
create table auctions.bids (
  lot_id text collate "C" not null,
  sequence integer not null check (sequence > 0),
  id text collate "C" not null unique,
  account_id text not null,
  amount bigint not null check (amount >= 0),
  at timestamptz not null,
  primary key (lot_id, sequence)
);

create function auctions.refuse_rewriting() returns trigger language plpgsql as $$
begin
  raise exception 'a bid is never changed and never taken away' using errcode = 'restrict_violation';
end
$$;
create trigger bids_are_kept before update or delete on auctions.bids for each row execute function auctions.refuse_rewriting();

-- The live bid of each bidder. `bidder` is the name by which documents call the account; `used` counts its bids, whose
-- sequences are kept for its own list; `pushes` is how often it was told that it is no longer among those that win.
create table auctions.bidders (
  lot_id text collate "C" not null,
  account_id text collate "C" not null,
  bidder text not null,
  amount bigint not null,
  sequence integer not null,
  used integer not null check (used > 0),
  sequences integer[] not null check (cardinality(sequences) = used and sequences[used] = sequence),
  pushes integer not null default 0 check (pushes between 0 and used),
  pushed_out_at timestamptz,
  primary key (lot_id, account_id)
) with (fillfactor = 70);
create index bidders_by_rank on auctions.bidders (lot_id, amount desc, sequence);

-- An account gets at most one award of a lot, ever, and a seat is in one award at a time. `rank` is null for a seat that
-- was left over. `pass_until` is when the last pass that was given for it runs out; `released_at` is when the seat went
-- on to others.
create table auctions.awards (
  id text primary key,
  lot_id text not null references auctions.lots (id) on delete restrict,
  account_id text not null,
  place integer not null,
  rank integer check (rank > 0),
  amount bigint not null check (amount >= 0),
  how text not null check (how in ('won', 'moved-up', 'left-over')),
  state text not null default 'awarded' check (state in ('awarded', 'bought', 'declined', 'lapsed', 'returned')),
  awarded_at timestamptz not null,
  pay_by timestamptz not null check (pay_by > awarded_at),
  remind_at timestamptz not null,
  reminded_at timestamptz,
  pass_until timestamptz check (pass_until <= pay_by),
  released_at timestamptz,
  constraint awards_one_each unique (lot_id, account_id),
  foreign key (lot_id, place) references auctions.seats (lot_id, place) on delete restrict,
  check ((rank is null) = (how = 'left-over')),
  check (state <> 'awarded' or released_at is null)
);
create unique index awards_one_a_seat on auctions.awards (lot_id, place) where released_at is null;
create index awards_waiting on auctions.awards (lot_id, pay_by) where released_at is null and state <> 'bought';
create index awards_by_account on auctions.awards (account_id);

-- Orders of lots: while one is pending its award does not lapse.
create table auctions.orders (
  id text primary key,
  lot_id text not null references auctions.lots (id) on delete restrict,
  account_id text not null,
  amount bigint not null,
  state text not null check (state in ('pending', 'fulfilled', 'over'))
);
create index orders_by_buyer on auctions.orders (lot_id, account_id);
