-- A pass may name its seats and their price. Its seats may be promised to somebody else once it and its hold are over, so
-- money that comes late cannot have them.
alter table inventory.holds add column promised boolean not null default false;

-- How a sale is sold. The seats of an auction are promised by number: nobody takes them off sale.
alter table inventory.sales add column method text not null default 'queue';

-- Decides many wishes for named seats in one round trip and one commit: of each wish all seats or none. Read committed
-- gives each statement of a function a snapshot of its own, so what is counted in the second one is counted under the
-- locks of the first.
create or replace function inventory.place(sales text[], accounts text[], asked json, at timestamptz) returns json language plpgsql as $$
declare
  answers json;
  expected integer;
  updated integer;
begin
  -- Buyers before seats, each by key, as everywhere. Each is named once.
  insert into inventory.buyers (sale_id, account_id)
  select b.sale, b.account from unnest(sales, accounts) as b (sale, account) order by b.sale collate "C", b.account collate "C"
  on conflict (sale_id, account_id) do update set wishes = buyers.wishes + 1;

  -- Wishes and their seats are never joined again once they are taken apart: the planner knows nothing of them and takes
  -- nested loops (batches of 256 took 300 ms, not 10). Sorting by the database's own collation took twice as long as all.
  with wish as materialized (
    select w.*, coalesce(w.price, p.price_amount) as price_amount, p.price_currency, at + make_interval(secs => w.seconds) as expires_at,
           (select b.passes_over_to from inventory.buyers b where b.sale_id = w.sale and b.account_id = w.account) as passes_over_to,
           row_number() over (partition by w.sale collate "C", w.account collate "C" order by w.h) = 1 as is_first,
           (select coalesce(sum(cardinality(o.seats)), 0) from inventory.holds o
            where o.account_id = w.account and o.sale_id = w.sale and o.state in ('held', 'secured', 'sold')
              and (o.state <> 'held' or o.expires_at > at)) as have
    from json_to_recordset(asked) as w (h integer, hold text, sale text, section text, line text, account text,
                                        entitled text, most integer, until timestamptz, seconds integer, price bigint, promised boolean,
                                        seats integer[])
    join inventory.sections p on p.id = w.section),
  -- A seat goes to the first wish that asks for it. Without this rule {1,2} and {2,3} tear, and both look complete.
  wanted as (
    select w.h, w.section, w.entitled, n.number, w.h = min(w.h) over (partition by w.section collate "C", n.number) as is_first
    from wish w, unnest(w.seats) as n (number)),
  locked as materialized (
    select w.h, s.section_id, s.number, s.label
    from wanted w join inventory.seats s on s.section_id = w.section and s.number = w.number
    where w.is_first and (s.state = 0 or s.state = 1 and s.held_until <= at)
      and case when w.entitled is null then s.kept_until is null or s.kept_until <= at
               when w.entitled = 'accessible' then s.kept_until is null or s.kept_until <= at or s.kept_for = 'accessible'
               else s.kept_until > at and s.kept_for = w.entitled end
    order by s.section_id, s.number
    for update of s),
  got as (
    select h, array_agg(number order by number) as numbers, array_agg(label order by number) as labels from locked group by h),
  judged as materialized (
    select w.*, g.numbers, g.labels,
           case when w.until <= w.passes_over_to then 'pass-ended'
                -- It may depend on what becomes of another wish here: decided again, in turn.
                when not w.is_first or w.h in (select o.h from wanted o where not o.is_first) then 'again'
                when w.have + cardinality(w.seats) > w.most then 'limit-reached'
                when cardinality(g.numbers) = cardinality(w.seats) then 'placed'
                else 'seat-taken' end as outcome
    from wish w left join got g on g.h = w.h),
  taken as (
    update inventory.seats s set state = 1, hold_id = j.hold, held_until = j.expires_at
    from judged j, unnest(j.numbers) as n (number)
    where j.outcome = 'placed' and s.section_id = j.section and s.number = n.number
    returning 1),
  placed as (
    insert into inventory.holds (id, sale_id, section_id, line_id, account_id, entitled, seats, labels, unit_amount, currency,
                                 promised, state, expires_at, placed_at)
    select j.hold, j.sale, j.section, j.line, j.account, j.entitled, j.numbers, j.labels, j.price_amount, j.price_currency,
           j.promised, 'held', j.expires_at, at
    from judged j where j.outcome = 'placed'),
  noted as (
    insert into inventory.changes (section_id, steps)
    select j.section, 2 * sum(cardinality(j.seats)) from judged j where j.outcome = 'placed' group by j.section)
  select json_agg(json_build_object('kind', j.outcome, 'seats', j.numbers, 'labels', j.labels, 'unitAmount', j.price_amount, 'have', j.have)
                  order by j.h),
         coalesce(sum(cardinality(j.seats)) filter (where j.outcome = 'placed'), 0), (select count(*) from taken)
  into answers, expected, updated
  from judged j;
  if updated <> expected then
    raise exception 'broken assumption: % seats were free and only % could be taken', expected, updated;
  end if;
  return answers;
end
$$;
