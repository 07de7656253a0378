//! Signing in and out.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::{
        StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};
use jeton_core::{
    lock::Denial,
    secret::Secret,
    user::{Closed, User},
};
use jeton_store::{By, Means};

use super::{
    cookies::Cookie,
    entry,
    error::Problem,
    form::Form,
    moments,
    news::News,
    paths, second_step,
    views::{Notice, NoticeKind, Remedies, SignInPage},
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
const BLOCKED: &str = "Your account has been blocked. Ask an administrator if you think that this is an error.";
/// The same, where only the confirmation of the address is missing (Devise's words).
const UNCONFIRMED: &str = "You have to confirm your email address before continuing.";
/// Said to everybody, where administrators switched it off.
const SWITCHED_OFF: &str = "Signing in with a password is switched off on this server.";
/// Said to somebody whose proof was good a moment ago.
pub(super) const CHANGED: &str = "Your account was changed just now. Sign in again.";
/// The field that carries a passkey's answer.
pub(super) const DEVICE_RESPONSE: &str = "user[device_response]";

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
        Some(News::Mail(news)) => Some(news.text()),
        Some(News::Revoked(_) | News::SentBefore | News::Done(_) | News::Factors(_)) | None => {
            visit.wanted().map(|_| "Sign in to continue.")
        }
    };
    let notices: Vec<Notice> =
        notice.map(|text| Notice { kind: NoticeKind::Done, text: text.to_owned() }).into_iter().collect();
    let frame = visit.frame("Sign in", None, &notices);
    let page = SignInPage {
        frame,
        login: "",
        problem: None,
        has_passkeys: app.relying_party().is_some(),
        remedies: Remedies::of(&app),
    };
    visit.page(StatusCode::OK, &page)
}

/// Takes the form: starts a session and goes to the page that was wanted.
pub(super) async fn submit(
    grant: Grant<Anybody>,
    State(app): State<App>,
    mut visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    if form.pairs.get(second_step::CODE).is_some() {
        return second_step::submit(&grant, &app, visit, &form).await;
    }
    if let Some(answer) = form.pairs.get(DEVICE_RESPONSE) {
        return with_passkey(&grant, &app, visit, &form, answer).await;
    }
    let login = form.pairs.get("user[login]").unwrap_or_default();
    if !app.policy().password_authentication_enabled_for_web {
        exchange::note_refusal(&Denial::PasswordsDisabled.into());
        return again(&app, &visit, login, SWITCHED_OFF);
    }
    let password = Secret::new(form.pairs.get("user[password]").unwrap_or_default());
    let whence = entry::whence(&grant, &visit);
    let proven = match app.try_password(login, &password, &whence).await {
        Ok(proven) => proven,
        Err(refusal @ Refusal::Denied(Denial::WrongPassword)) => {
            exchange::note_refusal(&refusal);
            return again(&app, &visit, login, WRONG);
        }
        Err(refusal @ Refusal::Held(seconds)) => {
            exchange::note_refusal(&refusal);
            return held(&app, &visit, login, seconds);
        }
        Err(other) => return Err(other),
    };
    if proven.account.user.closed() == Some(Closed::PasswordExpired) {
        // Whoever knows the password that an administrator chose may choose another one, and do nothing else.
        let link = app.make_password_link(proven.account.user.id).await?;
        return visit.go_on(link.strip_prefix(&app.config.external_url).unwrap_or(paths::SIGN_IN));
    }
    if !may_sign_in(&proven.account.user) {
        return shut(&app, &visit, login, proven.account.user, whence.by).await;
    }
    let stays = entry::stays(&form);
    if proven.account.user.two_factor {
        return second_step::begin(&app, visit, &proven.account.user, stays).await;
    }
    match entry::enter(&app, &mut visit, &proven, &whence, stays).await? {
        Some(entered) => Ok(entered),
        None => again(&app, &visit, login, CHANGED),
    }
}

/// Refuses somebody who proved who they are, and whose account is closed.
async fn shut(app: &App, visit: &Visit, login: &str, user: User, by: By) -> Result<Response, Refusal> {
    app.store.record_refusal(Some(user.id), "account", by, app.now()).await?;
    let problem = why_not(&user);
    exchange::note_refusal(&Denial::Account(Arc::new(user)).into());
    again(app, visit, login, problem)
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
    mut visit: Visit,
    form: &Form,
    answer: &str,
) -> Result<Response, Refusal> {
    let mut whence = entry::whence(grant, &visit);
    whence.by.means = Means::Passkey;
    let user = match app.check_passkey(Purpose::SignIn, visit.binding(), answer, whence.by.clone()).await? {
        Ok(user) if may_sign_in(&user) => user,
        Ok(user) => return shut(app, &visit, "", user, whence.by).await,
        Err(bad) => {
            exchange::note_refusal(&Denial::WrongPassword.into());
            return again(app, &visit, "", &bad.to_string());
        }
    };
    let proven = app.proven_otherwise(user, &whence).await?;
    match entry::enter(app, &mut visit, &proven, &whence, entry::stays(form)).await? {
        Some(entered) => Ok(entered),
        None => again(app, &visit, "", CHANGED),
    }
}

/// A deactivated account wakes up by signing in.
pub(super) fn may_sign_in(user: &User) -> bool {
    matches!(user.closed(), None | Some(Closed::Deactivated)) && user.confirmed_at.is_some()
}

/// Why somebody may not, who knows the password.
pub(super) fn why_not(user: &User) -> &'static str {
    match user.closed() {
        Some(Closed::Unconfirmed | Closed::Deactivated) => UNCONFIRMED,
        Some(Closed::Internal | Closed::Blocked | Closed::PasswordExpired) | None => BLOCKED,
    }
}

impl Remedies {
    /// What the policy leaves open.
    pub(super) fn of(app: &App) -> Self {
        let policy = app.policy();
        Self {
            forgotten_password: policy.password_authentication_enabled_for_web,
            missing_confirmation: policy.email_confirmation_setting == "hard",
        }
    }
}

/// The form once more, with how long to wait.
fn held(app: &App, visit: &Visit, login: &str, seconds: i64) -> Result<Response, Refusal> {
    let problem = format!("Too many attempts were wrong. Try again in {}.", moments::seconds(seconds));
    let mut response = once_more(app, visit, StatusCode::TOO_MANY_REQUESTS, login, &problem)?;
    response.headers_mut().insert(RETRY_AFTER, seconds.into());
    Ok(response)
}

/// The form once more, with what was typed and why it was refused.
pub(super) fn again(app: &App, visit: &Visit, login: &str, problem: &str) -> Result<Response, Refusal> {
    once_more(app, visit, StatusCode::UNPROCESSABLE_ENTITY, login, problem)
}

fn once_more(app: &App, visit: &Visit, status: StatusCode, login: &str, problem: &str) -> Result<Response, Refusal> {
    let frame = visit.frame("Sign in", None, &[]);
    let (has_passkeys, remedies) = (app.relying_party().is_some(), Remedies::of(app));
    visit.page(status, &SignInPage { frame, login, problem: Some(problem), has_passkeys, remedies })
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
