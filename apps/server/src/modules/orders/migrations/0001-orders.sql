-- Orders, what is known of their payments, and every step they took. What a step decides and what it asks of others is
-- committed together, so that an order can always be continued from here.
create schema orders;

create table orders.orders (
  id text primary key,
  -- A hold becomes one order, however often it is sent.
  hold_id text not null unique,
  account_id text not null,
  sale_id text not null,
  line_id text not null,
  event_id text not null,
  event jsonb not null,
  section_id text not null,
  section_name text not null,
  seats jsonb not null,
  seat_count integer not null check (seat_count > 0 and seat_count = jsonb_array_length(seats)),
  unit_price bigint not null check (unit_price >= 0),
  total bigint not null check (total = unit_price * seat_count),
  currency text not null,
  state text not null check (state in ('awaiting-payment', 'securing', 'capturing', 'selling', 'returning', 'reclaiming',
                                       'refunding', 'fulfilled', 'expired', 'cancelled', 'refunded')),
  -- Steps taken so far; also the number of the last line of its history.
  version integer not null check (version >= 0),
  -- How often inventory was asked to secure the hold, and for which payment the last time.
  attempt integer not null check (attempt >= 0),
  payment_id text,
  refusals integer not null,
  sell_refusals integer not null,
  refusal jsonb,
  refused_at timestamptz,
  hold_seconds integer not null,
  placed_at timestamptz not null,
  pay_by timestamptz not null,
  updated_at timestamptz not null,
  -- From the first attempt on there is a payment that the attempt is for.
  check ((attempt = 0) = (payment_id is null)),
  check (state in ('awaiting-payment', 'expired', 'cancelled') or payment_id is not null)
) with (fillfactor = 80);

create index orders_of_account on orders.orders (account_id, id);
create index orders_of_event on orders.orders (event_id);
create index orders_to_expire on orders.orders (pay_by) where state = 'awaiting-payment';
create index orders_under_way on orders.orders (updated_at)
  where state in ('securing', 'capturing', 'selling', 'returning', 'reclaiming', 'refunding');

-- Every payment an order has heard of, with the last that is known of it.
create table orders.payments (
  order_id text not null references orders.orders (id),
  payment_id text not null,
  amount bigint not null,
  currency text not null,
  state text not null check (state in ('requested', 'declined', 'refused', 'captured', 'refunding', 'refunded')),
  updated_at timestamptz not null,
  primary key (order_id, payment_id)
);
create index payments_refunding on orders.payments (updated_at) where state = 'refunding';

-- For support: what happened to an order, one line a step. Two deciders can never write the same step.
create table orders.history (
  order_id text not null references orders.orders (id),
  version integer not null,
  at timestamptz not null,
  event text not null,
  from_state text,
  to_state text not null,
  primary key (order_id, version)
);

-- Whose an event is, for the organiser's figures before the first order.
create table orders.events (
  id text primary key,
  organiser_id text not null,
  currency text not null
);
