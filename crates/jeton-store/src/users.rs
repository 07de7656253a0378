//! Users and their own namespaces.

use jeton_core::{
    id::{SessionId, UserId},
    time::Timestamp,
    user::{User, UserState},
};
use serde_json::json;
use sqlx::FromRow;

use crate::{
    By, Fault, Store,
    audit::{self, Event},
    db::{Tx, on, on_tx},
    mails::{self, Mail},
    passwords,
};

/// An account found by what was typed to sign in.
#[derive(Clone, Debug)]
pub struct Account {
    /// The user.
    pub user: User,
    /// Argon2 hash (PHC string), if a password was ever set.
    pub password_hash: Option<String>,
}

pub mod activity;
pub mod attributes;
mod belongings;
mod change;
mod create;
pub mod emails;
pub mod gpg_keys;
pub mod identities;
pub mod list;
mod removal;
mod row;
pub mod ssh_keys;
pub mod status;

pub use belongings::{Membership, SignIns};
pub use change::{NewPassword, UserChanges};
pub use create::{NewUser, NotMade};
pub use removal::{Contributions, Deleted};
pub(crate) use row::{UserRow, user_columns};

#[derive(FromRow)]
struct AccountRow {
    #[sqlx(flatten)]
    user: UserRow,
    password_hash: Option<String>,
}

/// What a typed name or address is looked up as: all that have the same key are the same to a sign-in.
pub fn login_key(login: &str) -> String {
    login.trim().to_lowercase()
}

impl Store {
    /// The user of that number.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, Fault> {
        let row: Option<UserRow> = on!(&self.db, c => sqlx::query_as(concat!(
            "SELECT ", user_columns!(), " FROM users u JOIN namespaces n ON n.owner_id = u.id WHERE u.id = $1"))
            .bind(id.0).fetch_optional(c).await)?;
        Ok(row.map(User::from))
    }

    /// The user of that name, without regard to case.
    pub async fn user_named(&self, username: &str) -> Result<Option<User>, Fault> {
        let row: Option<UserRow> = on!(&self.db, c => sqlx::query_as(concat!(
            "SELECT ", user_columns!(), " FROM users u JOIN namespaces n ON n.owner_id = u.id WHERE u.username_key = $1"))
            .bind(username.to_lowercase()).fetch_optional(c).await)?;
        Ok(row.map(User::from))
    }

    /// The account that signs in with this user name or e-mail address.
    pub async fn account(&self, login: &str) -> Result<Option<Account>, Fault> {
        let row: Option<AccountRow> = on!(&self.db, c => sqlx::query_as(concat!(
            "SELECT ", user_columns!(), ", u.password_hash FROM users u JOIN namespaces n ON n.owner_id = u.id
             WHERE u.username_key = $1 OR u.email_key = $1"))
            .bind(login_key(login)).fetch_optional(c).await)?;
        Ok(row.map(|row| Account { user: row.user.into(), password_hash: row.password_hash }))
    }

    /// Every user, the oldest first.
    pub async fn all_users(&self) -> Result<Vec<User>, Fault> {
        let rows: Vec<UserRow> = on!(&self.db, c => sqlx::query_as(concat!(
            "SELECT ", user_columns!(), " FROM users u JOIN namespaces n ON n.owner_id = u.id ORDER BY u.id"))
            .fetch_all(c).await)?;
        Ok(rows.into_iter().map(User::from).collect())
    }

    /// How many users there are, at most `limit`.
    pub async fn count_users(&self, limit: i64) -> Result<i64, Fault> {
        on!(&self.db, c => sqlx::query_scalar("SELECT count(*) FROM (SELECT 1 FROM users LIMIT $1) AS counted")
            .bind(limit).fetch_one(c).await)
        .map_err(Fault::from)
    }

    /// Changes whether an account may be used. Answers the user as it now is, or none if there is no such user.
    pub async fn set_user_state(
        &self,
        id: UserId,
        state: UserState,
        by: By,
        now: Timestamp,
    ) -> Result<Option<User>, Fault> {
        let changed: u64 = self
            .write(move |tx| {
                Box::pin(async move {
                    let changed = on_tx!(tx, c => sqlx::query(
                        "UPDATE users SET state = $1, updated_at = $2 WHERE id = $3 AND state <> $1")
                        .bind(state.name()).bind(now.micros()).bind(id.0)
                        .execute(c).await.map(|done| done.rows_affected()))
                    .map_err(Fault::from)?;
                    if changed > 0 {
                        if state != UserState::Active {
                            end_sessions(tx, id, None).await?;
                        }
                        let details = json!({ "state": state.name() });
                        let event = Event { action: "user.state", subject: "user", subject_id: id.0, details };
                        audit::record(tx, &by, now, event).await?;
                    }
                    Ok::<_, Fault>(changed)
                })
            })
            .await?;
        tracing::debug!(user = id.0, state = state.name(), changed, "user state set");
        self.user(id).await
    }

    /// Sets the password of an account, ends its sessions and its password links. False if there is no such user.
    pub async fn set_password(&self, id: UserId, hash: String, by: By, now: Timestamp) -> Result<bool, Fault> {
        self.set_password_telling(id, hash, Vec::new(), by, now).await
    }

    /// The same, with mails that tell of it.
    pub async fn set_password_telling(
        &self,
        id: UserId,
        hash: String,
        mails: Vec<Mail>,
        by: By,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let is_set = set_password(tx, id, &hash, &by, now).await?;
                if is_set {
                    mails::enqueue(tx, &mails, now).await?;
                }
                Ok(is_set)
            })
        })
        .await
    }
}

/// The user of that number, as it is inside a transaction.
pub(crate) async fn user_in(tx: &mut Tx, id: UserId) -> Result<Option<User>, Fault> {
    let row: Option<UserRow> = on_tx!(tx, c => sqlx::query_as(concat!(
        "SELECT ", user_columns!(), " FROM users u JOIN namespaces n ON n.owner_id = u.id WHERE u.id = $1"))
        .bind(id.0).fetch_optional(c).await)?;
    Ok(row.map(User::from))
}

/// Ends a user's sessions, all of them or all but one, and the sign-ins whose second step is still to come.
pub(crate) async fn end_sessions(tx: &mut Tx, user: UserId, keep: Option<SessionId>) -> Result<(), Fault> {
    on_tx!(tx, c => sqlx::query("DELETE FROM half_sign_ins WHERE user_id = $1").bind(user.0).execute(c).await.map(drop))?;
    on_tx!(tx, c => sqlx::query("DELETE FROM sessions WHERE user_id = $1 AND id <> $2")
        .bind(user.0).bind(keep.map_or(0, |session| session.0)).execute(c).await.map(drop))
    .map_err(Fault::from)
}

pub(crate) async fn set_password(tx: &mut Tx, id: UserId, hash: &str, by: &By, now: Timestamp) -> Result<bool, Fault> {
    let changed = on_tx!(tx, c => sqlx::query(
        "UPDATE users SET password_hash = $1, password_expired = $4, updated_at = $2 WHERE id = $3")
        .bind(hash).bind(now.micros()).bind(id.0).bind(false)
        .execute(c).await.map(|done| done.rows_affected()))
    .map_err(Fault::from)?;
    if changed == 0 {
        return Ok(false);
    }
    passwords::follow(tx, id, None, by, now).await?;
    Ok(true)
}
