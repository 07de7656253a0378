//! Changing users.

use jeton_core::{
    id::UserId,
    time::Timestamp,
    user::{Email, Identity, Profile, User, Username},
};
use serde_json::{Map, Value, json};

use super::{
    NotMade,
    create::{refusal, refuse_taken},
    end_sessions, identities, set_password, user_in,
};
use crate::{
    By, Fault, Store,
    audit::{self, Event},
    confirmation,
    db::{Tx, on_tx},
    mails::{self, LinkMail, Mail},
    redirects,
    search::fold,
};

/// What is to be changed of a user; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct UserChanges {
    /// The name to sign in with; the path of the own namespace follows it.
    pub username: Option<Username>,
    /// The name for people.
    pub name: Option<String>,
    /// The address for mails. It counts as confirmed.
    pub email: Option<Email>,
    /// A new password.
    pub password: Option<NewPassword>,
    /// May administer the instance.
    pub administrator: Option<bool>,
    /// Sees only projects it is a member of.
    pub external: Option<bool>,
    /// May make groups.
    pub can_create_group: Option<bool>,
    /// Shows less of itself to others.
    pub private_profile: Option<bool>,
    /// How many projects it may own.
    pub projects_limit: Option<i64>,
    /// The whole of what is told of it.
    pub profile: Option<Profile>,
    /// Who it is to another provider, in the place of what it was to that one.
    pub identity: Option<Identity>,
    /// The address that takes the place of the present one when its link is opened.
    pub wanted_email: Option<(Email, LinkMail)>,
}

/// A password that an administrator chose.
#[derive(Clone, Debug)]
pub struct NewPassword {
    /// Argon2 hash (PHC string).
    pub hash: String,
    /// Whether the user has to choose another one first.
    pub expired: bool,
    /// The mails that tell of it.
    pub mails: Vec<Mail>,
}

impl Store {
    /// Changes a user. None if there is no such user. A new password ends sessions and password links.
    pub async fn change_user(
        &self,
        id: UserId,
        changes: UserChanges,
        by: By,
        now: Timestamp,
    ) -> Result<Option<User>, NotMade> {
        self.write(move |tx| Box::pin(async move { change_user(tx, id, changes, &by, now).await })).await
    }
}

