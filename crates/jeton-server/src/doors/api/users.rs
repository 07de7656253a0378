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
use jeton_store::{
    Fault,
    users::{attributes::Attribute, identities::Identity},
};

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
    let beside = Beside::of(&app, [user.id], false).await?;
    let shown = AccountUser::new(user, &app.config.external_url, user.administrator);
    Ok(reply::json(StatusCode::OK, &beside.complete(shown, user.id)))
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
        let beside = Beside::of(&app, [user.id], more.attributes).await?;
        reply::json(StatusCode::OK, &beside.complete(AccountUser::new(&user, url, true), user.id))
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

/// What stands in other tables and is shown with accounts.
struct Beside {
    identities: HashMap<UserId, Vec<Identity>>,
    /// Only where they are wanted.
    attributes: Option<HashMap<UserId, Vec<Attribute>>>,
}

impl Beside {
    async fn of(app: &App, users: impl IntoIterator<Item = UserId>, with_attributes: bool) -> Result<Self, Fault> {
        let users: Vec<_> = users.into_iter().collect();
        let identities = app.store.identities(&users).await?;
        let attributes = if with_attributes { Some(app.store.custom_attributes(&users).await?) } else { None };
        Ok(Self { identities, attributes })
    }

    fn complete<'a>(&'a self, shown: AccountUser<'a>, user: UserId) -> AccountUser<'a> {
        let shown = shown.with_identities(self.identities.get(&user).map_or(&[], Vec::as_slice));
        match &self.attributes {
            Some(attributes) => shown.with_attributes(attributes.get(&user).map_or(&[], Vec::as_slice)),
            None => shown,
        }
    }
}

#[cfg(test)]
mod tests;
