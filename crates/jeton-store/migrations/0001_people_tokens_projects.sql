-- One text for SQLite and PostgreSQL: {pk}, {i64}, {bytes}, {bool} and {strict} are replaced when it is run.
-- Moments are microseconds since 1970 UTC. Words (states, scopes, reasons) are stored as words.

CREATE TABLE instance_facts (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) {strict};

CREATE TABLE users (
    id                 {pk},
    username           TEXT NOT NULL,
    username_key       TEXT NOT NULL UNIQUE,
    name               TEXT NOT NULL,
    email              TEXT NOT NULL,
    email_key          TEXT NOT NULL UNIQUE,
    password_hash      TEXT,
    state              TEXT NOT NULL,
    administrator      {bool} NOT NULL,
    external           {bool} NOT NULL,
    projects_limit     {i64} NOT NULL,
    created_at         {i64} NOT NULL,
    updated_at         {i64} NOT NULL,
    confirmed_at       {i64},
    current_sign_in_at {i64},
    last_sign_in_at    {i64},
    last_activity_at   {i64}
) {strict};

CREATE TABLE namespaces (
    id            {pk},
    kind          TEXT NOT NULL,
    name          TEXT NOT NULL,
    path          TEXT NOT NULL,
    full_path     TEXT NOT NULL,
    full_path_key TEXT NOT NULL UNIQUE,
    owner_id      {i64} UNIQUE REFERENCES users (id) ON DELETE CASCADE
) {strict};

CREATE TABLE projects (
    id               {pk},
    namespace_id     {i64} NOT NULL REFERENCES namespaces (id),
    name             TEXT NOT NULL,
    path             TEXT NOT NULL,
    path_key         TEXT NOT NULL,
    description      TEXT,
    visibility       TEXT NOT NULL,
    default_branch   TEXT NOT NULL,
    creator_id       {i64} REFERENCES users (id) ON DELETE SET NULL,
    created_at       {i64} NOT NULL,
    updated_at       {i64} NOT NULL,
    last_activity_at {i64} NOT NULL,
    UNIQUE (namespace_id, path_key)
) {strict};

-- A family is what its owner sees as one token; a generation is one secret of it. Rotation adds a generation.
CREATE TABLE token_families (
    id            {pk},
    handle        TEXT NOT NULL UNIQUE,
    user_id       {i64} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name          TEXT NOT NULL,
    description   TEXT,
    scopes        TEXT NOT NULL,
    impersonation {bool} NOT NULL,
    made_via      TEXT NOT NULL,
    made_by       {i64} REFERENCES users (id) ON DELETE SET NULL,
    created_at    {i64} NOT NULL
) {strict};
CREATE INDEX token_families_by_user ON token_families (user_id);

CREATE TABLE token_generations (
    id         {pk},
    family_id  {i64} NOT NULL REFERENCES token_families (id) ON DELETE CASCADE,
    digest     {bytes} NOT NULL UNIQUE,
    created_at {i64} NOT NULL,
    updated_at {i64} NOT NULL,
    expires_at {i64},
    ended_at   {i64},
    end_reason TEXT,
    ended_by   {i64} REFERENCES users (id) ON DELETE SET NULL
) {strict};
CREATE INDEX token_generations_by_family ON token_generations (family_id);

-- Written in batches behind the requests, apart from the generation that it describes.
CREATE TABLE token_uses (
    token_id     {i64} NOT NULL PRIMARY KEY REFERENCES token_generations (id) ON DELETE CASCADE,
    last_used_at {i64} NOT NULL,
    addresses    TEXT NOT NULL
) {strict};

CREATE TABLE sessions (
    id           {pk},
    digest       {bytes} NOT NULL UNIQUE,
    user_id      {i64} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   {i64} NOT NULL,
    last_seen_at {i64} NOT NULL,
    address      TEXT,
    client       TEXT
) {strict};
CREATE INDEX sessions_by_user ON sessions (user_id);

-- Forms that were sent in a session and must not do their work twice.
CREATE TABLE spent_forms (
    session_id {i64} NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    digest     {bytes} NOT NULL,
    PRIMARY KEY (session_id, digest)
) {strict};

-- Links that set a password once.
CREATE TABLE password_links (
    digest     {bytes} NOT NULL PRIMARY KEY,
    user_id    {i64} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at {i64} NOT NULL
) {strict};
CREATE INDEX password_links_by_user ON password_links (user_id);

-- What happened, written in the same transaction as the change itself.
CREATE TABLE audit_events (
    id         {pk},
    at         {i64} NOT NULL,
    actor_id   {i64},
    actor_via  TEXT NOT NULL,
    address    TEXT,
    request_id TEXT,
    action     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    subject_id {i64} NOT NULL,
    details    TEXT NOT NULL
) {strict};
CREATE INDEX audit_events_by_subject ON audit_events (subject, subject_id);
