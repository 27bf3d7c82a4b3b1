-- An order whose buyer pays into an account waits for the deposit, with its seats secured.
alter table orders.orders drop constraint orders_state_check;
alter table orders.orders add constraint orders_state_check
  check (state in ('awaiting-payment', 'securing', 'capturing', 'awaiting-deposit', 'selling', 'returning', 'reclaiming',
                   'refunding', 'fulfilled', 'expired', 'cancelled', 'refunded'));
