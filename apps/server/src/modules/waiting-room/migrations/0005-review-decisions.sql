-- What a person decided about an account on a review list, and who.
create table waiting_room.review_decisions (
  sale_id text not null references waiting_room.sales (id) on delete restrict,
  account_id text not null,
  decision text not null check (decision in ('clear', 'keep')),
  decided_by text not null,
  at timestamptz not null,
  primary key (sale_id, account_id)
);
