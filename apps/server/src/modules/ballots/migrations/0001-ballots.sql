-- Who applied for what, in which order the draw put them, and who may buy until when. What was frozen by the draw is
-- kept by the triggers below: neither wishes nor order can be rewritten afterwards.
create schema ballots;

-- `arrivals` is the last number given: whoever gives numbers, draws, or gives out places holds this row's lock.
-- `is_touched` says that places may have become free, or applications wait for the first awards.
create table ballots.ballots (
  id text primary key,
  event jsonb not null,
  organiser_id text not null,
  opens_at timestamptz not null,
  draw_at timestamptz not null check (draw_at > opens_at),
  closes_at timestamptz not null check (closes_at > draw_at),
  hold_seconds integer not null check (hold_seconds > 0),
  limit_per_account integer not null check (limit_per_account > 0),
  pay_by_seconds integer not null check (pay_by_seconds > 0),
  moves text not null check (moves in ('none', 'down')),
  arrivals integer not null default 0 check (arrivals >= 0),
  draw_commitment text not null,
  draw_seed text not null,
  draw_entrants integer check (draw_entrants >= 0),
  draw_entrants_root text,
  drawn_at timestamptz,
  beacon_url text,
  beacon_chain text,
  beacon_round bigint check (beacon_round > 0),
  beacon_at timestamptz,
  beacon_randomness text,
  allotted_at timestamptz,
  is_touched boolean not null default false,
  constraint ballots_commitment check (draw_commitment = encode(sha256(decode(draw_seed, 'hex')), 'hex')),
  constraint ballots_draw check (
    num_nulls(draw_entrants, draw_entrants_root) in (0, 2)
    and (drawn_at is null or draw_entrants is not null)
    and (allotted_at is null or drawn_at is not null)
    and num_nulls(beacon_url, beacon_chain, beacon_round, beacon_at) in (0, 4)
    and (beacon_randomness is null or (beacon_round is not null and drawn_at is not null)))
) with (fillfactor = 50);
create index ballots_undrawn on ballots.ballots (draw_at) where drawn_at is null;
create index ballots_touched on ballots.ballots (id) where is_touched;

create function ballots.refuse_redrawing() returns trigger language plpgsql as $$
begin
  if (old.draw_commitment, old.draw_seed, old.beacon_url, old.beacon_chain, old.beacon_round, old.beacon_at)
       is distinct from (new.draw_commitment, new.draw_seed, new.beacon_url, new.beacon_chain, new.beacon_round, new.beacon_at)
     or (old.draw_entrants is not null and (old.draw_entrants, old.draw_entrants_root, old.arrivals) is distinct from (new.draw_entrants, new.draw_entrants_root, new.arrivals))
     or (old.drawn_at is not null and (old.drawn_at, old.beacon_randomness) is distinct from (new.drawn_at, new.beacon_randomness)) then
    raise exception 'a draw is committed to, frozen and revealed once' using errcode = 'restrict_violation';
  end if;
  return new;
end
$$;
create trigger ballots_draw_once before update on ballots.ballots for each row execute function ballots.refuse_redrawing();

-- In the order of the sale. `places_given` is what the first awards were made from; `left_over` is how many of its
-- places nobody in reserve could take when that was last looked at.
create table ballots.lines (
  id text primary key,
  sale_id text not null references ballots.ballots (id) on delete restrict,
  index integer not null check (index >= 0),
  name text not null,
  course text,
  section_ids text[] not null,
  places_given integer check (places_given >= 0),
  left_over integer not null default 0 check (left_over >= 0),
  unique (sale_id, index)
);

-- What is known of the stock; without counts nothing is given out.
create table ballots.sections (
  sale_id text not null references ballots.ballots (id) on delete restrict,
  section_id text not null,
  capacity integer not null check (capacity >= 0),
  free integer,
  sold integer,
  blocked integer,
  stock_at timestamptz,
  primary key (sale_id, section_id),
  check (num_nulls(free, sold, blocked, stock_at) in (0, 4))
);

-- `preferences` are indices of lines. One application for each account, with one number for ever.
create table ballots.applications (
  sale_id text not null references ballots.ballots (id) on delete restrict,
  number integer not null check (number > 0),
  id text not null unique,
  account_id text not null,
  preferences integer[] not null,
  quantity integer not null check (quantity > 0),
  state text not null check (state in ('active', 'withdrawn')),
  applied_at timestamptz not null,
  changed_at timestamptz not null,
  position integer check (position > 0),
  primary key (sale_id, number),
  constraint applications_one_each unique (sale_id, account_id),
  constraint applications_one_position unique (sale_id, position),
  check (cardinality(preferences) > 0)
);

create function ballots.refuse_rewriting() returns trigger language plpgsql as $$
begin
  if (old.sale_id, old.number, old.id, old.account_id, old.applied_at)
       is distinct from (new.sale_id, new.number, new.id, new.account_id, new.applied_at)
     or (old.position is not null and (old.position, old.preferences, old.quantity, old.state)
       is distinct from (new.position, new.preferences, new.quantity, new.state)) then
    raise exception 'an application keeps its number for ever, and its wishes from the draw on' using errcode = 'restrict_violation';
  end if;
  return new;
end
$$;
create trigger applications_write_once before update on ballots.applications for each row execute function ballots.refuse_rewriting();

-- An application gets at most one award, ever. `pass_until` is when the last pass that was given for it runs out;
-- `released_at` is when its places went back to the others.
create table ballots.awards (
  id text primary key,
  sale_id text not null,
  number integer not null,
  account_id text not null,
  line_id text not null references ballots.lines (id) on delete restrict,
  quantity integer not null check (quantity > 0),
  bought integer not null default 0 check (bought >= 0),
  how text not null check (how in ('preference', 'moved-down')),
  from_reserve boolean not null,
  state text not null default 'awarded' check (state in ('awarded', 'bought', 'declined', 'lapsed', 'returned')),
  awarded_at timestamptz not null,
  pay_by timestamptz not null check (pay_by > awarded_at),
  pass_until timestamptz check (pass_until <= pay_by),
  reminded_at timestamptz,
  released_at timestamptz,
  constraint awards_one_each unique (sale_id, number),
  foreign key (sale_id, number) references ballots.applications (sale_id, number) on delete restrict,
  check (state <> 'awarded' or released_at is null),
  check ((bought > 0) = (state = 'bought'))
);
create index awards_unreleased on ballots.awards (sale_id, pay_by) where released_at is null;
create index awards_by_account on ballots.awards (account_id);
create index awards_by_line on ballots.awards (line_id);

-- Orders of ballots: while one is pending its award does not lapse, and what it bought is counted from here.
create table ballots.orders (
  id text primary key,
  sale_id text not null references ballots.ballots (id) on delete restrict,
  section_id text not null,
  account_id text not null,
  seats integer not null check (seats > 0),
  state text not null check (state in ('pending', 'fulfilled', 'over')),
  at timestamptz not null
);
create index orders_by_buyer on ballots.orders (sale_id, account_id);
