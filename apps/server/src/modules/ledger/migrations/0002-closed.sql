-- Orders whose money has all gone back. What was booked for them is taken back by an entry of its own, and by another
-- should the news of something earlier come later.
create table ledger.ended (
  order_id text primary key,
  at timestamptz not null
);

alter table ledger.entries drop constraint entries_kind_check;
alter table ledger.entries drop constraint entries_check;
alter table ledger.entries
  add constraint entries_kind check (kind in ('captured', 'refunded', 'fulfilled', 'returned', 'closed')),
  add constraint entries_seats check (kind in ('captured', 'refunded') or (event_id is not null and section_id is not null));
