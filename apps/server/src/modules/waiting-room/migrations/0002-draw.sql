-- The provable draw: what a line committed to, who took part, and when the order became known. Each of these is told to
-- everybody once and never changes afterwards, so the database refuses to forget or rewrite any of it.
alter table waiting_room.lines
  add column drawn_at timestamptz,
  add column beacon_url text,
  add column beacon_chain text,
  add column beacon_round bigint check (beacon_round > 0),
  add column beacon_at timestamptz,
  add column beacon_randomness text,
  add constraint lines_commitment check (draw_commitment = encode(sha256(decode(draw_seed, 'hex')), 'hex')),
  add constraint lines_draw check (
    (draw_commitment is null) = (draw_seed is null)
    and num_nulls(draw_entrants, draw_entrants_root) in (0, 2)
    and (draw_entrants is null or draw_commitment is not null)
    and (drawn_at is null or draw_entrants is not null)
    and num_nulls(beacon_url, beacon_chain, beacon_round, beacon_at) in (0, 4)
    and (beacon_randomness is null or (beacon_round is not null and drawn_at is not null)));
create index lines_undrawn on waiting_room.lines (sale_id) where draw_commitment is not null and drawn_at is null;

create function waiting_room.refuse_redrawing() returns trigger language plpgsql as $$
begin
  if (old.draw_commitment, old.draw_seed, old.beacon_url, old.beacon_chain, old.beacon_round, old.beacon_at)
       is distinct from (new.draw_commitment, new.draw_seed, new.beacon_url, new.beacon_chain, new.beacon_round, new.beacon_at)
     or (old.draw_entrants is not null and (old.draw_entrants, old.draw_entrants_root) is distinct from (new.draw_entrants, new.draw_entrants_root))
     or (old.drawn_at is not null and (old.drawn_at, old.beacon_randomness) is distinct from (new.drawn_at, new.beacon_randomness)) then
    raise exception 'a draw is committed to, frozen and revealed once' using errcode = 'restrict_violation';
  end if;
  return new;
end
$$;
create trigger lines_draw_once
  before update of draw_commitment, draw_seed, draw_entrants, draw_entrants_root, drawn_at, beacon_url, beacon_chain, beacon_round, beacon_at, beacon_randomness
  on waiting_room.lines for each row execute function waiting_room.refuse_redrawing();

-- Who leaves before the draw has no position yet; the draw writes it.
alter table waiting_room.places
  drop constraint places_check,
  add constraint places_position check (case state when 'waiting' then position is null when 'left' then true else position is not null end);
