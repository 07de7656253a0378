-- The secret of a mailed link is made from its seed, under the instance's key, when the mail is sent: the database holds
-- no link that works. `link_path` is what stands before the secret. A mail is not sent after `expires_at`.
ALTER TABLE mails ADD COLUMN link_path TEXT;
ALTER TABLE mails ADD COLUMN link_seed {bytes};
ALTER TABLE mails ADD COLUMN expires_at {i64};

-- The address that a user wants instead of the present one; it counts when it is confirmed.
ALTER TABLE users ADD COLUMN wanted_email TEXT;

-- Links that confirm an address once. They work as long as the address is still waiting for it.
CREATE TABLE confirmation_links (
    digest     {bytes} NOT NULL PRIMARY KEY,
    user_id    {i64} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email_key  TEXT NOT NULL,
    expires_at {i64} NOT NULL
) {strict};
CREATE INDEX confirmation_links_by_user ON confirmation_links (user_id);

-- Mails that somebody asked for without being signed in, counted to keep them few. One without a user went to nobody.
CREATE TABLE mail_requests (
    id      {pk},
    kind    TEXT NOT NULL,
    user_id {i64} REFERENCES users (id) ON DELETE CASCADE,
    network TEXT NOT NULL,
    at      {i64} NOT NULL
) {strict};
CREATE INDEX mail_requests_by_time ON mail_requests (at);
-- A row that those lock who count them.
INSERT INTO instance_facts (name, value) VALUES ('mail_requests', '');
