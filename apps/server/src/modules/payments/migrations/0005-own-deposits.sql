-- A buyer's own payments by deposit.
create index payments_deposits on payments.payments (account_id, created_at) where deposit is not null;