async fn change_user(
    tx: &mut Tx,
    id: UserId,
    changes: UserChanges,
    by: &By,
    now: Timestamp,
) -> Result<Option<User>, NotMade> {
    let wanted = changes.wanted_email.as_ref().map(|(email, _)| email);
    refuse_taken(tx, changes.username.as_ref(), changes.email.as_ref().or(wanted), Some(id)).await?;
    let (username, email) = (changes.username.as_ref(), changes.email.as_ref());
    if let Some(email) = email {
        forget_what_was_mailed(tx, id, email).await?;
    }
    let rows = on_tx!(tx, c => sqlx::query(
        "UPDATE users SET username = COALESCE($1, username), username_key = COALESCE($2, username_key),
             name = COALESCE($3, name), name_folded = COALESCE($13, name_folded), email = COALESCE($4, email), email_key = COALESCE($5, email_key),
             administrator = COALESCE($6, administrator), external = COALESCE($7, external),
             can_create_group = COALESCE($8, can_create_group), private_profile = COALESCE($9, private_profile),
             projects_limit = COALESCE($10, projects_limit),
             confirmed_at = (CASE WHEN $4 IS NULL THEN confirmed_at ELSE $11 END), updated_at = $11
         WHERE id = $12")
        .bind(username.map(Username::as_str)).bind(username.map(Username::key)).bind(changes.name.as_deref())
        .bind(email.map(Email::as_str)).bind(email.map(Email::key))
        .bind(changes.administrator).bind(changes.external).bind(changes.can_create_group)
        .bind(changes.private_profile).bind(changes.projects_limit).bind(now.micros()).bind(id.0)
        .bind(changes.name.as_deref().map(fold))
        .execute(c).await.map(|done| done.rows_affected()))
    .map_err(refusal)?;
    if rows == 0 {
        return Ok(None);
    }
    if let Some(username) = username {
        redirects::leave(tx, id.0, &username.key(), now).await?;
    }
    on_tx!(tx, c => sqlx::query(
        "UPDATE namespaces SET name = COALESCE($1, name), path = COALESCE($2, path),
             full_path = COALESCE($2, full_path), full_path_key = COALESCE($3, full_path_key)
         WHERE owner_id = $4")
        .bind(changes.name.as_deref()).bind(username.map(Username::as_str)).bind(username.map(Username::key)).bind(id.0)
        .execute(c).await.map(drop))
    .map_err(refusal)?;
    if let Some(profile) = &changes.profile {
        write_profile(tx, id, profile).await?;
    }
    if let Some(password) = &changes.password {
        choose_password(tx, id, password, by, now).await?;
    }
    if let Some(identity) = &changes.identity {
        identities::set(tx, id, identity, by, now).await?;
    }
    if let Some((email, link)) = &changes.wanted_email {
        confirmation::want(tx, id, email, link, by, now).await?;
    }
    let details = told(&changes);
    if !details.is_empty() {
        let details = details.into();
        audit::record(tx, by, now, Event { action: "user.change", subject: "user", subject_id: id.0, details }).await?;
    }
    Ok(user_in(tx, id).await?)
}

/// Whoever reads the mails of the address of before must not get the account by them: neither by a link that sets a
/// password nor by one that puts another address in the place of the new one.
async fn forget_what_was_mailed(tx: &mut Tx, id: UserId, email: &Email) -> Result<(), Fault> {
    let is_another = on_tx!(tx, c => sqlx::query("UPDATE users SET wanted_email = NULL WHERE id = $1 AND email_key <> $2")
        .bind(id.0).bind(email.key()).execute(c).await.map(|done| done.rows_affected() > 0))?;
    if is_another {
        on_tx!(tx, c => sqlx::query("DELETE FROM password_links WHERE user_id = $1").bind(id.0).execute(c).await.map(drop))?;
    }
    Ok(())
}

async fn choose_password(
    tx: &mut Tx,
    id: UserId,
    password: &NewPassword,
    by: &By,
    now: Timestamp,
) -> Result<(), Fault> {
    set_password(tx, id, &password.hash, by, now).await?;
    if password.expired {
        on_tx!(tx, c => sqlx::query("UPDATE users SET password_expired = $1 WHERE id = $2")
            .bind(true).bind(id.0).execute(c).await.map(drop))?;
        end_sessions(tx, id, None).await?;
    }
    mails::enqueue(tx, &password.mails, now).await
}

/// What changed, for the audit log: names and powers as they are now; of the profile only that it changed.
fn told(changes: &UserChanges) -> Map<String, Value> {
    let mut details = Map::new();
    let mut note = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            details.insert(name.to_owned(), value);
        }
    };
    note("username", changes.username.as_ref().map(|username| json!(username.as_str())));
    note("name", changes.name.as_ref().map(|name| json!(name)));
    note("email", changes.email.as_ref().map(|email| json!(email.as_str())));
    note("administrator", changes.administrator.map(Value::from));
    note("external", changes.external.map(Value::from));
    note("can_create_group", changes.can_create_group.map(Value::from));
    note("private_profile", changes.private_profile.map(Value::from));
    note("projects_limit", changes.projects_limit.map(Value::from));
    note("profile", changes.profile.as_ref().map(|_| json!(true)));
    note("password", changes.password.as_ref().map(|_| json!(true)));
    details
}

/// Writes the whole of what is told of a user.
pub(super) async fn write_profile(tx: &mut Tx, id: UserId, profile: &Profile) -> Result<(), Fault> {
    on_tx!(tx, c => sqlx::query(
        "UPDATE users SET bio = $1, location = $2, website_url = $3, linkedin = $4, twitter = $5, discord = $6,
             github = $7, job_title = $8, pronouns = $9, organization = $10, public_email = $11, commit_email = $12,
             note = $13, theme_id = $14, color_scheme_id = $15
         WHERE id = $16")
        .bind(&profile.bio).bind(&profile.location).bind(&profile.website_url).bind(&profile.linkedin)
        .bind(&profile.twitter).bind(&profile.discord).bind(&profile.github).bind(&profile.job_title)
        .bind(&profile.pronouns).bind(&profile.organization).bind(&profile.public_email).bind(&profile.commit_email)
        .bind(&profile.note).bind(profile.theme_id).bind(profile.color_scheme_id).bind(id.0)
        .execute(c).await.map(drop))
    .map_err(Fault::from)
}
