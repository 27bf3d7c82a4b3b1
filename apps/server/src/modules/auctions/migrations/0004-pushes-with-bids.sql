-- A bid says whom it pushed out: the sequence of the bid that is no longer among those that win, if its bidder was told.
-- In the bidder's own row this was a second write for each bid, of a row that others are full of. Once out a bid never
-- comes back, so it is pushed out once at most.
alter table auctions.bids add column pushed_out integer check (pushed_out between 1 and sequence - 1);
create unique index bids_pushed_out_once on auctions.bids (lot_id, pushed_out) where pushed_out is not null;
alter table auctions.bidders drop column pushes, drop column pushed_out_at;
