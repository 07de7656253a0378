//! Users (GitLab API docs, "Users").

mod activities;
mod around;
mod attributes;
mod avatar;
mod emails;
mod gpg_keys;
mod identities;
mod list;
mod ssh_keys;
mod status;

use std::collections::HashMap;

use axum::{extract::State, http::StatusCode, response::Response};
use jeton_core::id::UserId;
use jeton_store::{Fault, users::attributes::Attribute};

pub(crate) use around::{endpoints as around, named};
pub(crate) use list::list;

use super::{
    entities::{AccountUser, ProfiledUser},
    error::ApiError,
    params::{Given, Input, Reader},
    path::InPath,
    reply,
};
use crate::{
    app::App,
    guard::{Grant, ReadSelf, ReadUsers},
};

/// `GET /user`: who asks.
pub(crate) async fn current(grant: Grant<ReadSelf>, State(app): State<App>) -> Result<Response, ApiError> {
    let user = &grant.somebody()?.user;
    Ok(reply::json(StatusCode::OK, &AccountUser::new(user, &app.config.external_url, user.administrator)))
}

/// `GET /users/:id`.
pub(crate) async fn one(
    grant: Grant<ReadUsers>,
    State(app): State<App>,
    id: InPath,
    Given(more): Given<More>,
) -> Result<Response, ApiError> {
    let id = UserId(id.number_or_no_route()?);
    let Some(caller) = grant.caller() else { return Err(ApiError::forbidden_because("Not authorized!")) };
    let user = app.identities.user(&app.store, id).await?.ok_or_else(|| ApiError::not_found("User"))?;
    let url = &app.config.external_url;
    Ok(if caller.user.administrator {
        let notes = Notes::of(&app, [user.id], more.attributes).await?;
        reply::json(StatusCode::OK, &notes.add_to(AccountUser::new(&user, url, true), user.id))
    } else {
        reply::json(StatusCode::OK, &ProfiledUser::new(&user, url))
    })
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
