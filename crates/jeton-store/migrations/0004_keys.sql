-- What stands around a user: keys, further addresses, identities, attributes, status; and what people did.

-- SSH keys. `key` is type and base64 without a comment; both fingerprints are as OpenSSH writes them, without a prefix.
CREATE TABLE ssh_keys (
    id                 {pk},
    user_id            {i64} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    title              TEXT NOT NULL,
    key                TEXT NOT NULL,
    fingerprint_sha256 TEXT NOT NULL UNIQUE,
    fingerprint_md5    TEXT NOT NULL,
    usage_type         TEXT NOT NULL,
    created_at         {i64} NOT NULL,
    expires_at         {i64},
    last_used_at       {i64}
) {strict};
CREATE INDEX ssh_keys_by_user ON ssh_keys (user_id);
CREATE INDEX ssh_keys_by_fingerprint_md5 ON ssh_keys (fingerprint_md5);

-- OpenPGP keys as their owners gave them, by the fingerprint of the primary key in lower hexadecimal.
CREATE TABLE gpg_keys (
    id          {pk},
    user_id     {i64} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL UNIQUE,
    created_at  {i64} NOT NULL
) {strict};
CREATE INDEX gpg_keys_by_user ON gpg_keys (user_id);

-- Addresses beside the one in `users`.
CREATE TABLE emails (
    id           {pk},
    user_id      {i64} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email        TEXT NOT NULL,
    email_key    TEXT NOT NULL UNIQUE,
    created_at   {i64} NOT NULL,
    confirmed_at {i64}
) {strict};
CREATE INDEX emails_by_user ON emails (user_id);

-- An address is one person's, in whichever of the two tables it stands: no constraint spans both, so whoever takes one
-- writes this row first and thereby waits for everybody else who does.
INSERT INTO instance_facts (name, value) VALUES ('addresses', 'taken one at a time');

-- Who a user is to other identity providers.
CREATE TABLE identities (
    id         {pk},
    user_id    {i64} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider   TEXT NOT NULL,
    extern_uid TEXT NOT NULL,
    created_at {i64} NOT NULL,
    UNIQUE (provider, extern_uid)
) {strict};
CREATE UNIQUE INDEX identities_by_user ON identities (user_id, provider);

-- What administrators note about users. `digest` stands for key and value together, so that many can be sought at once.
CREATE TABLE custom_attributes (
    user_id    {i64} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    key        TEXT NOT NULL,
    value      TEXT NOT NULL,
    digest     TEXT NOT NULL,
    updated_at {i64} NOT NULL,
    PRIMARY KEY (user_id, key)
) {strict};
CREATE INDEX custom_attributes_by_digest ON custom_attributes (digest);

CREATE TABLE user_statuses (
    user_id      {i64} NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    emoji        TEXT NOT NULL,
    message      TEXT,
    availability TEXT NOT NULL,
    clear_at     {i64}
) {strict};

CREATE TABLE user_preferences (
    user_id                        {i64} NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    view_diffs_file_by_file        {bool} NOT NULL,
    show_whitespace_in_diffs       {bool} NOT NULL,
    pass_user_identities_to_ci_jwt {bool} NOT NULL
) {strict};

-- The name of the picture's file; it begins with the digest of its content.
ALTER TABLE users ADD COLUMN avatar TEXT;
CREATE INDEX users_by_avatar ON users (avatar) WHERE avatar IS NOT NULL;

-- What people did, for their contributions; written in the same transaction as the deed itself.
CREATE TABLE events (
    id         {pk},
    author_id  {i64} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id {i64} REFERENCES projects (id) ON DELETE CASCADE,
    action     TEXT NOT NULL,
    created_at {i64} NOT NULL
) {strict};
CREATE INDEX events_by_author ON events (author_id, id);
CREATE INDEX events_by_project ON events (project_id);
CREATE INDEX users_by_last_activity ON users (last_activity_at);

-- What a search compares: texts without the difference of case, folded by the program, because the engines know case
-- in different alphabets. What an older program wrote has none yet; it is folded at the next start.
ALTER TABLE users ADD COLUMN name_folded TEXT;
ALTER TABLE token_families ADD COLUMN name_folded TEXT;
ALTER TABLE projects ADD COLUMN name_folded TEXT;
ALTER TABLE projects ADD COLUMN description_folded TEXT;
CREATE INDEX users_not_folded ON users (id) WHERE name_folded IS NULL;
CREATE INDEX token_families_not_folded ON token_families (id) WHERE name_folded IS NULL;
CREATE INDEX projects_not_folded ON projects (id) WHERE name_folded IS NULL;
