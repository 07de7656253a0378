//! Users (GitLab API docs, "Users").

mod list;

use axum::{extract::State, http::StatusCode, response::Response};
use jeton_core::id::UserId;

pub(crate) use list::list;

use super::{
    entities::{AccountUser, ProfiledUser},
    error::ApiError,
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
pub(crate) async fn one(grant: Grant<ReadUsers>, State(app): State<App>, id: InPath) -> Result<Response, ApiError> {
    let id = UserId(id.number_or_no_route()?);
    let Some(caller) = grant.caller() else { return Err(ApiError::forbidden_because("Not authorized!")) };
    let user = app.identities.user(&app.store, id).await?.ok_or_else(|| ApiError::not_found("User"))?;
    let url = &app.config.external_url;
    Ok(if caller.user.administrator {
        reply::json(StatusCode::OK, &AccountUser::new(&user, url, true))
    } else {
        reply::json(StatusCode::OK, &ProfiledUser::new(&user, url))
    })
}
