//! Making tokens over the API. The text stands in the answer, once.

use axum::{extract::State, http::StatusCode, response::Response};
use jeton_core::{
    caller::{Caller, Via},
    id::UserId,
    scope::{Offer, SCOPES},
    token::{Authority, Draft, Expiry, Flaw, MadeVia},
    user::User,
};
use jeton_store::By;

use crate::{
    app::App,
    doors::api::{
        entities::RevealedToken,
        error::ApiError,
        params::{Given, Input, Reader},
        path::InPath,
        reply,
    },
    guard::{AdministerApi, Grant, ProvenApi},
    issue::NotIssued,
};

/// What a token is made from.
pub(crate) struct Wanted {
    name: String,
    description: Option<String>,
    scopes: Vec<String>,
    expires_at: Expiry,
}

impl Input for Wanted {
    fn read(from: &mut Reader<'_>) -> Self {
        Self {
            name: from.required_text("name"),
            description: from.text("description"),
            scopes: from.required_texts("scopes"),
            expires_at: from.expiry("expires_at"),
        }
    }
}

/// `POST /users/:user_id/personal_access_tokens`: an administrator makes a token for a user. What a token may give is
/// [`Authority`]'s to say.
pub(crate) async fn for_user(
    grant: Grant<AdministerApi>,
    State(app): State<App>,
    Given(wanted): Given<Wanted>,
    id: InPath,
) -> Result<Response, ApiError> {
    let caller = grant.somebody()?;
    not_by_impersonation(caller)?;
    let id = UserId(id.number("user_id")?);
    let any = Offer { administrator: true, registry: app.config.registry };
    check_scopes(&wanted.scopes, |name| is_offered(name, any))?;
    let user = app.identities.user(&app.store, id).await?.ok_or_else(|| ApiError::not_found("User"))?;
    make(&app, caller, &user, wanted, grant.by()).await
}

/// `POST /user/personal_access_tokens`: a token makes a token for its user, with no scope that it does not have itself
/// but `self_rotate`, which lets the new token do nothing but replace itself.
pub(crate) async fn for_myself(
    grant: Grant<ProvenApi>,
    State(app): State<App>,
    Given(wanted): Given<Wanted>,
) -> Result<Response, ApiError> {
    let caller = grant.somebody()?;
    not_by_impersonation(caller)?;
    let offer = app.offer(&caller.user);
    check_scopes(&wanted.scopes, |name| match &caller.via {
        Via::Token(token) => name == "self_rotate" || token.scopes.names().any(|held| held == name),
        Via::Session(_) | Via::Password => is_offered(name, offer),
    })?;
    make(&app, caller, &caller.user, wanted, grant.by()).await
}

/// What such a token made would live on as somebody's own when impersonation ends.
fn not_by_impersonation(caller: &Caller) -> Result<(), ApiError> {
    if caller.token().is_some_and(|token| token.impersonation) {
        return Err(ApiError::forbidden_because("Impersonation tokens make no personal access tokens"));
    }
    Ok(())
}

fn is_offered(name: &str, to: Offer) -> bool {
    SCOPES.iter().any(|scope| scope.name == name && scope.is_offered(to))
}

fn check_scopes(names: &[String], is_allowed: impl Fn(&str) -> bool) -> Result<(), ApiError> {
    if names.iter().all(|name| is_allowed(name)) { Ok(()) } else { Err(no_such_scopes()) }
}

fn no_such_scopes() -> ApiError {
    ApiError::parameters(&["scopes does not have a valid value".to_owned()])
}

async fn make(app: &App, caller: &Caller, user: &User, wanted: Wanted, by: By) -> Result<Response, ApiError> {
    let authority = Authority::of(caller, user.id);
    let Wanted { name, description, scopes, expires_at } = wanted;
    let draft = Draft { name, description, scopes, expires_at };
    let plan = draft.check(app.offer(user), app.lifetime().until(authority.latest()));
    let plan = plan.map_err(|flaws| ApiError::unprocessable(sentence(&flaws)))?;
    if authority.beyond(plan.scopes).is_some() {
        return Err(no_such_scopes());
    }
    match app.issue_token(user.id, plan, MadeVia::Api, by).await {
        Ok(issued) => {
            let body = RevealedToken::new(&issued.token, issued.text, app.now());
            Ok(reply::secret(StatusCode::CREATED, &body))
        }
        Err(NotIssued::Disabled) => Err(ApiError::forbidden_because("Personal access tokens are disabled")),
        Err(NotIssued::TooMany(sentence)) => Err(ApiError::unprocessable(sentence)),
        Err(NotIssued::Refused(refusal)) => Err(refusal.into()),
    }
}

/// The flaws as one sentence: `A`, `A and B`, `A, B, and C`.
fn sentence(flaws: &[Flaw]) -> String {
    let flaws: Vec<String> = flaws.iter().map(Flaw::to_string).collect();
    match flaws.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [most @ .., last] => format!("{}, and {last}", most.join(", ")),
    }
}
