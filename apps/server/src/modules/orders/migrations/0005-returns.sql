-- Seats of fulfilled orders that go back: by their buyer on the terms of the event's ladder, or by the organiser.
alter table orders.orders
  -- Returns that were begun, and those of them whose tickets have yet to be taken back.
  add column returns integer not null default 0 check (returns >= 0),
  add column returns_asked integer not null default 0 check (returns_asked between 0 and returns);

alter table orders.events
  add column refunds jsonb,
  add column cancelled_at timestamptz;

-- An organiser's cancellation of many orders, worked through in the order of their ids.
create table orders.cancellations (
  id text primary key,
  event_id text not null,
  -- Whose seats: of these orders, of a section, or (neither) of the whole event.
  order_ids text[],
  section_id text,
  percent integer not null check (percent between 0 and 100),
  reason text not null check (reason in ('organiser', 'event-cancelled')),
  note text not null,
  even_used boolean not null,
  account_id text not null,
  state text not null check (state in ('running', 'paused', 'done')),
  -- Orders that there were at the beginning, those looked at in this round, and the last of them.
  orders_total integer not null,
  orders_seen integer not null default 0,
  cursor text not null default '',
  created_at timestamptz not null,
  next_at timestamptz not null,
  finished_at timestamptz,
  check ((state = 'done') = (finished_at is not null)),
  check (order_ids is null or section_id is null)
);
create index cancellations_of_event on orders.cancellations (event_id, id);
create index cancellations_running on orders.cancellations (next_at) where state = 'running';
-- An event is cancelled once, whatever is heard how often.
create unique index cancellations_event on orders.cancellations (event_id) where reason = 'event-cancelled';

create table orders.returns (
  id text primary key,
  order_id text not null references orders.orders (id),
  event_id text not null,
  cancellation_id text references orders.cancellations (id),
  seats jsonb not null check (jsonb_array_length(seats) > 0),
  -- What the seats had been paid with, and how much of it goes back.
  paid bigint not null check (paid >= 0),
  refund bigint not null check (refund between 0 and paid),
  currency text not null,
  reason text not null check (reason in ('buyer', 'organiser', 'event-cancelled')),
  note text not null,
  even_used boolean not null,
  state text not null check (state in ('asked', 'refunding', 'done', 'refused')),
  used_seats integer[],
  asked_at timestamptz not null,
  updated_at timestamptz not null
);
create index returns_of_order on orders.returns (order_id);
create index returns_of_event on orders.returns (event_id, state);
create index returns_of_cancellation on orders.returns (cancellation_id, state) where cancellation_id is not null;
create index returns_open on orders.returns (updated_at) where state in ('asked', 'refunding');

-- A seat goes back once. Given up when its tickets could not be taken back.
create table orders.returned_seats (
  order_id text not null references orders.orders (id),
  seat_number integer not null,
  return_id text not null references orders.returns (id),
  primary key (order_id, seat_number)
);
