//! Impersonation tokens: tokens that administrators make to act as somebody else (GitLab API docs, "Impersonation
//! tokens").

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use jeton_core::token::{Authority, Draft, Expiry, Flaw};
use jeton_store::tokens::{
    Token,
    list::{TokenFilter, TokenOrder},
};

use super::{
    entities::ImpersonationToken,
    error::ApiError,
    flaws::Flaws,
    page::{COUNT_TO, Links, Page},
    params::{Given, Input, Reader},
    path::InPath,
    reply::{self, unmodified},
    users::numbered,
};
use crate::{
    app::App,
    guard::{AdministerApi, Grant, InspectUsers},
    issue::NotIssued,
};

/// Which of a user's impersonation tokens.
pub(crate) struct Asked {
    active: Option<bool>,
    page: Page,
}

impl Input for Asked {
    fn read(from: &mut Reader<'_>) -> Self {
        let state = from.word("state", &["all", "active", "inactive"]);
        Self { active: state.filter(|state| *state != "all").map(|state| state == "active"), page: Page::read(from) }
    }
}

/// `GET /users/:user_id/impersonation_tokens`.
pub(crate) async fn list(
    _: Grant<InspectUsers>,
    State(app): State<App>,
    Given(asked): Given<Asked>,
    path: InPath,
    links: Links,
) -> Result<Response, ApiError> {
    let user = numbered(&app, &path).await?;
    let filter = TokenFilter {
        user: Some(user.id),
        impersonation: true,
        only_impersonation: true,
        active: asked.active,
        ..TokenFilter::default()
    };
    let now = app.now();
    let mut rows = app.tokens(&filter, TokenOrder::Id, asked.page.slice()).await?;
    let total = app.store.count_tokens(&filter, COUNT_TO, now).await?;
    let more = asked.page.cut(&mut rows);
    let headers = asked.page.headers(&links, total, rows.len(), more);
    let tokens: Vec<_> = rows.iter().map(|token| ImpersonationToken::new(token, None, now)).collect();
    Ok(reply::list(&tokens, headers))
}

/// `GET /users/:user_id/impersonation_tokens/:impersonation_token_id`.
pub(crate) async fn one(_: Grant<InspectUsers>, State(app): State<App>, path: InPath) -> Result<Response, ApiError> {
    let token = find(&app, &path).await?;
    Ok(reply::json(StatusCode::OK, &ImpersonationToken::new(&token, None, app.now())))
}

/// What an impersonation token is made from.
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
            expires_at: from.expiry("expires_at"),
            scopes: from.texts("scopes").unwrap_or_default(),
            description: from.text("description"),
        }
    }
}

/// `POST /users/:user_id/impersonation_tokens`. The text stands in the answer, once.
pub(crate) async fn create(
    grant: Grant<AdministerApi>,
    State(app): State<App>,
    Given(wanted): Given<Wanted>,
    path: InPath,
) -> Result<Response, ApiError> {
    let user = numbered(&app, &path).await?;
    let authority = Authority::of(grant.somebody()?, user.id);
    let Wanted { name, description, scopes, expires_at } = wanted;
    let draft = Draft { name, description, scopes, expires_at };
    let lifetime = app.lifetime().until(authority.latest());
    let plan = draft.check_insisting(app.offer(&user), lifetime).map_err(flawed)?;
    if authority.beyond(plan.scopes).is_some() {
        return Err(ApiError::attributes(vec![(
            "scopes",
            vec!["can only contain scopes of the token that asks".into()],
        )]));
    }
    match app.issue_impersonation_token(user.id, plan, grant.by()).await {
        Ok(issued) => {
            let body = ImpersonationToken::new(&issued.token, Some(issued.text), app.now());
            Ok(reply::secret(StatusCode::CREATED, &body))
        }
        Err(NotIssued::Disabled) => Err(ApiError::forbidden_because("Personal access tokens are disabled")),
        Err(NotIssued::TooMany(sentence)) => Err(ApiError::unprocessable(sentence)),
        Err(NotIssued::Refused(refusal)) => Err(refusal.into()),
    }
}

fn flawed(found: Vec<Flaw>) -> ApiError {
    let mut flaws = Flaws::default();
    for flaw in found {
        flaws.note(flaw.attribute.key(), Some(flaw.message));
    }
    flaws.into_error()
}

/// `DELETE /users/:user_id/impersonation_tokens/:impersonation_token_id`: revokes it.
pub(crate) async fn revoke(
    grant: Grant<AdministerApi>,
    State(app): State<App>,
    path: InPath,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let token = find(&app, &path).await?;
    unmodified(&headers, token.updated_at)?;
    app.revoke_token(token.id, None, grant.by()).await?.map(|_| reply::no_content()).ok_or_else(missing)
}

/// The impersonation token of that user and number.
async fn find(app: &App, path: &InPath) -> Result<Token, ApiError> {
    let user = numbered(app, path).await?;
    let token = app.token(path.token("impersonation_token_id")?).await?;
    token.filter(|token| token.user == user.id && token.impersonation).ok_or_else(missing)
}

fn missing() -> ApiError {
    ApiError::not_found("Impersonation Token")
}
