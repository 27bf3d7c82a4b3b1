-- What organisers give off and to whom they open: a promotion is the rule, its codes are what buyers type. A use of a
-- code is a row, so uses are counted by nobody and drift from nothing.
create table orders.promotions (
  id text primary key,
  event_id text not null,
  name text not null,
  -- What it takes off the price of the seats, if anything.
  percent integer check (percent between 1 and 100),
  amount bigint check (amount > 0),
  -- The allotments that it opens, each with the code that inventory gave out for it.
  allotments jsonb not null default '[]',
  allotment_ids text[] not null default '{}',
  -- Uses of each code, and of all codes by one account; null for any number.
  uses_max integer check (uses_max > 0),
  uses_per_account_max integer check (uses_per_account_max > 0),
  section_ids text[],
  valid_from timestamptz,
  valid_until timestamptz,
  created_at timestamptz not null,
  ended_at timestamptz,
  check (percent is null or amount is null),
  check (percent is not null or amount is not null or allotment_ids <> '{}'),
  check (valid_from < valid_until)
);
create index promotions_of_event on orders.promotions (event_id, id);
create index promotions_of_allotment on orders.promotions using gin (allotment_ids) where allotment_ids <> '{}';

create table orders.codes (
  event_id text not null,
  code text not null,
  promotion_id text not null references orders.promotions (id),
  primary key (event_id, code)
);
create index codes_of_promotion on orders.codes (promotion_id, code);

create table orders.code_uses (
  order_id text primary key,
  event_id text not null,
  code text not null,
  promotion_id text not null,
  account_id text not null,
  -- The how-manieth use it is, of the code and by the account, where these are limited: no two have the same.
  use integer check (use > 0),
  account_use integer check (account_use > 0),
  used_at timestamptz not null,
  foreign key (event_id, code) references orders.codes (event_id, code),
  constraint code_uses_limit unique (event_id, code, use),
  constraint code_uses_account_limit unique (promotion_id, account_id, account_use)
);

-- An order is made with one code at most.
alter table orders.orders drop column codes, add column promo_code text;
