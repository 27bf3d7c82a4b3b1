-- What an order costs beside the price of its seats, and what codes take off it.
alter table orders.orders
  add column fee bigint not null default 0 check (fee >= 0),
  add column discount bigint not null default 0,
  add column codes text[] not null default '{}';
alter table orders.orders drop constraint orders_check1;
alter table orders.orders
  add constraint orders_discount check (discount between 0 and unit_price * seat_count),
  add constraint orders_total check (total = unit_price * seat_count + fee - discount);
