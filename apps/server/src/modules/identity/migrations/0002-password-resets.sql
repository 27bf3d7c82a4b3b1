-- A code is for one purpose: proving an address, or setting a new password.
alter table identity.codes
  add column purpose text not null default 'verification' check (purpose in ('verification', 'password-reset'));

-- A new password ends every session of its account, however many accounts there are.
create index sessions_of_account on identity.sessions (account_id) where ended_at is null;

alter table identity.sessions
  drop constraint sessions_ended_because_check,
  add constraint sessions_ended_because_check check (ended_because in ('signed-out', 'token-reused', 'password-reset'));
