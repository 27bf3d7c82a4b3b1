-- What limits a line, noted by the ticker when it changes so that every process can show it, and the organiser's word
-- that everyone may come in.
alter table waiting_room.frontiers
  add column admits_all boolean not null default false,
  add column limited_by text,
  add column health_per_minute integer check (health_per_minute >= 0),
  add column limited_at timestamptz;

-- What the service can bear, in people called in a second over all lines: the one thing that a new ticker could not
-- find in the lines. Null is no limit.
create table waiting_room.throttle (
  is_only boolean primary key default true check (is_only),
  per_second double precision check (per_second >= 0),
  state text not null check (state in ('well', 'strained', 'unwell')),
  cause text,
  lessened_at timestamptz,
  raised_at timestamptz
);
