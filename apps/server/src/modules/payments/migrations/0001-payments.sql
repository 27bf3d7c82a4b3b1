-- What was asked of payment providers and what they said. Every call is prepared here before it is made and booked here
-- after it was answered, so that a crash at any moment leaves a row that says whom to ask what.
create schema payments;

create table payments.payments (
  id text primary key,
  order_id text not null,
  account_id text not null,
  event_id text not null,
  provider text not null,
  payment_key text not null,
  amount bigint not null check (amount >= 0),
  currency text not null,
  state text not null check (state in ('requested', 'capturing', 'captured', 'refused', 'declined', 'refunding', 'refunded')),
  state_at timestamptz not null,
  created_at timestamptz not null,
  -- What to ask the provider next, and when.
  step text check (step in ('confirm', 'query', 'cancel')),
  next_at timestamptz,
  -- One asks at a time: until then, under this number. A result under an older number is not booked.
  lease integer not null default 0,
  lease_until timestamptz,
  asked_at timestamptz,
  -- Unclear answers in a row, since when, and what the last one was.
  attempts integer not null default 0,
  unknown_since timestamptz,
  trouble text,
  -- Part of the idempotency key of confirm; moves on only when the provider has said that nothing was captured.
  key_seq integer not null default 0,
  -- A confirm was ever left without a clear answer: a refusal is looked at again later.
  is_doubtful boolean not null default false,
  -- What a webhook claimed since the last question. A hint to ask, never a fact.
  hint text,
  provider_status text,
  refusal jsonb,
  captured_at timestamptz,
  captured_amount bigint not null default 0,
  refunded_amount bigint not null default 0,
  -- What the buyer paid with counts once, in whatever requests it is sent.
  unique (provider, payment_key),
  check ((step is null) = (next_at is null)),
  -- Nobody forgets a payment whose money may have moved.
  check (state not in ('capturing', 'refunding') or next_at is not null),
  check (refunded_amount between 0 and captured_amount),
  check (state not in ('requested', 'capturing') or captured_amount = 0),
  check (state not in ('captured', 'refunding', 'refunded') or (captured_amount = amount and captured_at is not null)),
  check (state <> 'refunded' or refunded_amount = captured_amount)
) with (fillfactor = 80);

-- An order has at most one payment whose outcome is open.
create unique index payments_one_live on payments.payments (order_id) where state in ('requested', 'capturing');
create index payments_of_order on payments.payments (order_id);
create index payments_of_event on payments.payments (event_id);
create index payments_due on payments.payments (next_at) where next_at is not null;
create index payments_unknown on payments.payments (unknown_since) where unknown_since is not null;

-- Money that goes back. A refund is done when the provider's balance of the payment has come down to `target`.
create table payments.refunds (
  id text primary key,
  number bigint generated always as identity,
  payment_id text not null references payments.payments (id),
  -- The message that asked for it: the same message asks once.
  request_id text unique,
  origin text not null check (origin in ('order', 'mismatch', 'elsewhere')),
  -- What goes back; nothing when a payment is cancelled before money came.
  amount bigint not null check (amount >= 0),
  balance bigint not null check (balance >= 0),
  target bigint not null check (target >= 0),
  key_seq integer not null default 0,
  reason text not null,
  created_at timestamptz not null,
  done_at timestamptz,
  check ((origin = 'order') = (request_id is not null))
);
create index refunds_of_payment on payments.refunds (payment_id);
create index refunds_open on payments.refunds (payment_id, number) where done_at is null;

-- For support: what happened to a payment, one line a change.
create table payments.history (
  number bigint primary key generated always as identity,
  payment_id text not null references payments.payments (id),
  at timestamptz not null,
  event text not null,
  from_state text not null,
  to_state text not null,
  detail text
);
create index history_of_payment on payments.history (payment_id, number);

-- Webhooks that made us ask: a transmission that is sent again asks nothing new.
create table payments.webhooks (
  provider text not null,
  transmission_id text not null,
  payment_id text not null references payments.payments (id),
  claim text,
  received_at timestamptz not null,
  primary key (provider, transmission_id, payment_id)
);
create index webhooks_age on payments.webhooks (received_at);
