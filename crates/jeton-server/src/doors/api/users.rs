//! Users (GitLab API docs, "Users").

mod activities;
mod around;
mod attributes;
mod avatar;
mod belongings;
mod create;
mod custom_attributes;
mod emails;
mod gpg_keys;
mod identities;
mod list;
mod modify;
mod ssh_keys;
mod states;
mod status;

use std::{collections::HashMap, sync::Arc};

use axum::{extract::State, http::StatusCode, response::Response};
use jeton_core::{caller::Caller, id::UserId, project::Role, user::User};
use jeton_store::{Fault, users::attributes::Attribute};

pub(crate) use around::{endpoints as around, named};
pub(crate) use belongings::{associations_count, memberships, projects};
pub(crate) use create::create;
pub(crate) use list::list;
pub(crate) use modify::modify;
pub(crate) use states::{activate, ban, block, deactivate, delete, disable_two_factor, unban, unblock};

use super::{
    entities::{AccountUser, Detail, ProfiledUser},
    error::ApiError,
    params::{Given, Input, Reader},
    path::InPath,
    reply,
};
use crate::{
    app::App,
    guard::{Grant, ReadSelf, ReadUsers},
    limits::Endpoint,
};

/// `GET /user`: who asks.
pub(crate) async fn current(grant: Grant<ReadSelf>, State(app): State<App>) -> Result<Response, ApiError> {
    let user = &grant.somebody()?.user;
    if user.administrator {
        return show_account(&app, StatusCode::OK, user).await;
    }
    Ok(reply::json(StatusCode::OK, &AccountUser::own(user, &app.config.external_url)))
}

/// `GET /users/:id`.
pub(crate) async fn one(
    grant: Grant<ReadUsers>,
    State(app): State<App>,
    id: InPath,
    Given(more): Given<More>,
) -> Result<Response, ApiError> {
    let id = id.user_or_no_route()?;
    let Some(caller) = grant.caller() else { return Err(ApiError::forbidden_because("Not authorized!")) };
    grant.count(&app, Endpoint::User)?;
    let user = app.identities.user(&app.store, id).await?.ok_or_else(no_such_user)?;
    let url = &app.config.external_url;
    if !caller.user.administrator {
        return Ok(reply::json(StatusCode::OK, &ProfiledUser::new(&user, url, &caller.user)));
    }
    let creator = creator(&app, &user).await?;
    let account = AccountUser::for_administrator(&user, url, creator.as_deref()).in_detail(detail(&app, id).await?);
    let notes = Notes::of(&app, [user.id], more.attributes).await?;
    Ok(reply::json(StatusCode::OK, &notes.add_to(account, user.id)))
}

/// What an administrator sees who looks at one user.
async fn detail(app: &App, user: UserId) -> Result<Detail, ApiError> {
    let sign_ins = app.store.sign_ins(user).await?.ok_or_else(no_such_user)?;
    let owns = app.store.count_memberships(user, 1).await? > 0;
    Ok(Detail {
        highest_role: if owns { Role::Owner.level() } else { 0 },
        current_sign_in_ip: sign_ins.current_address,
        last_sign_in_ip: sign_ins.last_address,
        sign_in_count: sign_ins.count,
    })
}

/// One account as administrators see it.
async fn show_account(app: &App, status: StatusCode, user: &User) -> Result<Response, ApiError> {
    let creator = creator(app, user).await?;
    let account = AccountUser::for_administrator(user, &app.config.external_url, creator.as_deref());
    Ok(reply::json(status, &account))
}

/// The administrator who made a user, if it is still there.
async fn creator(app: &App, user: &User) -> Result<Option<Arc<User>>, ApiError> {
    match user.created_by {
        Some(id) => Ok(app.identities.user(&app.store, id).await?),
        None => Ok(None),
    }
}

/// Refuses who is no administrator.
fn administrator(caller: &Caller) -> Result<(), ApiError> {
    if caller.user.administrator { Ok(()) } else { Err(ApiError::forbidden()) }
}

fn no_such_user() -> ApiError {
    ApiError::not_found("User")
}

/// The user that a path names by number or by name.
async fn find(app: &App, named: &str) -> Result<Arc<User>, ApiError> {
    let found = if !named.is_empty() && named.bytes().all(|byte| byte.is_ascii_digit()) {
        match named.parse() {
            Ok(id) => app.identities.user(&app.store, UserId(id)).await?,
            Err(_) => None,
        }
    } else {
        app.store.user_named(named).await?.map(Arc::new)
    };
    found.ok_or_else(no_such_user)
}

/// The user that a path names by number alone.
pub(super) async fn numbered(app: &App, path: &InPath) -> Result<Arc<User>, ApiError> {
    let id = UserId(path.number("user_id")?);
    app.identities.user(&app.store, id).await?.ok_or_else(no_such_user)
}

/// What an administrator wants to see besides.
pub(crate) struct More {
    attributes: bool,
}

impl Input for More {
    fn read(from: &mut Reader<'_>) -> Self {
        Self { attributes: from.boolean("with_custom_attributes").unwrap_or(false) }
    }
}

/// What administrators noted about users; none where they do not want to see it.
struct Notes(Option<HashMap<UserId, Vec<Attribute>>>);

impl Notes {
    async fn of(app: &App, users: impl IntoIterator<Item = UserId>, wanted: bool) -> Result<Self, Fault> {
        if !wanted {
            return Ok(Self(None));
        }
        let users: Vec<_> = users.into_iter().collect();
        app.store.custom_attributes(&users).await.map(|notes| Self(Some(notes)))
    }

    fn add_to<'a>(&'a self, shown: AccountUser<'a>, user: UserId) -> AccountUser<'a> {
        match &self.0 {
            Some(notes) => shown.with_attributes(notes.get(&user).map_or(&[], Vec::as_slice)),
            None => shown,
        }
    }
}

#[cfg(test)]
mod tests;
