//! Users and their own namespaces.

use jeton_core::{
    id::{NamespaceId, UserId},
    time::Timestamp,
    user::{Email, User, UserState, Username},
};
use serde_json::json;
use sqlx::FromRow;

use crate::{
    By, Fault, Store,
    audit::{self, Event},
    confirmation,
    db::{Tx, on, on_tx},
    mails::{self, LinkMail, Mail},
};

/// What a user is made from.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The name to sign in with.
    pub username: Username,
    /// The name for people.
    pub name: String,
    /// The address for mails.
    pub email: Email,
    /// Argon2 hash (PHC string); without one the account has no password.
    pub password_hash: Option<String>,
    /// May administer the instance.
    pub administrator: bool,
    /// How many projects it may own.
    pub projects_limit: i64,
}

/// Why a user was not made.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    /// The user name, or a group's path, is in use.
    #[error("Username has already been taken")]
    UsernameTaken,
    /// The e-mail address is in use.
    #[error("Email has already been taken")]
    EmailTaken,
    /// The database failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// An account found by what was typed to sign in.
#[derive(Clone, Debug)]
pub struct Account {
    /// The user.
    pub user: User,
    /// Argon2 hash (PHC string), if a password was ever set.
    pub password_hash: Option<String>,
}

/// The columns of a [`User`], with its own namespace as `n`.
macro_rules! user_columns {
    () => {
        "u.id, u.username, u.name, u.email, u.state, u.administrator, u.external, u.projects_limit,
         n.id AS namespace_id, u.created_at, u.confirmed_at, u.current_sign_in_at, u.last_sign_in_at, u.last_activity_at,
         u.two_factor_since"
    };
}

pub mod list;

/// One row of [`user_columns`].
#[derive(FromRow)]
pub(crate) struct UserRow {
    id: i64,
    username: String,
    name: String,
    email: String,
    state: String,
    administrator: bool,
    external: bool,
    projects_limit: i64,
    namespace_id: i64,
    created_at: i64,
    confirmed_at: Option<i64>,
    current_sign_in_at: Option<i64>,
    last_sign_in_at: Option<i64>,
    last_activity_at: Option<i64>,
    two_factor_since: Option<i64>,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        let moment = |micros: Option<i64>| micros.map(Timestamp::from_micros);
        Self {
            id: UserId(row.id),
            username: row.username,
            name: row.name,
            email: row.email,
            state: UserState::named(&row.state),
            administrator: row.administrator,
            external: row.external,
            two_factor: row.two_factor_since.is_some(),
            projects_limit: row.projects_limit,
            namespace: NamespaceId(row.namespace_id),
            created_at: Timestamp::from_micros(row.created_at),
            confirmed_at: moment(row.confirmed_at),
            current_sign_in_at: moment(row.current_sign_in_at),
            last_sign_in_at: moment(row.last_sign_in_at),
            last_activity_on: moment(row.last_activity_at).map(Timestamp::date),
        }
    }
}

