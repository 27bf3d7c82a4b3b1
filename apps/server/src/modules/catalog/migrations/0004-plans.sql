-- A seating plan made all sections of an event that point to it, and is drawn by maps: shapes and outlines, not seats.
create table catalog.plans (
  event_id text primary key references catalog.events (id) on delete restrict,
  hash text not null,
  -- The answer of `GET /api/events/{id}/plan`, gzipped as it is served.
  document bytea not null
);
alter table catalog.plans alter column document set storage external;

alter table catalog.sections
  add column plan_event_id text references catalog.plans (event_id) on delete restrict,
  -- Where its seats look: the best of them are near it. None for sections without a plan.
  add column focal_x double precision,
  add column focal_y double precision,
  add constraint sections_plan_of_event check (plan_event_id = event_id),
  add constraint sections_focal_point check ((focal_x is null) = (focal_y is null));
create index sections_by_plan on catalog.sections (plan_event_id) where plan_event_id is not null;
