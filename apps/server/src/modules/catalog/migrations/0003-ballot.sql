-- A sale by ballot: applications from its opening until the draw, then awards to be bought in time. `course` names the
-- lines among which people may be moved down, in the order of their positions.
alter table catalog.sales
  add column ballot_draw_at timestamptz,
  add column ballot_pay_by_seconds integer check (ballot_pay_by_seconds > 0),
  add column ballot_moves text check (ballot_moves in ('none', 'down')),
  add constraint sales_ballot check (
    num_nulls(ballot_draw_at, ballot_pay_by_seconds, ballot_moves) in (0, 3)
    and (ballot_draw_at is null or (method = 'ballot' and ballot_draw_at > opens_at and ballot_draw_at < closes_at)));
alter table catalog.lines add column course text;
