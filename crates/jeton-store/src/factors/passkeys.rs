//! Passkeys and security keys.

use jeton_core::{id::UserId, time::Timestamp, webauthn};
use serde_json::json;
use sqlx::FromRow;

use super::{Along, begin, count, lock, record};
use crate::{
    By, Fault, Store,
    db::{on, on_tx, on_writer},
    mails::{self, Mail},
};

/// A key to be added.
#[derive(Clone, Debug)]
pub struct NewPasskey {
    /// What its owner calls it.
    pub name: String,
    /// What the key calls its credential.
    pub credential_id: Vec<u8>,
    /// The number of the signature's algorithm (COSE).
    pub algorithm: i64,
    /// The public key (`SubjectPublicKeyInfo`, DER).
    pub public_key: Vec<u8>,
    /// Uses so far.
    pub count: u32,
    /// It can be copied to other devices.
    pub backup_eligible: bool,
    /// It has been.
    pub backed_up: bool,
    /// How browsers reach it, as they say, separated by spaces.
    pub transports: String,
}

/// A key that somebody has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Passkey {
    /// The number.
    pub id: i64,
    /// Whose it is.
    pub user: UserId,
    /// What its owner calls it.
    pub name: String,
    /// What the key calls its credential.
    pub credential_id: Vec<u8>,
    /// The number of the signature's algorithm (COSE).
    pub algorithm: i64,
    /// The public key (`SubjectPublicKeyInfo`, DER).
    pub public_key: Vec<u8>,
    /// Its count when it was used last.
    pub count: u32,
    /// It can be copied to other devices.
    pub backup_eligible: bool,
    /// How browsers reach it.
    pub transports: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was used last.
    pub last_used_at: Option<Timestamp>,
    /// When its count last went backwards, which it does when it was copied.
    pub suspected_at: Option<Timestamp>,
}

/// What a key said when it was used.
#[derive(Clone, Copy, Debug)]
pub struct Used {
    /// Which key.
    pub id: i64,
    /// Its count.
    pub count: u32,
    /// It has been copied to other devices.
    pub backed_up: bool,
}

/// Why a key was not added.
#[derive(Debug, thiserror::Error)]
pub enum NotAdded {
    /// It is registered already, with this account or another one.
    #[error("This key is registered already.")]
    Known,
    /// The database failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

#[derive(FromRow)]
struct Row {
    id: i64,
    user_id: i64,
    name: String,
    credential_id: Vec<u8>,
    algorithm: i64,
    public_key: Vec<u8>,
    sign_count: i64,
    backup_eligible: bool,
    transports: String,
    created_at: i64,
    last_used_at: Option<i64>,
    suspected_at: Option<i64>,
}

impl From<Row> for Passkey {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            user: UserId(row.user_id),
            name: row.name,
            credential_id: row.credential_id,
            algorithm: row.algorithm,
            public_key: row.public_key,
            count: u32::try_from(row.sign_count).unwrap_or(u32::MAX),
            backup_eligible: row.backup_eligible,
            transports: row.transports,
            created_at: Timestamp::from_micros(row.created_at),
            last_used_at: row.last_used_at.map(Timestamp::from_micros),
            suspected_at: row.suspected_at.map(Timestamp::from_micros),
        }
    }
}

/// The columns of a [`Passkey`].
macro_rules! columns {
    () => {
        "id, user_id, name, credential_id, algorithm, public_key, sign_count, backup_eligible, transports, created_at,
         last_used_at, suspected_at"
    };
}

impl Store {
    /// A user's keys, the oldest first.
    pub async fn passkeys(&self, user: UserId) -> Result<Vec<Passkey>, Fault> {
        let rows: Vec<Row> = on!(&self.db, c => sqlx::query_as(concat!(
            "SELECT ", columns!(), " FROM passkeys WHERE user_id = $1 ORDER BY id"))
            .bind(user.0).fetch_all(c).await)?;
        Ok(rows.into_iter().map(Passkey::from).collect())
    }

    /// The key that calls its credential that.
    pub async fn passkey(&self, credential_id: &[u8]) -> Result<Option<Passkey>, Fault> {
        let row: Option<Row> = on!(&self.db, c => sqlx::query_as(concat!(
            "SELECT ", columns!(), " FROM passkeys WHERE credential_id = $1"))
            .bind(credential_id).fetch_optional(c).await)?;
        Ok(row.map(Passkey::from))
    }

    /// What keys know the user by: what they knew before, or else `new`.
    pub async fn passkey_handle(&self, user: UserId, new: &[u8]) -> Result<Vec<u8>, Fault> {
        on_writer!(&self.db, c => sqlx::query_scalar(
            "UPDATE users SET passkey_handle = COALESCE(passkey_handle, $1) WHERE id = $2 RETURNING passkey_handle")
            .bind(new).bind(user.0).fetch_one(c).await)
        .map_err(Fault::from)
    }

    /// Whether that is what keys know the user by.
    pub async fn is_passkey_handle(&self, user: UserId, handle: &[u8]) -> Result<bool, Fault> {
        let found: Option<i64> = on!(&self.db, c =>
            sqlx::query_scalar("SELECT id FROM users WHERE id = $1 AND passkey_handle = $2")
            .bind(user.0).bind(handle).fetch_optional(c).await)?;
        Ok(found.is_some())
    }

