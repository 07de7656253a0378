-- What stands behind an account: `human`, or `ghost` for what deleted users did in places of others.
ALTER TABLE users ADD COLUMN kind TEXT NOT NULL DEFAULT 'human';

-- Set where an administrator chose the password: the user has to choose another one first.
ALTER TABLE users ADD COLUMN password_expired {bool} NOT NULL DEFAULT FALSE;

ALTER TABLE users ADD COLUMN can_create_group {bool} NOT NULL DEFAULT FALSE;
ALTER TABLE users ADD COLUMN private_profile {bool} NOT NULL DEFAULT FALSE;
ALTER TABLE users ADD COLUMN created_by {i64} REFERENCES users (id) ON DELETE SET NULL;

-- What is told of a user; empty where nothing is.
ALTER TABLE users ADD COLUMN bio TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN location TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN website_url TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN linkedin TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN twitter TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN discord TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN github TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN job_title TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN pronouns TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN organization TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN public_email TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN commit_email TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN theme_id {i64} NOT NULL DEFAULT 1;
ALTER TABLE users ADD COLUMN color_scheme_id {i64} NOT NULL DEFAULT 1;

-- From where somebody signed in, and how often; shown to administrators.
ALTER TABLE users ADD COLUMN sign_in_count {i64} NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN current_sign_in_ip TEXT;
ALTER TABLE users ADD COLUMN last_sign_in_ip TEXT;

CREATE INDEX users_by_creator ON users (created_by);
CREATE INDEX projects_by_creator ON projects (creator_id);
