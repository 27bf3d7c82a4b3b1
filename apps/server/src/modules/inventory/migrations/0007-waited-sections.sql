-- Sections that somebody waits for: seats of them that were sold and come back are kept for the waitlist.
create table inventory.waited_sections (
  section_id text primary key
);
