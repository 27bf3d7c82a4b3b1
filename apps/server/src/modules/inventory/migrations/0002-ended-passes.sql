-- Until when the passes of a buyer that were left, or whose order was fulfilled, would have run: those up to here are over.
alter table inventory.buyers add column passes_over_to timestamptz;
