//! Personal access tokens (GitLab API docs, "Personal access tokens").

mod create;
mod list;
mod rotate;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header::IF_UNMODIFIED_SINCE},
    response::Response,
};
pub(crate) use create::{for_myself, for_user};
use jeton_core::{
    caller::Caller,
    id::{TokenId, UserId},
    time::Timestamp,
    token::LivingToken,
};
use jeton_store::tokens::Token;
pub(crate) use list::list;
pub(crate) use rotate::{Attempt, rotate, rotate_myself};

use super::{
    entities::ListedToken,
    error::ApiError,
    path::InPath,
    reply::{self, unmodified},
};
use crate::{
    app::App,
    guard::{Grant, OwnToken, ReadApi, WriteApi},
};

/// `GET /personal_access_tokens/:id`: an own one, or anyone's for an administrator. To others, whether it exists is
/// hidden behind 401.
pub(crate) async fn one(grant: Grant<ReadApi>, State(app): State<App>, id: InPath) -> Result<Response, ApiError> {
    let id = TokenId(id.number("id")?);
    let user = &grant.somebody()?.user;
    match app.token(id).await? {
        Some(token) if user.administrator || token.user == user.id => Ok(show(&token, app.now())),
        None if user.administrator => Err(ApiError::no_such_thing()),
        Some(_) | None => Err(ApiError::unauthorized()),
    }
}

/// `GET /personal_access_tokens/self`: the token that asks, whatever its scopes.
pub(crate) async fn myself(grant: Grant<OwnToken>, State(app): State<App>) -> Result<Response, ApiError> {
    let own = presented(grant.somebody()?)?;
    let token = app.token(own.id).await?.ok_or_else(ApiError::unauthorized)?;
    Ok(show(&token, app.now()))
}

/// `DELETE /personal_access_tokens/:id`.
pub(crate) async fn revoke(
    grant: Grant<WriteApi>,
    State(app): State<App>,
    id: InPath,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let id = TokenId(id.number("id")?);
    let user = &grant.somebody()?.user;
    let token = app.store.token(id).await?.ok_or_else(ApiError::no_such_record)?;
    if !user.administrator && (token.user != user.id || token.impersonation) {
        return Err(not_permitted());
    }
    unmodified(&headers, token.updated_at)?;
    end(&app, &grant, token.id, owner(user.administrator, user.id)).await
}

/// `DELETE /personal_access_tokens/self`: the token that asks, whatever its scopes.
pub(crate) async fn revoke_myself(
    grant: Grant<OwnToken>,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let caller = grant.somebody()?;
    let own = presented(caller)?;
    if headers.contains_key(IF_UNMODIFIED_SINCE) {
        let token = app.store.token(own.id).await?.ok_or_else(ApiError::unauthorized)?;
        unmodified(&headers, token.updated_at)?;
    }
    let person = caller.person();
    end(&app, &grant, own.id, owner(person.administrator, person.id)).await
}

async fn end<N: crate::guard::Need>(
    app: &App,
    grant: &Grant<N>,
    id: TokenId,
    owner: Option<UserId>,
) -> Result<Response, ApiError> {
    app.revoke_token(id, owner, grant.by()).await?.map(|_| reply::no_content()).ok_or_else(not_permitted)
}

/// Whose a token must be to be revoked: an administrator revokes everybody's, impersonation tokens among them.
const fn owner(administrator: bool, user: UserId) -> Option<UserId> {
    if administrator { None } else { Some(user) }
}

fn not_permitted() -> ApiError {
    ApiError::bad_request("Not permitted to revoke")
}

/// The token that was presented; a session is none.
fn presented(caller: &Caller) -> Result<&LivingToken, ApiError> {
    caller
        .token()
        .ok_or_else(|| ApiError::bad_request("This endpoint requires token type to be a personal access token"))
}

fn show(token: &Token, now: Timestamp) -> Response {
    reply::json(StatusCode::OK, &ListedToken::new(token, now))
}
