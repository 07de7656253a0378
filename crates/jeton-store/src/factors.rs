//! Second factors: the authenticator app, recovery codes, passkeys, and the sign-ins that wait for one. One rule holds
//! everything together: `users.two_factor_since` is set with the first factor and cleared with the last, in the same
//! transaction.

mod apps;
mod half;
mod passkeys;
mod recovery;

pub use apps::{NewApp, Sealed};
pub use half::Half;
pub use passkeys::{NewPasskey, NotAdded, Passkey, Used};

use jeton_core::{
    id::{SessionId, UserId},
    time::Timestamp,
    token::TokenDigest,
};
use serde_json::{Value, json};

use crate::{
    By, Fault, Store,
    audit::{self, Event},
    db::{Tx, on, on_tx},
    mails::{self, Mail},
    throttles,
};

/// What a change of factors brings along.
#[derive(Clone, Debug, Default)]
pub struct Along {
    /// The session in which it is made: when the first factor comes, every other one ends, because it was opened with a
    /// password alone.
    pub session: Option<SessionId>,
    /// Digests of new recovery codes; used only when the first factor comes.
    pub codes: Vec<TokenDigest>,
    /// Mails that tell of it.
    pub mails: Vec<Mail>,
}

/// What somebody has.
#[derive(Clone, Debug, Default)]
pub struct Factors {
    /// Since when an authenticator app.
    pub app_since: Option<Timestamp>,
    /// Passkeys and security keys, the oldest first.
    pub passkeys: Vec<Passkey>,
    /// How many recovery codes are left.
    pub recovery_codes: i64,
}

impl Factors {
    /// How many factors; recovery codes alone are none.
    pub fn count(&self) -> usize {
        usize::from(self.app_since.is_some()) + self.passkeys.len()
    }
}

impl Store {
    /// What that user has.
    pub async fn factors(&self, user: UserId) -> Result<Factors, Fault> {
        let app: Option<i64> = on!(&self.db, c =>
            sqlx::query_scalar("SELECT created_at FROM authenticator_apps WHERE user_id = $1")
            .bind(user.0).fetch_optional(c).await)?;
        let recovery_codes: i64 = on!(&self.db, c =>
            sqlx::query_scalar("SELECT count(*) FROM recovery_codes WHERE user_id = $1")
            .bind(user.0).fetch_one(c).await)?;
        let passkeys = self.passkeys(user).await?;
        Ok(Factors { app_since: app.map(Timestamp::from_micros), passkeys, recovery_codes })
    }

    /// Takes every factor of a user away. False if there was none.
    pub async fn reset_two_factor(
        &self,
        user: UserId,
        mails: Vec<Mail>,
        by: By,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let was_on = on_tx!(tx, c => sqlx::query(
                    "UPDATE users SET two_factor_since = NULL, updated_at = $1
                     WHERE id = $2 AND two_factor_since IS NOT NULL")
                    .bind(now.micros()).bind(user.0).execute(c).await.map(|done| done.rows_affected()))?;
                if was_on == 0 {
                    return Ok(false);
                }
                on_tx!(tx, c => sqlx::query("DELETE FROM authenticator_apps WHERE user_id = $1")
                    .bind(user.0).execute(c).await.map(drop))?;
                on_tx!(tx, c => sqlx::query("DELETE FROM passkeys WHERE user_id = $1")
                    .bind(user.0).execute(c).await.map(drop))?;
                clear_rest(tx, user).await?;
                record(tx, "two_factor.disable", user, json!({}), &by, now).await?;
                mails::enqueue(tx, &mails, now).await?;
                Ok(true)
            })
        })
        .await
    }

    /// Notes that the user signed in under the rule that everybody must have a second factor, if it is the first time.
    pub async fn ask_for_two_factor(&self, user: UserId, by: By, now: Timestamp) -> Result<(), Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let asked = on_tx!(tx, c => sqlx::query(
                    "UPDATE users SET two_factor_asked_at = $1
                     WHERE id = $2 AND two_factor_asked_at IS NULL AND two_factor_since IS NULL")
                    .bind(now.micros()).bind(user.0).execute(c).await.map(|done| done.rows_affected()))?;
                if asked > 0 {
                    record(tx, "two_factor.ask", user, json!({}), &by, now).await?;
                }
                Ok(())
            })
        })
        .await
    }
}

/// After the last factor is gone: what is worth nothing without one.
async fn clear_rest(tx: &mut Tx, user: UserId) -> Result<(), Fault> {
    on_tx!(tx, c => sqlx::query("DELETE FROM recovery_codes WHERE user_id = $1").bind(user.0).execute(c).await.map(drop))?;
    on_tx!(tx, c => sqlx::query("DELETE FROM half_sign_ins WHERE user_id = $1").bind(user.0).execute(c).await.map(drop))?;
    throttles::forget_codes(tx, user).await
}

/// After a factor was added: if it is the first one, two-factor authentication is on from now, with these recovery codes.
/// Answers whether it is.
async fn begin(tx: &mut Tx, user: UserId, along: &Along, now: Timestamp) -> Result<bool, Fault> {
    let is_first = on_tx!(tx, c => sqlx::query(
        "UPDATE users SET two_factor_since = $1, two_factor_asked_at = NULL, updated_at = $1
         WHERE id = $2 AND two_factor_since IS NULL")
        .bind(now.micros()).bind(user.0).execute(c).await.map(|done| done.rows_affected()))?
        > 0;
    if is_first {
        recovery::replace(tx, user, &along.codes).await?;
        let kept = along.session.map_or(0, |session| session.0);
        on_tx!(tx, c => sqlx::query("DELETE FROM sessions WHERE user_id = $1 AND id <> $2")
            .bind(user.0).bind(kept).execute(c).await.map(drop))?;
    }
    mails::enqueue(tx, &along.mails, now).await?;
    Ok(is_first)
}

/// How many factors that user has, as this transaction sees it.
async fn count(tx: &mut Tx, user: UserId) -> Result<i64, Fault> {
    on_tx!(tx, c => sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM authenticator_apps WHERE user_id = $1)
              + (SELECT count(*) FROM passkeys WHERE user_id = $1)")
        .bind(user.0).fetch_one(c).await)
    .map_err(Fault::from)
}

/// Makes later changes of this user's factors wait for this transaction, so that two that go on at once cannot each take
/// what the other one leaves.
async fn lock(tx: &mut Tx, user: UserId) -> Result<(), Fault> {
    on_tx!(tx, c => sqlx::query("UPDATE users SET updated_at = updated_at WHERE id = $1")
        .bind(user.0).execute(c).await.map(drop))
    .map_err(Fault::from)
}

async fn record(
    tx: &mut Tx,
    action: &'static str,
    user: UserId,
    details: Value,
    by: &By,
    now: Timestamp,
) -> Result<(), Fault> {
    audit::record(tx, by, now, Event { action, subject: "user", subject_id: user.0, details }).await
}
