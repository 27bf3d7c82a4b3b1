-- The provider's books beside ours. How far they were compared; one process at a time works on it.
create table payments.reconciled (
  provider text primary key,
  until timestamptz not null,
  lease_until timestamptz
);

-- Where they differ. One that is gone when it is looked at again is resolved.
create table payments.differences (
  provider text not null,
  payment_key text not null,
  order_id text not null,
  kind text not null check (kind in ('missing-here', 'missing-there', 'amount', 'state')),
  currency text not null,
  -- What each side has kept of the money, and what it is there.
  theirs bigint not null,
  ours bigint not null,
  their_state text not null,
  our_state text not null,
  found_at timestamptz not null,
  looked_at timestamptz not null,
  resolved_at timestamptz,
  primary key (provider, payment_key)
);
create index differences_open on payments.differences (looked_at) where resolved_at is null;

-- Payments by the time of their capture: rows lie in about that order, and such an index costs a capture nothing.
create index payments_captured on payments.payments using brin (captured_at);
create index refunds_done on payments.refunds using brin (done_at);
