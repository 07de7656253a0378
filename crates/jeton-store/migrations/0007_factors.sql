-- When somebody proved last, in this session, who they are. Sessions of before count as not proven.
ALTER TABLE sessions ADD COLUMN proven_at {i64};

-- The first sign-in under the rule that everybody must have a second factor; the time of grace counts from there.
ALTER TABLE users ADD COLUMN two_factor_asked_at {i64};
-- What passkeys know the user by: random, so that it tells nothing.
ALTER TABLE users ADD COLUMN passkey_handle {bytes};
CREATE UNIQUE INDEX users_by_passkey_handle ON users (passkey_handle);

-- The secret that an authenticator app shares, encrypted under a key that is named but not kept here. Each code counts
-- once: the last time step that was used up is kept, never a text.
CREATE TABLE authenticator_apps (
    user_id    {i64} NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    key_id     TEXT NOT NULL,
    sealed     {bytes} NOT NULL,
    last_step  {i64} NOT NULL,
    created_at {i64} NOT NULL
) {strict};

-- Secrets that a page shows and no code has confirmed yet.
CREATE TABLE offered_apps (
    session_id {i64} NOT NULL PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    key_id     TEXT NOT NULL,
    sealed     {bytes} NOT NULL,
    created_at {i64} NOT NULL
) {strict};

CREATE TABLE recovery_codes (
    digest  {bytes} NOT NULL PRIMARY KEY,
    user_id {i64} NOT NULL REFERENCES users (id) ON DELETE CASCADE
) {strict};
CREATE INDEX recovery_codes_by_user ON recovery_codes (user_id);

-- Passkeys and security keys (WebAuthn).
CREATE TABLE passkeys (
    id              {pk},
    user_id         {i64} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name            TEXT NOT NULL,
    credential_id   {bytes} NOT NULL UNIQUE,
    algorithm       {i64} NOT NULL,
    public_key      {bytes} NOT NULL,
    sign_count      {i64} NOT NULL,
    backup_eligible {bool} NOT NULL,
    backed_up       {bool} NOT NULL,
    transports      TEXT NOT NULL,
    created_at      {i64} NOT NULL,
    last_used_at    {i64},
    suspected_at    {i64}
) {strict};
CREATE INDEX passkeys_by_user ON passkeys (user_id);

-- Challenges that were answered: none counts a second time. Kept until it would not count anyway.
CREATE TABLE spent_challenges (
    challenge  {bytes} NOT NULL PRIMARY KEY,
    expires_at {i64} NOT NULL
) {strict};

-- Sign-ins whose password was right and whose second step is still to come, by the digest of the browser's cookie.
CREATE TABLE half_sign_ins (
    digest     {bytes} NOT NULL PRIMARY KEY,
    user_id    {i64} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    attempts   {i64} NOT NULL,
    expires_at {i64} NOT NULL
) {strict};
CREATE INDEX half_sign_ins_by_user ON half_sign_ins (user_id);

-- Wrong codes in a row, per account, and from when on the next one is looked at.
CREATE TABLE factor_failures (
    user_id     {i64} NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    wrong       {i64} NOT NULL,
    next_try_at {i64} NOT NULL
) {strict};
