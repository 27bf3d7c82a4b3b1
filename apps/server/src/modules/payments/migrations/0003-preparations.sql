-- Payments that a provider was told of before their buyers agreed to them. One that nobody brings back in time is
-- withdrawn, so that no money of a buyer stays held for nothing.
create table payments.preparations (
  provider text not null,
  payment_key text not null,
  order_id text not null,
  ends_at timestamptz not null,
  primary key (provider, payment_key)
);
create index preparations_end on payments.preparations (ends_at);
