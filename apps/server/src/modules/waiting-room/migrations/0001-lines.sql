-- Who stands where in which line, how far each line has been admitted, and who may shop until when. Everything a person
-- was told is here before the answer leaves, so a restart forgets nobody.
create schema waiting_room;

create table waiting_room.sales (
  id text primary key,
  event_id text not null,
  organiser_id text not null,
  opens_at timestamptz not null,
  closes_at timestamptz not null check (closes_at > opens_at),
  hold_seconds integer not null check (hold_seconds > 0)
);
create index sales_by_closing on waiting_room.sales (closes_at);

-- What people join: `arrivals` is the last number given. Whoever gives numbers holds this row's lock.
create table waiting_room.lines (
  id text primary key,
  sale_id text not null references waiting_room.sales (id) on delete restrict,
  name text not null,
  section_ids text[] not null,
  arrivals integer not null default 0 check (arrivals >= 0),
  draw_commitment text,
  draw_seed text,
  draw_entrants integer check (draw_entrants >= 0),
  draw_entrants_root text
) with (fillfactor = 50);
create index lines_by_sale on waiting_room.lines (sale_id);

-- How the line is admitted, apart from `lines` so that joining and admitting never wait for each other. `allowance` is
-- how many the rate allowed at `ticked_at`, with its fraction.
create table waiting_room.frontiers (
  line_id text primary key references waiting_room.lines (id) on delete restrict,
  is_paused boolean not null default false,
  shoppers_max integer not null check (shoppers_max > 0),
  admit_per_minute integer not null check (admit_per_minute > 0),
  frontier integer not null default 0 check (frontier >= 0),
  allowance double precision not null default 0 check (allowance >= 0),
  ticked_at timestamptz
) with (fillfactor = 50);

-- The positions called together. `lapsed_at` ends the time to claim, so the ticker and a late claim cannot both count on it.
create table waiting_room.calls (
  line_id text not null references waiting_room.lines (id) on delete restrict,
  from_position integer not null check (from_position > 0),
  to_position integer not null,
  called_at timestamptz not null,
  lapsed_at timestamptz,
  primary key (line_id, from_position),
  check (to_position >= from_position)
);
create index calls_open on waiting_room.calls (line_id, from_position) where lapsed_at is null;
create index calls_by_time on waiting_room.calls (line_id, called_at);

-- `position` is written when the place stops waiting; until then it is arithmetic on the number.
create table waiting_room.places (
  line_id text not null references waiting_room.lines (id) on delete restrict,
  number integer not null check (number > 0),
  id text not null,
  sale_id text not null,
  account_id text not null,
  joined_at timestamptz not null,
  state text not null default 'waiting' check (state in ('waiting', 'admitted', 'used', 'lapsed', 'left')),
  position integer check (position > 0),
  primary key (line_id, number),
  check ((state = 'waiting') = (position is null))
);
-- One person, one place: the promise that all lines of a sale share.
create unique index places_one_live on waiting_room.places (sale_id, account_id) where state in ('waiting', 'admitted');
create unique index places_settled on waiting_room.places (line_id, position) where position is not null;

create function waiting_room.refuse_renumbering() returns trigger language plpgsql as $$
begin
  raise exception 'a place keeps its line, number and owner for ever' using errcode = 'restrict_violation';
end
$$;
create trigger places_write_once before update of line_id, number, id, sale_id, account_id, joined_at on waiting_room.places
  for each statement execute function waiting_room.refuse_renumbering();

create table waiting_room.passes (
  line_id text not null,
  number integer not null,
  id text not null,
  account_id text not null,
  issued_at timestamptz not null,
  expires_at timestamptz not null check (expires_at > issued_at),
  ended_at timestamptz,
  ended_by text check (ended_by in ('left', 'fulfilled')),
  primary key (line_id, number),
  foreign key (line_id, number) references waiting_room.places (line_id, number) on delete restrict,
  check ((ended_at is null) = (ended_by is null))
);
create index passes_open on waiting_room.passes (line_id, expires_at) where ended_at is null;
create index passes_by_account on waiting_room.passes (account_id, line_id) where ended_at is null;

-- What is known of the stock. Facts come in any order: capacity from the sale, counts from the inventory, `fulfilled`
-- from orders. While any of them is missing nobody is called.
create table waiting_room.sections (
  sale_id text not null,
  section_id text not null,
  capacity integer check (capacity >= 0),
  free integer,
  held integer,
  secured integer,
  sold integer,
  blocked integer,
  stock_at timestamptz,
  fulfilled integer not null default 0,
  primary key (sale_id, section_id),
  check (num_nulls(free, held, secured, sold, blocked, stock_at) in (0, 6))
);

-- Orders already counted in `fulfilled`, so that a repeated fact counts once and a refund takes back what was counted.
create table waiting_room.fulfilled_orders (
  order_id text primary key,
  sale_id text not null,
  section_id text,
  seats integer not null check (seats >= 0),
  is_refunded boolean not null default false
);