#[derive(FromRow)]
struct AccountRow {
    #[sqlx(flatten)]
    user: UserRow,
    password_hash: Option<String>,
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
            .bind(login.trim().to_lowercase()).fetch_optional(c).await)?;
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

    /// Makes a user and its own namespace.
    pub async fn create_user(&self, new: NewUser, by: By, now: Timestamp) -> Result<User, NotMade> {
        self.write(move |tx| Box::pin(async move { create_user(tx, &new, None, &by, now).await })).await
    }

    /// Makes a user who has to confirm the address first, with the link in that mail.
    pub async fn create_unconfirmed_user(
        &self,
        new: NewUser,
        confirmation: LinkMail,
        by: By,
        now: Timestamp,
    ) -> Result<User, NotMade> {
        self.write(move |tx| Box::pin(async move { create_user(tx, &new, Some(confirmation), &by, now).await })).await
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
                            end_sessions(tx, id).await?;
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

async fn create_user(
    tx: &mut Tx,
    new: &NewUser,
    confirmation: Option<LinkMail>,
    by: &By,
    now: Timestamp,
) -> Result<User, NotMade> {
    refuse_taken(tx, new).await?;
    let id: i64 = on_tx!(tx, c => sqlx::query_scalar(
        "INSERT INTO users (username, username_key, name, email, email_key, password_hash, state, administrator,
                            external, projects_limit, created_at, updated_at, confirmed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12) RETURNING id")
        .bind(new.username.as_str()).bind(new.username.key()).bind(&new.name)
        .bind(new.email.as_str()).bind(new.email.key()).bind(new.password_hash.as_deref())
        .bind(UserState::Active.name()).bind(new.administrator).bind(false)
        .bind(new.projects_limit).bind(now.micros()).bind(confirmation.is_none().then_some(now.micros()))
        .fetch_one(c).await)
    .map_err(Fault::from)?;
    on_tx!(tx, c => sqlx::query(
        "INSERT INTO namespaces (kind, name, path, full_path, full_path_key, owner_id) VALUES ('user', $1, $2, $2, $3, $4)")
        .bind(&new.name).bind(new.username.as_str()).bind(new.username.key()).bind(id)
        .execute(c).await.map(drop))
    .map_err(Fault::from)?;
    let details = json!({ "username": new.username.as_str(), "administrator": new.administrator });
    audit::record(tx, by, now, Event { action: "user.create", subject: "user", subject_id: id, details }).await?;
    if let Some(mut confirmation) = confirmation {
        confirmation.mail.user = Some(UserId(id));
        confirmation::send_link(tx, UserId(id), &new.email, &confirmation, now).await?;
    }
    let row: UserRow = on_tx!(tx, c => sqlx::query_as(concat!(
        "SELECT ", user_columns!(), " FROM users u JOIN namespaces n ON n.owner_id = u.id WHERE u.id = $1"))
        .bind(id).fetch_one(c).await)
    .map_err(Fault::from)?;
    Ok(row.into())
}

/// SQLite does not say which constraint an insert violated, so the transaction looks before it inserts.
async fn refuse_taken(tx: &mut Tx, new: &NewUser) -> Result<(), NotMade> {
    let email_taken = confirmation::is_taken(tx, &new.email.key()).await?;
    let username: Option<i64> =
        on_tx!(tx, c => sqlx::query_scalar("SELECT id FROM namespaces WHERE full_path_key = $1")
        .bind(new.username.key()).fetch_optional(c).await)
        .map_err(Fault::from)?;
    match (email_taken, username) {
        (true, _) => Err(NotMade::EmailTaken),
        (false, Some(_)) => Err(NotMade::UsernameTaken),
        (false, None) => Ok(()),
    }
}

pub(crate) async fn end_sessions(tx: &mut Tx, user: UserId) -> Result<(), Fault> {
    on_tx!(tx, c => sqlx::query("DELETE FROM sessions WHERE user_id = $1").bind(user.0).execute(c).await.map(drop))
        .map_err(Fault::from)
}

pub(crate) async fn set_password(tx: &mut Tx, id: UserId, hash: &str, by: &By, now: Timestamp) -> Result<bool, Fault> {
    let changed = on_tx!(tx, c => sqlx::query("UPDATE users SET password_hash = $1, updated_at = $2 WHERE id = $3")
        .bind(hash).bind(now.micros()).bind(id.0)
        .execute(c).await.map(|done| done.rows_affected()))
    .map_err(Fault::from)?;
    if changed == 0 {
        return Ok(false);
    }
    end_sessions(tx, id).await?;
    on_tx!(tx, c => sqlx::query("DELETE FROM password_links WHERE user_id = $1").bind(id.0).execute(c).await.map(drop))
        .map_err(Fault::from)?;
    let event = Event { action: "user.password", subject: "user", subject_id: id.0, details: json!({}) };
    audit::record(tx, by, now, event).await?;
    Ok(true)
}
