-- The connection that took a key, as Postgres numbers it: when it has ended, its process has died or lost it.
alter table platform.idempotency add column held_by integer;
