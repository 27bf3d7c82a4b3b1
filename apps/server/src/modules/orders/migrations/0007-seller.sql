-- Who sells, as receipts say it.
alter table orders.events add column seller jsonb;
