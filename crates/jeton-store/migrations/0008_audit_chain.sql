-- Each event is chained to the one before it soon after it was written: its position in the chain, and an HMAC over the
-- chain so far and the event itself. Events that are not chained yet have neither.
ALTER TABLE audit_events ADD COLUMN position {i64};
ALTER TABLE audit_events ADD COLUMN chain {bytes};
CREATE UNIQUE INDEX audit_events_by_position ON audit_events (position);
CREATE INDEX audit_events_unchained ON audit_events (id) WHERE position IS NULL;
CREATE INDEX audit_events_by_actor ON audit_events (actor_id, id);

-- The end of the chain, so that cutting it off is noticed. One row.
CREATE TABLE audit_chain_end (
    only_one {i64} NOT NULL PRIMARY KEY,
    position {i64} NOT NULL,
    chain    {bytes} NOT NULL,
    seal     {bytes} NOT NULL
) {strict};
