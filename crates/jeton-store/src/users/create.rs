//! Making users, each with its own namespace.

use jeton_core::{
    id::UserId,
    time::Timestamp,
    user::{Email, Identity, Profile, User, UserKind, UserState, Username},
};
use serde_json::json;

use super::{
    change::write_profile,
    emails,
    identities::{self, NotSet},
    user_in,
};
use crate::{
    By, Fault, Store,
    audit::{self, Event},
    confirmation,
    db::{Tx, on_tx},
    mails::LinkMail,
    redirects,
    search::fold,
};

/// What a user is made from.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column of its own")]
pub struct NewUser {
    /// The name to sign in with.
    pub username: Username,
    /// The name for people.
    pub name: String,
    /// The address for mails.
    pub email: Email,
    /// The mail whose link confirms that address; without one it counts as confirmed.
    pub confirmation: Option<LinkMail>,
    /// Argon2 hash (PHC string); without one the account has no password.
    pub password_hash: Option<String>,
    /// May administer the instance.
    pub administrator: bool,
    /// Sees only projects it is a member of.
    pub external: bool,
    /// May make groups.
    pub can_create_group: bool,
    /// Shows less of itself to others.
    pub private_profile: bool,
    /// How many projects it may own.
    pub projects_limit: i64,
    /// What is told of it.
    pub profile: Profile,
    /// The mail that asks it to choose a password, by a link.
    pub invitation: Option<LinkMail>,
    /// Who it is to another provider.
    pub identity: Option<Identity>,
}

impl NewUser {
    /// A user of whom nothing else is said.
    pub fn plain(username: Username, name: String, email: Email, projects_limit: i64) -> Self {
        Self {
            username,
            name,
            email,
            confirmation: None,
            password_hash: None,
            administrator: false,
            external: false,
            can_create_group: false,
            private_profile: false,
            projects_limit,
            profile: Profile::default(),
            invitation: None,
            identity: None,
        }
    }
}

/// Why a user was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    /// The user name, or a group's path, is in use.
    #[error("Username has already been taken")]
    UsernameTaken,
    /// The e-mail address is in use.
    #[error("Email has already been taken")]
    EmailTaken,
    /// Somebody else is that to the provider.
    #[error("Extern uid has already been taken")]
    IdentityTaken,
    /// The database failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<NotSet> for NotMade {
    fn from(error: NotSet) -> Self {
        match error {
            NotSet::Taken => Self::IdentityTaken,
            NotSet::Fault(fault) => Self::Fault(fault),
        }
    }
}

impl Store {
    /// Makes a user and its own namespace.
    pub async fn create_user(&self, new: NewUser, by: By, now: Timestamp) -> Result<User, NotMade> {
        self.write(move |tx| Box::pin(async move { create_user(tx, &new, UserKind::Human, &by, now).await })).await
    }

    /// What is in use of this name and address: the reason why nobody else can have them.
    pub async fn taken(
        &self,
        username: Option<&Username>,
        email: Option<&Email>,
        but: Option<UserId>,
    ) -> Result<(), NotMade> {
        let (username, email) = (username.cloned(), email.cloned());
        self.write(move |tx| Box::pin(async move { refuse_taken(tx, username.as_ref(), email.as_ref(), but).await }))
            .await
    }
}

pub(crate) async fn create_user(
    tx: &mut Tx,
    new: &NewUser,
    kind: UserKind,
    by: &By,
    now: Timestamp,
) -> Result<User, NotMade> {
    refuse_taken(tx, Some(&new.username), Some(&new.email), None).await?;
    let id: i64 = on_tx!(tx, c => sqlx::query_scalar(
        "INSERT INTO users (username, username_key, name, email, email_key, password_hash, kind, state, administrator,
                            external, can_create_group, private_profile, projects_limit, created_by, confirmed_at,
                            created_at, updated_at, name_folded)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16, $17) RETURNING id")
        .bind(new.username.as_str()).bind(new.username.key()).bind(&new.name)
        .bind(new.email.as_str()).bind(new.email.key()).bind(new.password_hash.as_deref())
        .bind(kind.name()).bind(UserState::Active.name()).bind(new.administrator).bind(new.external)
        .bind(new.can_create_group).bind(new.private_profile).bind(new.projects_limit)
        .bind(by.user.map(|user| user.0)).bind(new.confirmation.is_none().then_some(now.micros())).bind(now.micros()).bind(fold(&new.name))
        .fetch_one(c).await)
    .map_err(refusal)?;
    on_tx!(tx, c => sqlx::query(
        "INSERT INTO namespaces (kind, name, path, full_path, full_path_key, owner_id) VALUES ('user', $1, $2, $2, $3, $4)")
        .bind(&new.name).bind(new.username.as_str()).bind(new.username.key()).bind(id)
        .execute(c).await.map(drop))
    .map_err(refusal)?;
    redirects::take(tx, &new.username.key()).await?;
    let id = UserId(id);
    write_profile(tx, id, &new.profile).await?;
    if let Some(invitation) = &new.invitation {
        confirmation::send_password_link(tx, id, &invitation.for_user(id), now).await?;
    }
    if let Some(link) = &new.confirmation {
        confirmation::send_link(tx, id, &new.email, &link.for_user(id), now).await?;
    }
    let details = json!({ "username": new.username.as_str(), "administrator": new.administrator });
    audit::record(tx, by, now, Event { action: "user.create", subject: "user", subject_id: id.0, details }).await?;
    if let Some(identity) = &new.identity {
        identities::set(tx, id, identity, by, now).await?;
    }
    user_in(tx, id).await?.ok_or_else(|| Fault::from(sqlx::Error::RowNotFound).into())
}

/// SQLite does not say which constraint a statement violated, so the transaction looks before it writes. What `but` has
/// itself is not taken.
pub(super) async fn refuse_taken(
    tx: &mut Tx,
    username: Option<&Username>,
    email: Option<&Email>,
    but: Option<UserId>,
) -> Result<(), NotMade> {
    let but = but.map_or(0, |user| user.0);
    if let Some(email) = email
        && !emails::is_free(tx, &email.key(), but).await?
    {
        return Err(NotMade::EmailTaken);
    }
    if let Some(username) = username {
        let other: Option<i64> = on_tx!(tx, c => sqlx::query_scalar(
            "SELECT id FROM namespaces WHERE full_path_key = $1 AND (owner_id IS NULL OR owner_id <> $2)")
            .bind(username.key()).bind(but).fetch_optional(c).await)
        .map_err(Fault::from)?;
        if other.is_some() {
            return Err(NotMade::UsernameTaken);
        }
    }
    Ok(())
}

/// Somebody else may have taken name or address since the transaction looked; PostgreSQL says which of them.
pub(super) fn refusal(error: sqlx::Error) -> NotMade {
    match error.as_database_error() {
        Some(refused) if refused.is_unique_violation() => {
            let is_email = refused.constraint().is_some_and(|name| name.contains("email"));
            if is_email { NotMade::EmailTaken } else { NotMade::UsernameTaken }
        }
        _ => NotMade::Fault(error.into()),
    }
}
