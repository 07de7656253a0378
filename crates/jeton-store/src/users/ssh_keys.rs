//! SSH keys of users. What a key says of itself was read before: here only texts and fingerprints come.

use jeton_core::{
    id::{SshKeyId, UserId},
    time::Timestamp,
};
use serde_json::json;
use sqlx::FromRow;

use crate::{
    By, Fault, Slice, Store,
    audit::{self, Event},
    db::{Tx, on, on_tx},
};

/// What a key may be used for, as GitLab names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Usage {
    /// To authenticate and to sign.
    #[default]
    Both,
    /// To authenticate.
    Authentication,
    /// To sign.
    Signing,
}

impl Usage {
    /// The words, as they are stored and shown.
    pub const NAMES: [&str; 3] = ["auth_and_signing", "auth", "signing"];

    /// The word that is stored and shown.
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The usage of that word. An unknown one comes from a newer program: no right to authenticate is read into it.
    pub fn named(name: &str) -> Self {
        [Self::Both, Self::Authentication, Self::Signing]
            .into_iter()
            .find(|usage| usage.name() == name)
            .unwrap_or(Self::Signing)
    }
}

/// What a key is made from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewSshKey {
    /// Whose it will be.
    pub user: UserId,
    /// What its owner calls it.
    pub title: String,
    /// Type and base64, without a comment.
    pub key: String,
    /// The SHA-256 fingerprint in base64, as OpenSSH writes it, without `SHA256:`.
    pub sha256: String,
    /// The MD5 fingerprint: 16 bytes in lower hexadecimal with colons.
    pub md5: String,
    /// What it may be used for.
    pub usage: Usage,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// A key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SshKey {
    /// The number.
    pub id: SshKeyId,
    /// Whose it is.
    pub user: UserId,
    /// What its owner calls it.
    pub title: String,
    /// Type and base64, without a comment.
    pub key: String,
    /// What it may be used for.
    pub usage: Usage,
    /// Since when.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// The last use that is known.
    pub last_used_at: Option<Timestamp>,
}

/// A fingerprint to look for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fingerprint {
    /// SHA-256 in base64, without `SHA256:`.
    Sha256(String),
    /// MD5 in lower hexadecimal with colons.
    Md5(String),
}

/// Why a key was not added.
#[derive(Debug, thiserror::Error)]
pub enum NotAdded {
    /// Somebody has it already.
    #[error("has already been taken")]
    Taken,
    /// The database failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

#[derive(FromRow)]
struct KeyRow {
    id: i64,
    user_id: i64,
    title: String,
    key: String,
    usage_type: String,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
}

impl From<KeyRow> for SshKey {
    fn from(row: KeyRow) -> Self {
        Self {
            id: SshKeyId(row.id),
            user: UserId(row.user_id),
            title: row.title,
            key: row.key,
            usage: Usage::named(&row.usage_type),
            created_at: Timestamp::from_micros(row.created_at),
            expires_at: row.expires_at.map(Timestamp::from_micros),
            last_used_at: row.last_used_at.map(Timestamp::from_micros),
        }
    }
}

/// The columns of a [`KeyRow`].
macro_rules! key_columns {
    () => {
        "id, user_id, title, key, usage_type, created_at, expires_at, last_used_at"
    };
}

impl Store {
    /// One slice of a user's keys, the oldest first.
    pub async fn ssh_keys(&self, user: UserId, slice: Slice) -> Result<Vec<SshKey>, Fault> {
        let rows: Vec<KeyRow> = on!(&self.db, c => sqlx::query_as(concat!(
            "SELECT ", key_columns!(), " FROM ssh_keys WHERE user_id = $1 ORDER BY id LIMIT $2 OFFSET $3"))
            .bind(user.0).bind(slice.limit).bind(slice.offset).fetch_all(c).await)?;
        Ok(rows.into_iter().map(SshKey::from).collect())
    }

