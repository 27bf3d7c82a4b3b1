-- Which returns of seats of an order were taken back already, so that a repeated fact counts once.
alter table waiting_room.fulfilled_orders add column returns text[] not null default '{}';
