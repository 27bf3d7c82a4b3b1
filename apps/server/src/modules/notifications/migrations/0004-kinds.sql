-- Which kinds of messages there are is the code's to say: a list here would be rewritten with each new letter.
alter table notifications.messages
  drop constraint messages_kind_check,
  add constraint messages_kind_check check (kind ~ '^[a-z]+(-[a-z]+)*$');
