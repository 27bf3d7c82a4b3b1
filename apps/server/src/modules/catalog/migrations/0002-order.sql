-- How those who join a line before its opening are ordered. Sales that were published before there was a draw keep
-- the order that their buyers were told.
alter table catalog.sales add column entry_order text not null default 'draw' check (entry_order in ('draw', 'arrival'));
update catalog.sales set entry_order = 'arrival' where id in (select sale_id from catalog.publications);
