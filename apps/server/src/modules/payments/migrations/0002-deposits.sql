-- Payments by deposit: the provider opens an account, and the buyer has until then to pay into it.
alter table payments.payments add column deposit jsonb;

alter table payments.payments drop constraint payments_state_check;
alter table payments.payments add constraint payments_state_check
  check (state in ('requested', 'capturing', 'awaiting', 'captured', 'refused', 'declined', 'refunding', 'refunded'));
alter table payments.payments drop constraint payments_step_check;
alter table payments.payments add constraint payments_step_check
  check (step in ('confirm', 'query', 'cancel', 'withdraw'));
-- Nobody forgets a payment whose money may have moved, or may yet come.
alter table payments.payments drop constraint payments_check1;
alter table payments.payments add constraint payments_not_forgotten
  check (state not in ('capturing', 'awaiting', 'refunding') or next_at is not null);
alter table payments.payments drop constraint payments_check3;
alter table payments.payments add constraint payments_no_money_before
  check (state not in ('requested', 'capturing', 'awaiting') or captured_amount = 0);
alter table payments.payments add constraint payments_awaiting_where check (state <> 'awaiting' or deposit is not null);

drop index payments.payments_one_live;
create unique index payments_one_live on payments.payments (order_id) where state in ('requested', 'capturing', 'awaiting');
