-- Sales whose cancelling was heard of before the sale itself: their waitlists are closed as soon as they are known.
create table waitlist.cancelled_sales (
  id text primary key,
  at timestamptz not null,
  note text not null
);

-- Offers of an event that was cancelled are withdrawn. Who waited for one no longer waits.
alter table waitlist.offers
  drop constraint offers_state_check,
  add constraint offers_state_check check (state in ('offered', 'bought', 'declined', 'lapsed', 'withdrawn'));
update waitlist.entries e set state = 'over' from waitlist.sales s
where s.id = e.sale_id and s.closed_at is not null and e.state = 'waiting';
update waitlist.offers o set state = 'withdrawn' from waitlist.sales s
where s.id = o.sale_id and s.closed_at is not null and o.state = 'lapsed' and o.over_at < o.until;
