//! Rotating a token on a page: the new one keeps name, scopes and lifetime.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jeton_core::token::{EndReason, Ended};

use super::{
    access_tokens::{own_token, row, show_made},
    cookies::Cookie,
    error::Problem,
    form::Form,
    moments,
    news::News,
    paths,
    views::{Frame, RotatePage},
    visit::Visit,
};
use crate::{
    app::App,
    guard::{Grant, OwnPages, ProvenPages},
    issue::{NotReissued, same_lifetime},
    refusal::Refusal,
};

/// Asks whether the token shall be rotated.
pub(super) async fn ask(
    grant: Grant<OwnPages>,
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let caller = grant.somebody()?;
    app.last_used.flush(&app.store).await?;
    let now = app.now();
    let token = own_token(&app, caller, &id).await?.filter(|token| token.is_active(now));
    let Some(token) = token else { return Ok(Problem::NotFound.into_response()) };
    let page = RotatePage {
        frame: Frame { in_tokens: true, ..visit.frame("Rotate a token", Some(&caller.user), &[]) },
        next_expiry: app.lifetime().cut(same_lifetime(&token, now)).date().map(|date| moments::until(date, now)),
        token: row(token, now),
    };
    visit.page(StatusCode::OK, &page)
}

/// Rotates the token. The new one is shown by this very answer and nowhere else. Sending the form again finds a token
/// that was rotated, and does nothing.
pub(super) async fn rotate(
    grant: Grant<ProvenPages>,
    State(app): State<App>,
    mut visit: Visit,
    Path(id): Path<String>,
    _: Form,
) -> Result<Response, Refusal> {
    let caller = grant.somebody()?;
    let Some(token) = own_token(&app, caller, &id).await? else { return Ok(Problem::NotFound.into_response()) };
    let expiry = app.lifetime().cut(same_lifetime(&token, app.now()));
    match app.reissue_token(token.id, Some(caller.user.id), expiry, grant.by()).await {
        Ok(issued) => show_made(&app, caller, &visit, &issued.token.name, &issued.text).await,
        Err(NotReissued::Ended) if matches!(token.ended, Some(Ended { reason: EndReason::Rotated, .. })) => {
            visit.set(Cookie::News, &News::SentBefore.write())?;
            visit.go_on(paths::ACCESS_TOKENS)
        }
        Err(NotReissued::Ended | NotReissued::Missing) => Ok(Problem::NotFound.into_response()),
        Err(NotReissued::Refused(refusal)) => Err(refusal),
    }
}
