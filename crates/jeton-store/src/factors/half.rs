//! Sign-ins that have only their password yet.

use jeton_core::{id::UserId, second_factor, time::Timestamp, token::TokenDigest};
use serde_json::json;

use super::record;
use crate::{
    By, Fault, Store,
    db::{on, on_tx, on_writer},
};

/// A sign-in that has only its password yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Half {
    /// Whose.
    pub user: UserId,
    /// How often a second step was tried.
    pub attempts: i64,
}

impl Store {
    /// Notes that the password was right, for the browser whose cookie has this digest. What is too old is cleared away.
    pub async fn begin_half(
        &self,
        user: UserId,
        digest: TokenDigest,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                on_tx!(tx, c => sqlx::query("DELETE FROM half_sign_ins WHERE expires_at <= $1")
                    .bind(now.micros()).execute(c).await.map(drop))?;
                on_tx!(tx, c => sqlx::query(
                    "INSERT INTO half_sign_ins (digest, user_id, attempts, expires_at) VALUES ($1, $2, 0, $3)")
                    .bind(&digest.0[..]).bind(user.0).bind(expires_at.micros()).execute(c).await.map(drop))?;
                Ok(())
            })
        })
        .await
    }

    /// The sign-in of that browser, while its second step is still possible.
    pub async fn half(&self, digest: &TokenDigest, now: Timestamp) -> Result<Option<Half>, Fault> {
        let row: Option<(i64, i64)> = on!(&self.db, c => sqlx::query_as(
            "SELECT user_id, attempts FROM half_sign_ins WHERE digest = $1 AND expires_at > $2 AND attempts < $3")
            .bind(&digest.0[..]).bind(now.micros()).bind(second_factor::ATTEMPTS).fetch_optional(c).await)?;
        Ok(row.map(|(user, attempts)| Half { user: UserId(user), attempts }))
    }

    /// Counts a try of the second step, before it is looked at. None if there is no such sign-in, or it was tried too
    /// often.
    pub async fn try_half(&self, digest: &TokenDigest, now: Timestamp) -> Result<Option<Half>, Fault> {
        let row: Option<(i64, i64)> = on_writer!(&self.db, c => sqlx::query_as(
            "UPDATE half_sign_ins SET attempts = attempts + 1
             WHERE digest = $1 AND expires_at > $2 AND attempts < $3 RETURNING user_id, attempts")
            .bind(&digest.0[..]).bind(now.micros()).bind(second_factor::ATTEMPTS).fetch_optional(c).await)?;
        Ok(row.map(|(user, attempts)| Half { user: UserId(user), attempts }))
    }

    /// Ends that sign-in, for whoever takes the second step. False if somebody was faster.
    pub async fn end_half(&self, digest: &TokenDigest) -> Result<bool, Fault> {
        let ended = on_writer!(&self.db, c => sqlx::query("DELETE FROM half_sign_ins WHERE digest = $1")
            .bind(&digest.0[..]).execute(c).await.map(|done| done.rows_affected()))?;
        Ok(ended > 0)
    }

    /// Records that a second step was refused.
    pub async fn refuse_second_step(&self, user: UserId, by: By, now: Timestamp) -> Result<(), Fault> {
        self.write(move |tx| Box::pin(async move { record(tx, "two_factor.refuse", user, json!({}), &by, now).await }))
            .await
    }
}