    /// Uses a challenge up. False if it was used up before. Challenges that do not count any more are forgotten.
    pub async fn spend_challenge(
        &self,
        challenge: Vec<u8>,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                on_tx!(tx, c => sqlx::query("DELETE FROM spent_challenges WHERE expires_at <= $1")
                    .bind(now.micros()).execute(c).await.map(drop))?;
                let spent = on_tx!(tx, c => sqlx::query(
                    "INSERT INTO spent_challenges (challenge, expires_at) VALUES ($1, $2)
                     ON CONFLICT (challenge) DO NOTHING")
                    .bind(&challenge).bind(expires_at.micros()).execute(c).await.map(|done| done.rows_affected()))?;
                Ok::<_, Fault>(spent > 0)
            })
        })
        .await
    }

    /// Adds a key. With the first factor two-factor authentication is on. Answers whether it is the first.
    pub async fn add_passkey(
        &self,
        user: UserId,
        new: NewPasskey,
        along: Along,
        by: By,
        now: Timestamp,
    ) -> Result<bool, NotAdded> {
        self.write(move |tx| {
            Box::pin(async move {
                lock(tx, user).await?;
                let added: Option<i64> = on_tx!(tx, c => sqlx::query_scalar(
                    "INSERT INTO passkeys (user_id, name, credential_id, algorithm, public_key, sign_count,
                                           backup_eligible, backed_up, transports, created_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                     ON CONFLICT (credential_id) DO NOTHING RETURNING id")
                    .bind(user.0).bind(&new.name).bind(&new.credential_id).bind(new.algorithm).bind(&new.public_key)
                    .bind(i64::from(new.count)).bind(new.backup_eligible).bind(new.backed_up).bind(&new.transports)
                    .bind(now.micros()).fetch_optional(c).await)
                .map_err(Fault::from)?;
                let id = added.ok_or(NotAdded::Known)?;
                let is_first = begin(tx, user, &along, now).await?;
                let details = json!({ "passkey": id, "name": new.name, "first": is_first });
                record(tx, "two_factor.add_passkey", user, details, &by, now).await?;
                Ok(is_first)
            })
        })
        .await
    }

    /// Gives a key of that user another name. False if there is no such key.
    pub async fn rename_passkey(
        &self,
        user: UserId,
        id: i64,
        name: String,
        by: By,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let renamed = on_tx!(tx, c => sqlx::query("UPDATE passkeys SET name = $1 WHERE id = $2 AND user_id = $3")
                    .bind(&name).bind(id).bind(user.0).execute(c).await.map(|done| done.rows_affected()))?;
                if renamed > 0 {
                    let details = json!({ "passkey": id, "name": name });
                    record(tx, "two_factor.rename_passkey", user, details, &by, now).await?;
                }
                Ok::<_, Fault>(renamed > 0)
            })
        })
        .await
    }

    /// Takes a key of that user away, if another factor is left. False if none is, or there is no such key.
    pub async fn remove_passkey(
        &self,
        user: UserId,
        id: i64,
        mails: Vec<Mail>,
        by: By,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                lock(tx, user).await?;
                if count(tx, user).await? < 2 {
                    return Ok(false);
                }
                let removed = on_tx!(tx, c => sqlx::query("DELETE FROM passkeys WHERE id = $1 AND user_id = $2")
                    .bind(id).bind(user.0).execute(c).await.map(|done| done.rows_affected()))?;
                if removed > 0 {
                    record(tx, "two_factor.remove_passkey", user, json!({ "passkey": id }), &by, now).await?;
                    mails::enqueue(tx, &mails, now).await?;
                }
                Ok::<_, Fault>(removed > 0)
            })
        })
        .await
    }

    /// Notes that a key was used. If its count did not grow as it should, that is noted too, and answered with true: the
    /// key may have been copied.
    pub async fn use_passkey(&self, passkey: Used, by: By, now: Timestamp) -> Result<bool, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let row: Option<(i64, i64)> = on_tx!(tx, c =>
                    sqlx::query_as("SELECT user_id, sign_count FROM passkeys WHERE id = $1")
                    .bind(passkey.id).fetch_optional(c).await)?;
                let Some((user, before)) = row else { return Ok(false) };
                let suspicious = webauthn::is_suspicious(u32::try_from(before).unwrap_or(u32::MAX), passkey.count);
                let suspected_at = suspicious.then_some(now.micros());
                on_tx!(tx, c => sqlx::query(
                    "UPDATE passkeys SET sign_count = $1, backed_up = $2, last_used_at = $3,
                            suspected_at = COALESCE($4, suspected_at) WHERE id = $5")
                    .bind(i64::from(passkey.count)).bind(passkey.backed_up).bind(now.micros()).bind(suspected_at)
                    .bind(passkey.id).execute(c).await.map(drop))?;
                if suspicious {
                    let details = json!({ "passkey": passkey.id, "before": before, "after": passkey.count });
                    record(tx, "two_factor.suspect_passkey", UserId(user), details, &by, now).await?;
                }
                Ok::<_, Fault>(suspicious)
            })
        })
        .await
    }
}
