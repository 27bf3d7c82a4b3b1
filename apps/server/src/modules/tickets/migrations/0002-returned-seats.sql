-- Seats whose tickets were taken back for a return: a fact of their fulfilment that comes later issues none for them.
create table tickets.returned_seats (
  order_id text not null,
  seat_number integer not null,
  return_id text not null,
  primary key (order_id, seat_number)
);

-- The part of what was paid for the order that is this seat's, its share of fees and discounts with it.
alter table tickets.tickets rename column unit_price to paid;
