//! Recovery codes: each opens the second step once, when the other factors are out of reach.

use jeton_core::{id::UserId, time::Timestamp, token::TokenDigest};
use serde_json::json;

use super::{lock, record};
use crate::{
    By, Fault, Store,
    db::{Tx, on_tx},
    mails::{self, Mail},
};

/// Replaces all of a user's codes.
pub(super) async fn replace(tx: &mut Tx, user: UserId, codes: &[TokenDigest]) -> Result<(), Fault> {
    on_tx!(tx, c => sqlx::query("DELETE FROM recovery_codes WHERE user_id = $1").bind(user.0).execute(c).await.map(drop))?;
    for code in codes {
        on_tx!(tx, c => sqlx::query("INSERT INTO recovery_codes (digest, user_id) VALUES ($1, $2)")
            .bind(&code.0[..]).bind(user.0).execute(c).await.map(drop))?;
    }
    Ok(())
}

impl Store {
    /// Replaces all of a user's codes; the old ones are dead. False if two-factor authentication is off.
    pub async fn replace_recovery_codes(
        &self,
        user: UserId,
        codes: Vec<TokenDigest>,
        mails: Vec<Mail>,
        by: By,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                lock(tx, user).await?;
                let since: Option<i64> =
                    on_tx!(tx, c => sqlx::query_scalar("SELECT two_factor_since FROM users WHERE id = $1")
                    .bind(user.0).fetch_optional(c).await)?
                    .flatten();
                if since.is_none() {
                    return Ok(false);
                }
                replace(tx, user, &codes).await?;
                record(tx, "two_factor.replace_codes", user, json!({}), &by, now).await?;
                mails::enqueue(tx, &mails, now).await?;
                Ok::<_, Fault>(true)
            })
        })
        .await
    }

    /// Uses a code up. False if it is none of that user's.
    pub async fn use_recovery_code(
        &self,
        user: UserId,
        code: TokenDigest,
        mails: Vec<Mail>,
        by: By,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let taken = on_tx!(tx, c => sqlx::query("DELETE FROM recovery_codes WHERE digest = $1 AND user_id = $2")
                    .bind(&code.0[..]).bind(user.0).execute(c).await.map(|done| done.rows_affected()))?;
                if taken > 0 {
                    record(tx, "two_factor.use_code", user, json!({}), &by, now).await?;
                    mails::enqueue(tx, &mails, now).await?;
                }
                Ok::<_, Fault>(taken > 0)
            })
        })
        .await
    }
}
