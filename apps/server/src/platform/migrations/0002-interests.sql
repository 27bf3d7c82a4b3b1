-- A subscriber may want only facts about somebody it knows of (an organiser with a webhook): a fact that nobody waits
-- for costs no row.
alter table platform.subscriptions add column member text[];
comment on column platform.subscriptions.member is 'path of the member that must be among the interests; null: every fact is wanted';

create table platform.interests (
  subscriber text not null,
  value text not null,
  primary key (subscriber, value)
);
