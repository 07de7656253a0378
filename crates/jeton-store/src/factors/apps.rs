//! Authenticator apps (TOTP).

use jeton_core::{
    id::{SessionId, UserId},
    time::Timestamp,
};
use serde_json::json;
use sqlx::FromRow;

use super::{Along, begin, count, lock, record};
use crate::{
    By, Fault, Store,
    db::{on, on_tx, on_writer},
    mails::{self, Mail},
};

/// A secret under a key that is not in the database.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sealed {
    /// Which key.
    pub key_id: String,
    /// The encrypted secret, with what its cipher needs beside the key.
    pub bytes: Vec<u8>,
}

/// An app to be added.
#[derive(Clone, Debug)]
pub struct NewApp {
    /// The shared secret.
    pub sealed: Sealed,
    /// The time step of the code that confirmed it, which is used up with it.
    pub step: i64,
}

#[derive(FromRow)]
struct SealedRow {
    key_id: String,
    sealed: Vec<u8>,
}

impl From<SealedRow> for Sealed {
    fn from(row: SealedRow) -> Self {
        Self { key_id: row.key_id, bytes: row.sealed }
    }
}

impl Store {
    /// The secret that a session's page offers: the one from before, if it was made after `oldest`, else this new one.
    pub async fn offer_app(
        &self,
        session: SessionId,
        new: Sealed,
        oldest: Timestamp,
        now: Timestamp,
    ) -> Result<Sealed, Fault> {
        let row: SealedRow = on_writer!(&self.db, c => sqlx::query_as(
            "INSERT INTO offered_apps (session_id, key_id, sealed, created_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (session_id) DO UPDATE SET
                 key_id = CASE WHEN offered_apps.created_at > $5 THEN offered_apps.key_id ELSE excluded.key_id END,
                 sealed = CASE WHEN offered_apps.created_at > $5 THEN offered_apps.sealed ELSE excluded.sealed END,
                 created_at = CASE WHEN offered_apps.created_at > $5
                                   THEN offered_apps.created_at ELSE excluded.created_at END
             RETURNING key_id, sealed")
            .bind(session.0).bind(&new.key_id).bind(&new.bytes).bind(now.micros()).bind(oldest.micros())
            .fetch_one(c).await)?;
        Ok(row.into())
    }

    /// The secret that was offered in that session.
    pub async fn offered_app(&self, session: SessionId) -> Result<Option<Sealed>, Fault> {
        let row: Option<SealedRow> = on!(&self.db, c =>
            sqlx::query_as("SELECT key_id, sealed FROM offered_apps WHERE session_id = $1")
            .bind(session.0).fetch_optional(c).await)?;
        Ok(row.map(Sealed::from))
    }

    /// Makes that app the user's; one from before, and what this session was offered, are gone. With the first factor
    /// two-factor authentication is on. Answers whether it is the first.
    pub async fn add_app(
        &self,
        user: UserId,
        new: NewApp,
        along: Along,
        by: By,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                lock(tx, user).await?;
                on_tx!(tx, c => sqlx::query(
                    "INSERT INTO authenticator_apps (user_id, key_id, sealed, last_step, created_at)
                     VALUES ($1, $2, $3, $4, $5)
                     ON CONFLICT (user_id) DO UPDATE SET key_id = excluded.key_id, sealed = excluded.sealed,
                         last_step = excluded.last_step, created_at = excluded.created_at")
                    .bind(user.0).bind(&new.sealed.key_id).bind(&new.sealed.bytes).bind(new.step).bind(now.micros())
                    .execute(c).await.map(drop))?;
                if let Some(session) = along.session {
                    on_tx!(tx, c => sqlx::query("DELETE FROM offered_apps WHERE session_id = $1")
                        .bind(session.0).execute(c).await.map(drop))?;
                }
                let is_first = begin(tx, user, &along, now).await?;
                record(tx, "two_factor.add_app", user, json!({ "first": is_first }), &by, now).await?;
                Ok(is_first)
            })
        })
        .await
    }

    /// The user's app: its secret, and the last time step that was used up.
    pub async fn app_secret(&self, user: UserId) -> Result<Option<(Sealed, i64)>, Fault> {
        let row: Option<(String, Vec<u8>, i64)> = on!(&self.db, c => sqlx::query_as(
            "SELECT key_id, sealed, last_step FROM authenticator_apps WHERE user_id = $1")
            .bind(user.0).fetch_optional(c).await)?;
        Ok(row.map(|(key_id, bytes, step)| (Sealed { key_id, bytes }, step)))
    }

    /// Uses a time step up. False if that, or a later one, was used up before.
    pub async fn use_app_step(&self, user: UserId, step: i64) -> Result<bool, Fault> {
        let taken = on_writer!(&self.db, c => sqlx::query(
            "UPDATE authenticator_apps SET last_step = $1 WHERE user_id = $2 AND last_step < $1")
            .bind(step).bind(user.0).execute(c).await.map(|done| done.rows_affected()))?;
        Ok(taken > 0)
    }

    /// Takes the user's app away, if another factor is left. False if none is, or there is no app.
    pub async fn remove_app(&self, user: UserId, mails: Vec<Mail>, by: By, now: Timestamp) -> Result<bool, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                lock(tx, user).await?;
                if count(tx, user).await? < 2 {
                    return Ok(false);
                }
                let removed = on_tx!(tx, c => sqlx::query("DELETE FROM authenticator_apps WHERE user_id = $1")
                    .bind(user.0).execute(c).await.map(|done| done.rows_affected()))?;
                if removed > 0 {
                    record(tx, "two_factor.remove_app", user, json!({}), &by, now).await?;
                    mails::enqueue(tx, &mails, now).await?;
                }
                Ok::<_, Fault>(removed > 0)
            })
        })
        .await
    }
}
