-- An event that does not take place: its ballot is closed for ever, nothing is drawn or awarded, open awards are withdrawn.
alter table ballots.ballots add column cancelled_at timestamptz;
drop index ballots.ballots_undrawn;
create index ballots_undrawn on ballots.ballots (draw_at) where drawn_at is null and cancelled_at is null;
alter table ballots.awards
  drop constraint awards_state_check,
  add constraint awards_state_check check (state in ('awarded', 'bought', 'declined', 'lapsed', 'returned', 'withdrawn'));

-- Sales whose cancelling was heard of before the sale itself, and sales by other methods.
create table ballots.cancelled_sales (
  id text primary key,
  at timestamptz not null,
  note text not null
);
