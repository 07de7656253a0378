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
    email: Option<String>,
    password: Option<String>,
    name: Option<String>,
    username: Option<String>,
    attributes: Attributes,
}

impl Input for Wanted {
    fn read(from: &mut Reader<'_>) -> Self {
        let (email, password) = (from.text("email"), from.filter("password"));
        // A new address counts as confirmed: an administrator vouches for it.
        let _ = from.boolean("skip_reconfirmation");
        Self {
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
    Given(wanted): Given<Wanted>,
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
    let changes = checked(&app, &user, wanted, (by_itself, &grant.by())).await?;
    let user = app.change_user(user.id, changes, grant.by()).await?.map_err(not_made)?;
    show_account(&app, StatusCode::OK, &user.ok_or_else(|| ApiError::not_found("User"))?).await
}

/// The changes, if nothing is wrong with them. That name or address are in use is told before all other flaws.
async fn checked(app: &App, user: &User, wanted: Wanted, by: (bool, &By)) -> Result<UserChanges, ApiError> {
    let mut flaws = Flaws::default();
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
    Ok(UserChanges { username, name, email, password, ..changes })
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
