//! Replacing tokens over the API. The new text stands in the answer, once; the old one is dead when it is there.

use axum::{
    extract::{Request, State},
    http::{Method, StatusCode},
    response::Response,
};
use jeton_core::{
    caller::Caller,
    id::{TokenId, UserId},
    lock::Denial,
    scope::ScopeSet,
    token::{Authority, Expiry},
};
use jeton_store::{By, Means};

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
    guard::{Grant, Origin, ProvenApi, RotateToken},
    issue::NotReissued,
    refusal::Refusal,
};

/// What can be said about the new token.
pub(crate) struct Wanted {
    expires_at: Expiry,
}

impl Input for Wanted {
    fn read(from: &mut Reader<'_>) -> Self {
        Self { expires_at: from.expiry("expires_at") }
    }
}

/// `POST /personal_access_tokens/:id/rotate`: an own one, or anyone's for an administrator. To others, whether it
/// exists is hidden behind 401.
pub(crate) async fn rotate(
    grant: Grant<ProvenApi>,
    State(app): State<App>,
    Given(wanted): Given<Wanted>,
    id: InPath,
) -> Result<Response, ApiError> {
    let id = TokenId(id.number("id")?);
    let caller = grant.somebody()?;
    let user = &caller.user;
    let missing = if user.administrator { ApiError::no_such_thing } else { ApiError::unauthorized };
    let owner = (!user.administrator).then_some(user.id);
    replace(&app, caller, id, owner, wanted, grant.by()).await?.ok_or_else(missing)
}

/// `POST /personal_access_tokens/self/rotate`: the token that asks.
pub(crate) async fn rotate_myself(
    grant: Grant<RotateToken>,
    State(app): State<App>,
    Given(wanted): Given<Wanted>,
) -> Result<Response, ApiError> {
    let caller = grant.somebody()?;
    let own = presented(caller)?;
    replace(&app, caller, own.id, None, wanted, grant.by()).await?.ok_or_else(ApiError::unauthorized)
}

/// None if there is no such token, of which whoever may not rotate it learns nothing else either.
async fn replace(
    app: &App,
    caller: &Caller,
    id: TokenId,
    owner: Option<UserId>,
    wanted: Wanted,
    by: By,
) -> Result<Option<Response>, ApiError> {
    if app.policy().disable_personal_access_tokens {
        return Err(ApiError::forbidden_because("Personal access tokens are disabled"));
    }
    let token = app.store.token(id).await?.filter(|token| owner.is_none_or(|owner| token.user == owner));
    let Some(token) = token else { return Ok(None) };
    let authority = Authority::of(caller, token.user);
    let scopes = ScopeSet::stored(&token.scopes.join(" "));
    if let Some(missing) = scopes.and_then(|scopes| authority.beyond(scopes)) {
        return Err(ApiError::insufficient_scope(&missing.names().collect::<Vec<_>>()));
    }
    let end = app.lifetime().until(authority.latest_after(id, token.expiry)).settle_rotation(wanted.expires_at);
    let end = end.map_err(|flaw| ApiError::bad_request(&format!("Expiration date {flaw}")))?;
    match app.reissue_token(id, owner, end, by).await {
        Ok(issued) => {
            let body = RevealedToken::new(&issued.token, issued.text, app.now());
            Ok(Some(reply::secret(StatusCode::OK, &body)))
        }
        Err(NotReissued::Missing) => Ok(None),
        Err(NotReissued::Ended) => Err(ApiError::bad_request("Token already revoked")),
        Err(NotReissued::Refused(refusal)) => Err(refusal.into()),
    }
}

/// A request to replace a token, as far as it matters when its own token turns out to be an ended one.
pub(crate) struct Attempt(Origin);

impl Attempt {
    /// If that is what the request wants.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let is_path = |path: &str| {
            let mut end = path.rsplit('/');
            (end.next(), end.next().is_some(), end.next()) == (Some("rotate"), true, Some("personal_access_tokens"))
        };
        let rotates = *request.method() == Method::POST && is_path(request.uri().path());
        rotates.then(|| Self(Origin::of(request.headers(), request.extensions())))
    }

    /// Whoever presents an ended token here has an old text: its owner by mistake, or a thief. What it was replaced by
    /// may be in the wrong hands too, so that ends as well.
    pub(crate) async fn was_refused(self, refusal: &Refusal, app: &App) -> Result<(), Refusal> {
        let Refusal::Denied(Denial::Revoked { token, .. }) = refusal else { return Ok(()) };
        Ok(app.revoke_successor(*token, self.0.by_user(None, Means::Token)).await?)
    }
}