    /// How many keys a user has, counted up to `limit`.
    pub async fn count_ssh_keys(&self, user: UserId, limit: i64) -> Result<i64, Fault> {
        on!(&self.db, c => sqlx::query_scalar(
            "SELECT count(*) FROM (SELECT 1 FROM ssh_keys WHERE user_id = $1 LIMIT $2) AS counted")
            .bind(user.0).bind(limit).fetch_one(c).await)
        .map_err(Fault::from)
    }

    /// The key of that number; with an `owner`, only one of that user's.
    pub async fn ssh_key(&self, id: SshKeyId, owner: Option<UserId>) -> Result<Option<SshKey>, Fault> {
        let row: Option<KeyRow> = on!(&self.db, c => sqlx::query_as(concat!(
            "SELECT ", key_columns!(), " FROM ssh_keys WHERE id = $1 AND ($2 IS NULL OR user_id = $2)"))
            .bind(id.0).bind(owner.map(|user| user.0)).fetch_optional(c).await)?;
        Ok(row.map(SshKey::from))
    }

    /// The key with that fingerprint, whoever's it is.
    pub async fn ssh_key_with(&self, fingerprint: &Fingerprint) -> Result<Option<SshKey>, Fault> {
        let row: Option<KeyRow> = match fingerprint {
            Fingerprint::Sha256(text) => on!(&self.db, c => sqlx::query_as(concat!(
                "SELECT ", key_columns!(), " FROM ssh_keys WHERE fingerprint_sha256 = $1"))
                .bind(text).fetch_optional(c).await),
            // Keys that differ can be made to have the same MD5; the oldest counts.
            Fingerprint::Md5(text) => on!(&self.db, c => sqlx::query_as(concat!(
                "SELECT ", key_columns!(), " FROM ssh_keys WHERE fingerprint_md5 = $1 ORDER BY id LIMIT 1"))
                .bind(text).fetch_optional(c).await),
        }?;
        Ok(row.map(SshKey::from))
    }

    /// Adds a key to a user.
    pub async fn add_ssh_key(&self, new: NewSshKey, by: By, now: Timestamp) -> Result<SshKey, NotAdded> {
        self.write(move |tx| Box::pin(async move { add(tx, &new, &by, now).await })).await
    }

    /// Removes a key of that user. False if there is none of that number.
    pub async fn delete_ssh_key(&self, id: SshKeyId, user: UserId, by: By, now: Timestamp) -> Result<bool, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let fingerprint: Option<String> = on_tx!(tx, c => sqlx::query_scalar(
                    "DELETE FROM ssh_keys WHERE id = $1 AND user_id = $2 RETURNING fingerprint_sha256")
                    .bind(id.0).bind(user.0).fetch_optional(c).await)?;
                let Some(fingerprint) = fingerprint else { return Ok(false) };
                let details = json!({ "user_id": user.0, "fingerprint_sha256": fingerprint });
                let event = Event { action: "ssh_key.delete", subject: "ssh_key", subject_id: id.0, details };
                audit::record(tx, &by, now, event).await?;
                Ok(true)
            })
        })
        .await
    }
}

async fn add(tx: &mut Tx, new: &NewSshKey, by: &By, now: Timestamp) -> Result<SshKey, NotAdded> {
    let row: Option<KeyRow> = on_tx!(tx, c => sqlx::query_as(concat!(
        "INSERT INTO ssh_keys (user_id, title, key, fingerprint_sha256, fingerprint_md5, usage_type, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (fingerprint_sha256) DO NOTHING RETURNING ", key_columns!()))
        .bind(new.user.0).bind(&new.title).bind(&new.key).bind(&new.sha256).bind(&new.md5).bind(new.usage.name())
        .bind(now.micros()).bind(new.expires_at.map(Timestamp::micros))
        .fetch_optional(c).await)
    .map_err(Fault::from)?;
    let added = SshKey::from(row.ok_or(NotAdded::Taken)?);
    let details = json!({
        "user_id": new.user.0, "title": new.title, "fingerprint_sha256": new.sha256, "usage_type": new.usage.name(),
    });
    let event = Event { action: "ssh_key.create", subject: "ssh_key", subject_id: added.id.0, details };
    audit::record(tx, by, now, event).await?;
    Ok(added)
}
