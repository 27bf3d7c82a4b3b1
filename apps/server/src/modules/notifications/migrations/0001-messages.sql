-- What people are told by mail is a promise like any other: it is written down with the fact that causes it, sent by whoever is up, and never twice for one outcome.
create schema notifications;

-- This module's own copy of how to reach an account.
create table notifications.accounts (
  id text primary key,
  email text not null,
  name text not null,
  locale text not null
);

create table notifications.messages (
  id text primary key,
  -- The outcome that it tells of, for example tickets:ord_…; a fact that arrives twice meets its own row.
  cause text not null unique,
  account_id text not null,
  kind text not null check (kind in ('verification-code', 'tickets-issued', 'order-refunded')),
  data jsonb,
  state text not null default 'queued' check (state in ('queued', 'sent', 'given-up', 'lapsed', 'unreachable')),
  -- Counts from the moment a sender takes the message, so that one that kills its sender is not tried for ever.
  attempts integer not null default 0,
  -- When it may be tried; while a sender has it, when the sender's lease ends.
  due_at timestamptz not null,
  useful_until timestamptz,
  reason text,
  created_at timestamptz not null,
  ended_at timestamptz,
  check ((ended_at is null) = (state = 'queued')),
  -- Names, codes and orders are forgotten as soon as nobody needs them to send the message.
  check ((data is null) = (state in ('sent', 'lapsed', 'unreachable')))
);
create index messages_due on notifications.messages (due_at) where state = 'queued';
create index messages_of_account on notifications.messages (account_id) where state = 'queued';
create index messages_given_up on notifications.messages (created_at) where state = 'given-up';
create index messages_ended on notifications.messages (ended_at) where ended_at is not null;

-- Where mails go in development, in place of a mail server.
create table notifications.mailbox (
  id bigint primary key generated always as identity,
  message_id text not null unique,
  to_address text not null,
  subject text not null,
  text text not null,
  html text not null,
  sent_at timestamptz not null
);
create index mailbox_to on notifications.mailbox (lower(to_address), id);
