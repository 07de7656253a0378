-- Wrong guesses that still count, by what they were made at or from.
CREATE TABLE throttles (
    kind       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    failures   {i64} NOT NULL,
    held_until {i64} NOT NULL,
    PRIMARY KEY (kind, subject)
) {strict};
CREATE INDEX throttles_by_held_until ON throttles (held_until);

-- Browsers in which somebody signed in, by the digest of a cookie of their own.
CREATE TABLE devices (
    id           {pk},
    user_id      {i64} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    digest       {bytes} NOT NULL UNIQUE,
    created_at   {i64} NOT NULL,
    last_seen_at {i64} NOT NULL,
    address      TEXT,
    client       TEXT
) {strict};
CREATE INDEX devices_by_user ON devices (user_id);

-- Networks from which somebody signed in.
CREATE TABLE familiar_networks (
    user_id      {i64} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    network      TEXT NOT NULL,
    last_seen_at {i64} NOT NULL,
    PRIMARY KEY (user_id, network)
) {strict};

-- Whether the browser was asked to stay signed in.
ALTER TABLE sessions ADD COLUMN stays {bool} NOT NULL DEFAULT FALSE;

-- What the client calls itself.
ALTER TABLE audit_events ADD COLUMN client TEXT;
