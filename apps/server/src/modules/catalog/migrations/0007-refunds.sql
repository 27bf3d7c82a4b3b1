-- What buyers get back who cancel: told before they buy, so it stands still from the first publication on. And whether
-- the event is off.
alter table catalog.events
  add column refunds jsonb,
  add column refunds_hash text not null generated always as (md5(coalesce(refunds::text, ''))) stored,
  add column cancelled_at timestamptz,
  add column cancelled_note text,
  add constraint events_cancelled check ((cancelled_at is null) = (cancelled_note is null));
alter table catalog.publications add column refunds_hash text not null default md5('');

alter table catalog.publications drop constraint publications_event;
alter table catalog.events drop constraint events_promised;
alter table catalog.events add constraint events_promised
  unique (id, kind, starts_at, time_zone, currency, fees_per_ticket, fees_basis_points, refunds_hash);
alter table catalog.publications add constraint publications_event
  foreign key (event_id, kind, starts_at, time_zone, currency, fees_per_ticket, fees_basis_points, refunds_hash)
  references catalog.events (id, kind, starts_at, time_zone, currency, fees_per_ticket, fees_basis_points, refunds_hash)
  on delete restrict;
