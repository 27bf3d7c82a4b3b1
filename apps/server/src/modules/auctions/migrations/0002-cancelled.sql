-- An event that does not take place: its lots take no bids and are not closed any more, open awards are withdrawn.
alter table auctions.lots add column cancelled_at timestamptz;
drop index auctions.lots_open;
create index lots_open on auctions.lots (end_at) where closed_at is null and cancelled_at is null;
alter table auctions.awards
  drop constraint awards_state_check,
  add constraint awards_state_check check (state in ('awarded', 'bought', 'declined', 'lapsed', 'returned', 'withdrawn'));

-- Sales whose cancelling was heard of before the sale itself, and sales by other methods.
create table auctions.cancelled_sales (
  id text primary key,
  at timestamptz not null,
  note text not null
);
