-- Late money may get other seats than were ordered, if the buyer agreed; orders that cost nothing have no payment.
alter table orders.orders
  add column accept_equal_seats boolean not null default false,
  add column is_late boolean not null default false,
  -- The seats that were ordered, where others were found instead.
  add column first_seats jsonb;

-- From the first attempt on there is a payment that the attempt is for, unless there is nothing to pay.
alter table orders.orders drop constraint orders_check2;
alter table orders.orders drop constraint orders_check3;
alter table orders.orders
  add constraint attempt_has_payment check (total = 0 or (attempt = 0) = (payment_id is null)),
  add constraint state_has_payment
    check (total = 0 or state in ('awaiting-payment', 'expired', 'cancelled') or payment_id is not null);
