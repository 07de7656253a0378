//! Replacing tokens over the API. The new text stands in the answer, once; the old one is dead when it is there.

use axum::{extract::State, http::StatusCode, response::Response};
use jeton_core::{
    id::{TokenId, UserId},
    time::Date,
    token::Expiry,
};
use jeton_store::By;

use super::presented;
use crate::{
    app::App,
    doors::api::{
        entities::RevealedToken,
        error::ApiError,
        params::{Given, Input, Reader},
        path::InPath,
        reply,
    },
    guard::{Grant, RotateToken, WriteApi},
    issue::NotReissued,
};

/// What can be said about the new token.
pub(crate) struct Wanted {
    expires_at: Option<Date>,
}

impl Input for Wanted {
    fn read(from: &mut Reader<'_>) -> Self {
        Self { expires_at: from.date("expires_at") }
    }
}

/// `POST /personal_access_tokens/:id/rotate`: an own one, or anyone's for an administrator. To others, whether it
/// exists is hidden behind 401.
pub(crate) async fn rotate(
    grant: Grant<WriteApi>,
    State(app): State<App>,
    Given(wanted): Given<Wanted>,
    id: InPath,
) -> Result<Response, ApiError> {
    let id = TokenId(id.number("id")?);
    let user = &grant.somebody()?.user;
    let missing = || {
        if user.administrator {
            ApiError::message(StatusCode::NOT_FOUND, "404 Not Found")
        } else {
            ApiError::unauthorized()
        }
    };
    let owner = (!user.administrator).then_some(user.id);
    replace(&app, id, owner, &wanted, grant.by()).await?.ok_or_else(missing)
}

/// `POST /personal_access_tokens/self/rotate`: the token that asks.
pub(crate) async fn rotate_myself(
    grant: Grant<RotateToken>,
    State(app): State<App>,
    Given(wanted): Given<Wanted>,
) -> Result<Response, ApiError> {
    let own = presented(grant.somebody()?)?;
    replace(&app, own.id, None, &wanted, grant.by()).await?.ok_or_else(ApiError::unauthorized)
}

/// None if there is no such token.
async fn replace(
    app: &App,
    id: TokenId,
    owner: Option<UserId>,
    wanted: &Wanted,
    by: By,
) -> Result<Option<Response>, ApiError> {
    match app.reissue_token(id, owner, Expiry::on(wanted.expires_at), by).await {
        Ok(issued) => {
            let body = RevealedToken::new(&issued.token, issued.text, app.now());
            Ok(Some(reply::secret(StatusCode::OK, &body)))
        }
        Err(NotReissued::Missing) => Ok(None),
        Err(NotReissued::Ended) => Err(ApiError::bad_request("Token already revoked")),
        Err(NotReissued::Refused(refusal)) => Err(refusal.into()),
    }
}
