-- What administrators decide while the instance runs; a setting that was never changed has no row. Values are JSON.
CREATE TABLE policy_settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) {strict};

-- Mails, queued in the same transaction as what they tell of. One that was sent is deleted.
CREATE TABLE mails (
    id          {pk},
    kind        TEXT NOT NULL,
    user_id     {i64} REFERENCES users (id) ON DELETE SET NULL,
    recipient   TEXT NOT NULL,
    subject     TEXT NOT NULL,
    body        TEXT NOT NULL,
    created_at  {i64} NOT NULL,
    next_try_at {i64} NOT NULL,
    tries       {i64} NOT NULL,
    last_error  TEXT
) {strict};
CREATE INDEX mails_by_next_try ON mails (next_try_at);

-- When the second factor was switched on; from then on the password alone does not do.
ALTER TABLE users ADD COLUMN two_factor_since {i64};
