//! Password hashes: replaced by a stronger one of the same password, or by that of a new one.

use jeton_core::{
    id::{SessionId, UserId},
    time::Timestamp,
};
use serde_json::json;

use crate::{
    By, Fault, Store,
    audit::{self, Event},
    db::{Tx, on, on_tx},
    devices,
    mails::{self, Mail},
    users,
};

impl Store {
    /// The stored hash of that user's password, if there is one.
    pub async fn password_hash(&self, user: UserId) -> Result<Option<String>, Fault> {
        let hash: Option<Option<String>> = on!(&self.db, c => sqlx::query_scalar(
            "SELECT password_hash FROM users WHERE id = $1").bind(user.0).fetch_optional(c).await)?;
        Ok(hash.flatten())
    }

    /// Replaces a hash by a stronger one of the same password. False if it is not the stored one any more.
    pub async fn strengthen_hash(
        &self,
        user: UserId,
        old: String,
        new: String,
        by: By,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let replaced = replace(tx, user, &old, &new).await?;
                if replaced {
                    let event =
                        Event { action: "user.rehash", subject: "user", subject_id: user.0, details: json!({}) };
                    audit::record(tx, &by, now, event).await?;
                }
                Ok(replaced)
            })
        })
        .await
    }

    /// Sets another password for somebody who proved to know the one of the hash `old`: ends the account's other
    /// sessions and its links, and forgets its browsers and networks. `mails` tell of it. False if `old` is not the stored
    /// hash any more.
    pub async fn change_password(
        &self,
        user: UserId,
        (old, new): (String, String),
        keep: Option<SessionId>,
        mails: Vec<Mail>,
        by: By,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let replaced = replace(tx, user, &old, &new).await?;
                if replaced {
                    follow(tx, user, keep, &by, now).await?;
                    mails::enqueue(tx, &mails, now).await?;
                }
                Ok(replaced)
            })
        })
        .await
    }
}

async fn replace(tx: &mut Tx, user: UserId, old: &str, new: &str) -> Result<bool, Fault> {
    let replaced = on_tx!(tx, c => sqlx::query("UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3")
        .bind(new).bind(user.0).bind(old).execute(c).await.map(|done| done.rows_affected()))?;
    Ok(replaced > 0)
}

/// What must follow when a user has another password than before.
pub(crate) async fn follow(
    tx: &mut Tx,
    user: UserId,
    keep: Option<SessionId>,
    by: &By,
    now: Timestamp,
) -> Result<(), Fault> {
    users::end_sessions(tx, user, keep).await?;
    on_tx!(tx, c => sqlx::query("DELETE FROM password_links WHERE user_id = $1").bind(user.0).execute(c).await.map(drop))?;
    devices::forget_places(tx, user).await?;
    let event = Event { action: "user.password", subject: "user", subject_id: user.0, details: json!({}) };
    audit::record(tx, by, now, event).await
}
