-- Text messages beside mails: a number that somebody gave is the wish to be told by it.
create table notifications.phones (
  account_id text primary key,
  number text not null check (number ~ '^\+[1-9][0-9]{6,14}$'),
  since timestamptz not null
);

alter table notifications.messages add column channel text not null default 'mail' check (channel in ('mail', 'text'));
