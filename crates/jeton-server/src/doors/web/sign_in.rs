//! Signing in and out.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_TYPE, USER_AGENT},
    },
    response::{IntoResponse, Response},
};
use jeton_core::{
    lock::Denial,
    secret::Secret,
    user::{User, UserState},
};
use jeton_store::{By, Means};

use super::{
    cookies::Cookie,
    error::Problem,
    form::Form,
    news::News,
    paths, second_step,
    views::{Notice, NoticeKind, SignInPage},
    visit::Visit,
    wanted,
};
use crate::{
    app::App,
    exchange,
    factors::Purpose,
    guard::{Anybody, Grant, OwnFactors},
    refusal::Refusal,
};

/// The query with which the first step is shown again.
const START_OVER: &str = "start_over";
/// The same for a wrong password and for an account that does not exist.
const WRONG: &str = "Invalid login or password.";
/// Said only to somebody who knows the password.
pub(super) const BLOCKED: &str =
    "Your account has been blocked. Ask an administrator if you think that this is an error.";
/// The field that carries a passkey's answer.
pub(super) const DEVICE_RESPONSE: &str = "user[device_response]";
/// Characters of a browser's name that are kept.
const LONGEST_CLIENT: usize = 255;

/// The form.
pub(super) async fn show(
    _: Grant<Anybody>,
    State(app): State<App>,
    mut visit: Visit,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    if visit.caller(&app).await?.is_some() {
        return visit.lead(&wanted::destination(visit.wanted()));
    }
    visit.begin(&app)?;
    let starts_over = query.as_deref() == Some(START_OVER);
    if !starts_over && let Some(second) = second_step::resume(&app, &visit).await? {
        return Ok(second);
    }
    let notice = match visit.take_news()? {
        Some(News::SignedOut) => Some("You are signed out."),
        Some(News::PasswordSet) => Some("Your password is set. Sign in with it."),
        Some(News::Revoked(_) | News::SentBefore | News::Factors(_)) | None => {
            visit.wanted().map(|_| "Sign in to continue.")
        }
    };
    let notices: Vec<Notice> =
        notice.map(|text| Notice { kind: NoticeKind::Done, text: text.to_owned() }).into_iter().collect();
    let frame = visit.frame("Sign in", None, &notices);
    let has_passkeys = app.relying_party().is_some();
    visit.page(StatusCode::OK, &SignInPage { frame, login: "", problem: None, has_passkeys })
}

/// Takes the form: starts a session and goes to the page that was wanted.
pub(super) async fn submit(
    grant: Grant<Anybody>,
    State(app): State<App>,
    visit: Visit,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Refusal> {
    if form.pairs.get(second_step::CODE).is_some() {
        return second_step::submit(&grant, &app, visit, &headers, &form).await;
    }
    if let Some(answer) = form.pairs.get(DEVICE_RESPONSE) {
        return with_passkey(&grant, &app, visit, &headers, answer).await;
    }
    let login = form.pairs.get("user[login]").unwrap_or_default();
    let password = Secret::new(form.pairs.get("user[password]").unwrap_or_default());
    let user = match app.check_password(login, password).await? {
        Some(account) if may_sign_in(&account.user) => account.user,
        Some(account) => {
            exchange::note_refusal(&Denial::Account(Arc::new(account.user)).into());
            return again(&app, &visit, login, BLOCKED);
        }
        None => {
            exchange::note_refusal(&Denial::WrongPassword.into());
            return again(&app, &visit, login, WRONG);
        }
    };
    if user.two_factor {
        return second_step::begin(&app, visit, &user).await;
    }
    let by = By { user: Some(user.id), means: Means::Password, ..grant.by() };
    enter(&app, visit, &headers, &user, by).await
}

/// What a passkey is asked that signs in alone. Not on the page itself, which is the same for everybody and may be open
/// for long.
pub(super) async fn passkey_options(
    _: Grant<Anybody>,
    State(app): State<App>,
    visit: Visit,
) -> Result<Response, Refusal> {
    match app.passkey_options(Purpose::SignIn, visit.binding()).await? {
        Some(options) => Ok(([(CONTENT_TYPE, "application/json")], options).into_response()),
        None => Ok(Problem::NotFound.into_response()),
    }
}

/// Signs in with a passkey alone: the key checked who touches it, so it is both factors.
async fn with_passkey(
    grant: &Grant<Anybody>,
    app: &App,
    visit: Visit,
    headers: &HeaderMap,
    answer: &str,
) -> Result<Response, Refusal> {
    match app.check_passkey(Purpose::SignIn, visit.binding(), answer, grant.by()).await? {
        Ok(user) if may_sign_in(&user) => {
            let by = By { user: Some(user.id), means: Means::Passkey, ..grant.by() };
            enter(app, visit, headers, &user, by).await
        }
        Ok(user) => {
            exchange::note_refusal(&Denial::Account(Arc::new(user)).into());
            again(app, &visit, "", BLOCKED)
        }
        Err(bad) => {
            exchange::note_refusal(&Denial::WrongPassword.into());
            again(app, &visit, "", &bad.to_string())
        }
    }
}

/// Starts the session of somebody who proved who they are, and goes to the page that was wanted.
pub(super) async fn enter(
    app: &App,
    mut visit: Visit,
    headers: &HeaderMap,
    user: &User,
    by: By,
) -> Result<Response, Refusal> {
    end_earlier(app, &visit, &by).await?;
    let client = headers.get(USER_AGENT).and_then(|client| client.to_str().ok());
    let client = client.map(|client| client.chars().take(LONGEST_CLIENT).collect());
    let cookie = app.sign_in(user, client, by).await?;
    visit.set(Cookie::Session, &cookie)?;
    visit.clear(Cookie::Visit)?;
    visit.clear(Cookie::Wanted)?;
    visit.go_on(&wanted::destination(visit.wanted()))
}

/// A deactivated account wakes up by signing in.
pub(super) fn may_sign_in(user: &User) -> bool {
    matches!(user.state, UserState::Active | UserState::Deactivated)
}

/// A browser has one session: a new sign-in ends the one before.
async fn end_earlier(app: &App, visit: &Visit, by: &By) -> Result<(), Refusal> {
    if let Some(earlier) = visit.caller(app).await? {
        app.sign_out(&earlier, by.clone()).await?;
    }
    Ok(())
}

/// The form once more, with what was typed and why it was refused.
pub(super) fn again(app: &App, visit: &Visit, login: &str, problem: &str) -> Result<Response, Refusal> {
    let frame = visit.frame("Sign in", None, &[]);
    let has_passkeys = app.relying_party().is_some();
    let page = SignInPage { frame, login, problem: Some(problem), has_passkeys };
    visit.page(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// Ends the session.
pub(super) async fn leave(
    grant: Grant<OwnFactors>,
    State(app): State<App>,
    mut visit: Visit,
    _: Form,
) -> Result<Response, Refusal> {
    app.sign_out(grant.somebody()?, grant.by()).await?;
    visit.clear(Cookie::Session)?;
    visit.set(Cookie::News, &News::SignedOut.write())?;
    visit.go_on(paths::SIGN_IN)
}
