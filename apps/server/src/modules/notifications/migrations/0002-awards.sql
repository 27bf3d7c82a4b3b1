-- Letters of ballots: won, not won, little time left.
alter table notifications.messages
  drop constraint messages_kind_check,
  add constraint messages_kind_check check (
    kind in ('verification-code', 'tickets-issued', 'award-won', 'award-not-won', 'award-ending', 'order-refunded'));
