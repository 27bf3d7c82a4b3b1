-- What the defences did in a sale, for its organiser: counts, and accounts that a person should look at. Nobody is
-- refused because of a row in here.
create table waiting_room.defence_counts (
  sale_id text not null references waiting_room.sales (id) on delete restrict,
  defence text not null,
  count bigint not null check (count > 0),
  primary key (sale_id, defence)
);

create table waiting_room.reviews (
  sale_id text not null references waiting_room.sales (id) on delete restrict,
  account_id text not null,
  reason text not null,
  at timestamptz not null,
  primary key (sale_id, account_id, reason)
);
