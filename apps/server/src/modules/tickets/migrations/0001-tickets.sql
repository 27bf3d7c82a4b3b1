-- Tickets: one for each seat of a fulfilled order. The indexes promise that nobody gets two for a seat, and that no seat
-- lets two people in, whatever the code does.
create schema tickets;

create table tickets.tickets (
  id text primary key,
  order_id text not null,
  account_id text not null,
  event_id text not null,
  event jsonb not null,
  section_id text not null,
  section_name text not null,
  seat_number integer not null check (seat_number > 0),
  seat_label text not null,
  unit_price bigint not null check (unit_price >= 0),
  currency text not null,
  state text not null check (state in ('valid', 'used', 'revoked')),
  issued_at timestamptz not null,
  used_at timestamptz,
  revoked_at timestamptz,
  -- A ticket that was used keeps saying when, even if it is revoked afterwards.
  check (state <> 'used' or used_at is not null),
  check ((state = 'revoked') = (revoked_at is not null)),
  -- Issuing twice issues nothing.
  unique (order_id, seat_number)
);

-- A seat lets in one person: a second ticket needs the first to be revoked.
create unique index one_ticket_per_seat on tickets.tickets (section_id, seat_number) where state <> 'revoked';
create index tickets_of_account on tickets.tickets (account_id, id);
create index tickets_of_event on tickets.tickets (event_id);

-- Orders whose money has gone back: a fact of their fulfilment that comes later issues nothing.
create table tickets.refunded_orders (
  order_id text primary key,
  refunded_at timestamptz not null
);
