-- A bid is known by its lot and sequence. A second index, over ids that are random anyway, took a tenth of the time of a bid.
alter table auctions.bids drop constraint bids_id_key;
