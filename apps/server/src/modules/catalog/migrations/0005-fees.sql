-- What an event adds to the price of its seats. Buyers are told before they pay, so it stands still from the first
-- publication on, like the rest of what they plan by.
alter table catalog.events
  add column fees_per_ticket bigint not null default 0 check (fees_per_ticket >= 0),
  add column fees_basis_points integer not null default 0 check (fees_basis_points between 0 and 5000);
alter table catalog.publications
  add column fees_per_ticket bigint not null default 0,
  add column fees_basis_points integer not null default 0;

alter table catalog.publications drop constraint publications_event;
alter table catalog.events drop constraint events_id_kind_starts_at_time_zone_currency_key;
alter table catalog.events add constraint events_promised
  unique (id, kind, starts_at, time_zone, currency, fees_per_ticket, fees_basis_points);
alter table catalog.publications add constraint publications_event
  foreign key (event_id, kind, starts_at, time_zone, currency, fees_per_ticket, fees_basis_points)
  references catalog.events (id, kind, starts_at, time_zone, currency, fees_per_ticket, fees_basis_points) on delete restrict;
