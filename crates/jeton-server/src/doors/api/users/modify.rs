//! `PUT /users/:id`.

use axum::{extract::State, http::StatusCode, response::Response};
use jeton_core::{
    secret::Secret,
    user::{Email, User, Username, name_flaw},
};
use jeton_store::{
    By,
    users::{NewPassword, UserChanges},
};

use super::{administrator, attributes::Attributes, create::not_made, show_account};
use crate::{
    app::App,
    doors::api::{
        error::ApiError,
        flaws::Flaws,
        params::{Given, Input, Reader},
        path::InPath,
    },
    guard::{Grant, ProvenApi},
    notices::Notice,
    passwords::strength,
    refusal::Refusal,
};

/// What can be changed.
pub(crate) struct Wanted {
    /// An administrator vouches for the new address; otherwise it has to be confirmed, where addresses have to be.
    skip_reconfirmation: bool,
    email: Option<String>,
    password: Option<String>,
    name: Option<String>,
    username: Option<String>,
    attributes: Attributes,
}

impl Input for Wanted {
    fn read(from: &mut Reader<'_>) -> Self {
        let (email, password) = (from.text("email"), from.filter("password"));
        Self {
            skip_reconfirmation: from.boolean("skip_reconfirmation").unwrap_or(false),
            email,
            password,
            name: from.text("name"),
            username: from.text("username"),
            attributes: Attributes::read(from),
        }
    }
}

/// An administrator changes a user. Whether it is one is asked after the parameters were read, as GitLab does.
pub(crate) async fn modify(
    grant: Grant<ProvenApi>,
    State(app): State<App>,
    Given(mut wanted): Given<Wanted>,
    id: InPath,
) -> Result<Response, ApiError> {
    let id = id.user_or_no_route()?;
    let caller = grant.somebody()?;
    administrator(caller)?;
    let user = app.store.user(id).await?.ok_or_else(|| ApiError::not_found("User"))?;
    let by_itself = caller.user.id == user.id;
    // Otherwise an instance could be left without anybody who may administer it.
    if by_itself && wanted.attributes.takes_administration() {
        return Err(ApiError::forbidden_because("You cannot remove your own administrator rights."));
    }
    let mut flaws = Flaws::default();
    let avatar = wanted.attributes.avatar(&mut flaws);
    let changes = checked(&app, &user, wanted, (by_itself, &grant.by()), flaws).await?;
    let user = app.change_user(user.id, changes, grant.by()).await?.map_err(not_made)?;
    let mut user = user.ok_or_else(|| ApiError::not_found("User"))?;
    avatar.of(&mut user, &app, grant.by()).await?;
    show_account(&app, StatusCode::OK, &user).await
}

/// The changes, if nothing is wrong with them. That name or address are in use is told before all other flaws.
async fn checked(
    app: &App,
    user: &User,
    wanted: Wanted,
    by: (bool, &By),
    mut flaws: Flaws,
) -> Result<UserChanges, ApiError> {
    let username = wanted.username.and_then(|name| flaws.keep("username", Username::parse(&name)));
    let email = wanted.email.and_then(|email| flaws.keep("email", Email::parse(&email)));
    app.store.taken(username.as_ref(), email.as_ref(), Some(user.id)).await.map_err(not_made)?;
    flaws.note("name", wanted.name.as_deref().and_then(name_flaw));
    flaws.note(
        "password",
        wanted
            .password
            .as_deref()
            .and_then(|password| strength::check(password, app.about(user)).err())
            .map(|weakness| weakness.to_string()),
    );
    let is_vouched_for = wanted.skip_reconfirmation || !app.must_confirm();
    let (email, wanted_email) = if is_vouched_for { (email, None) } else { (None, email) };
    let own = email.clone().map_or_else(|| Email::parse(&user.email), Ok).map_err(Refusal::broken)?;
    let changes = wanted.attributes.changes_of(user, &own, &mut flaws);
    if !flaws.is_empty() {
        return Err(flaws.into_error());
    }
    let password = match wanted.password {
        Some(password) => Some(choose(app, user, Secret::new(password), by).await?),
        None => None,
    };
    let name = wanted.name.map(|name| name.trim().to_owned());
    let wanted_email = match wanted_email.filter(|wanted| wanted.key() != own.key()) {
        Some(wanted) => Some((wanted.clone(), app.confirmation_mail(user, wanted.as_str()).map_err(Refusal::from)?)),
        None => None,
    };
    Ok(UserChanges { username, name, email, password, wanted_email, ..changes })
}

/// Nobody goes on using a password that somebody else knows.
async fn choose(
    app: &App,
    user: &User,
    password: Secret,
    (by_itself, by): (bool, &By),
) -> Result<NewPassword, ApiError> {
    let hash = app.passwords.hash(password).await.map_err(Refusal::from)?;
    let mails =
        if by_itself { Vec::new() } else { app.mails_to(user, Notice::PasswordReset { must_change: true }, by) };
    Ok(NewPassword { hash, expired: !by_itself, mails })
}
