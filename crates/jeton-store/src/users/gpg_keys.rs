//! OpenPGP keys of users, as they gave them.

use jeton_core::{
    id::{GpgKeyId, UserId},
    time::Timestamp,
};
use serde_json::json;
use sqlx::FromRow;

use crate::{
    By, Fault, Slice, Store,
    audit::{self, Event},
    db::{Tx, on, on_tx},
};

/// What a key is made from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewGpgKey {
    /// Whose it will be.
    pub user: UserId,
    /// The armoured text.
    pub key: String,
    /// The fingerprint of the primary key in lower hexadecimal.
    pub fingerprint: String,
}

/// A key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GpgKey {
    /// The number.
    pub id: GpgKeyId,
    /// The armoured text.
    pub key: String,
    /// Since when.
    pub created_at: Timestamp,
}

/// Why a key was not added.
#[derive(Debug, thiserror::Error)]
pub enum NotAdded {
    /// The same text is there already.
    #[error("has already been taken")]
    KeyTaken,
    /// Another text of the same key is there already.
    #[error("has already been taken")]
    FingerprintTaken,
    /// The database failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

#[derive(FromRow)]
struct KeyRow {
    id: i64,
    key: String,
    created_at: i64,
}

impl From<KeyRow> for GpgKey {
    fn from(row: KeyRow) -> Self {
        Self { id: GpgKeyId(row.id), key: row.key, created_at: Timestamp::from_micros(row.created_at) }
    }
}

impl Store {
    /// One slice of a user's keys, the oldest first.
    pub async fn gpg_keys(&self, user: UserId, slice: Slice) -> Result<Vec<GpgKey>, Fault> {
        let rows: Vec<KeyRow> = on!(&self.db, c => sqlx::query_as(
            "SELECT id, key, created_at FROM gpg_keys WHERE user_id = $1 ORDER BY id LIMIT $2 OFFSET $3")
            .bind(user.0).bind(slice.limit).bind(slice.offset).fetch_all(c).await)?;
        Ok(rows.into_iter().map(GpgKey::from).collect())
    }

    /// How many keys a user has, counted up to `limit`.
    pub async fn count_gpg_keys(&self, user: UserId, limit: i64) -> Result<i64, Fault> {
        on!(&self.db, c => sqlx::query_scalar(
            "SELECT count(*) FROM (SELECT 1 FROM gpg_keys WHERE user_id = $1 LIMIT $2) AS counted")
            .bind(user.0).bind(limit).fetch_one(c).await)
        .map_err(Fault::from)
    }

    /// The key of that number, if it is that user's.
    pub async fn gpg_key(&self, id: GpgKeyId, user: UserId) -> Result<Option<GpgKey>, Fault> {
        let row: Option<KeyRow> = on!(&self.db, c => sqlx::query_as(
            "SELECT id, key, created_at FROM gpg_keys WHERE id = $1 AND user_id = $2")
            .bind(id.0).bind(user.0).fetch_optional(c).await)?;
        Ok(row.map(GpgKey::from))
    }

    /// Adds a key to a user.
    pub async fn add_gpg_key(&self, new: NewGpgKey, by: By, now: Timestamp) -> Result<GpgKey, NotAdded> {
        self.write(move |tx| Box::pin(async move { add(tx, &new, &by, now).await })).await
    }

    /// Removes a key of that user. False if there is none of that number.
    pub async fn delete_gpg_key(&self, id: GpgKeyId, user: UserId, by: By, now: Timestamp) -> Result<bool, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let fingerprint: Option<String> = on_tx!(tx, c => sqlx::query_scalar(
                    "DELETE FROM gpg_keys WHERE id = $1 AND user_id = $2 RETURNING fingerprint")
                    .bind(id.0).bind(user.0).fetch_optional(c).await)?;
                let Some(fingerprint) = fingerprint else { return Ok(false) };
                let details = json!({ "user_id": user.0, "fingerprint": fingerprint });
                let event = Event { action: "gpg_key.delete", subject: "gpg_key", subject_id: id.0, details };
                audit::record(tx, &by, now, event).await?;
                Ok(true)
            })
        })
        .await
    }
}

async fn add(tx: &mut Tx, new: &NewGpgKey, by: &By, now: Timestamp) -> Result<GpgKey, NotAdded> {
    let row: Option<KeyRow> = on_tx!(tx, c => sqlx::query_as(
        "INSERT INTO gpg_keys (user_id, key, fingerprint, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (fingerprint) DO NOTHING RETURNING id, key, created_at")
        .bind(new.user.0).bind(&new.key).bind(&new.fingerprint).bind(now.micros())
        .fetch_optional(c).await)
    .map_err(Fault::from)?;
    let Some(row) = row else { return Err(already_there(tx, new).await?) };
    let details = json!({ "user_id": new.user.0, "fingerprint": new.fingerprint });
    let event = Event { action: "gpg_key.create", subject: "gpg_key", subject_id: row.id, details };
    audit::record(tx, by, now, event).await?;
    Ok(row.into())
}

async fn already_there(tx: &mut Tx, new: &NewGpgKey) -> Result<NotAdded, Fault> {
    let there: Option<String> = on_tx!(tx, c => sqlx::query_scalar("SELECT key FROM gpg_keys WHERE fingerprint = $1")
        .bind(&new.fingerprint).fetch_optional(c).await)?;
    Ok(if there.as_ref() == Some(&new.key) { NotAdded::KeyTaken } else { NotAdded::FingerprintTaken })
}
