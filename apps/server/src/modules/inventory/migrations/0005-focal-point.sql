-- What the seats of a section look at, when its seating plan says so: the best of them are near it.
alter table inventory.sections
  add column focal_x double precision,
  add column focal_y double precision,
  add check ((focal_x is null) = (focal_y is null));
