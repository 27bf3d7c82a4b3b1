-- A sale by auction: bids from its opening until `endsAt`, then awards to be bought in time. Its lines are lots.
alter table catalog.sales
  add column auction jsonb,
  add constraint sales_auction check (auction is null or method = 'auction');
