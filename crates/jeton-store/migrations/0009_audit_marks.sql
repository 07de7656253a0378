-- Each event carries a mark that only who has the instance's key can make: a number of its own, and an HMAC over that
-- number and the event. Events of before have none; the chain covers them all the same.
ALTER TABLE audit_events ADD COLUMN mark {bytes};
CREATE UNIQUE INDEX audit_events_by_mark ON audit_events (mark);
