//! Signing in and out.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{StatusCode, header::RETRY_AFTER},
    response::Response,
};
use jeton_core::{
    lock::Denial,
    secret::Secret,
    user::{Closed, User},
};

use super::{
    cookies::Cookie,
    entry,
    form::Form,
    moments,
    news::News,
    paths,
    views::{Notice, NoticeKind, SignInPage},
    visit::Visit,
    wanted,
};
use crate::{
    app::App,
    exchange,
    guard::{Anybody, Grant, OwnPages},
    refusal::Refusal,
};

/// The same for a wrong password and for an account that does not exist.
const WRONG: &str = "Invalid login or password.";
/// Said only to somebody who knows the password.
const BLOCKED: &str = "Your account has been blocked. Ask an administrator if you think that this is an error.";
/// Said to everybody, where administrators switched it off.
const SWITCHED_OFF: &str = "Signing in with a password is switched off on this server.";

/// The form.
pub(super) async fn show(_: Grant<Anybody>, State(app): State<App>, mut visit: Visit) -> Result<Response, Refusal> {
    if visit.caller(&app).await?.is_some() {
        return visit.lead(&wanted::destination(visit.wanted()));
    }
    visit.begin(&app)?;
    let notice = match visit.take_news()? {
        Some(News::SignedOut) => Some("You are signed out."),
        Some(News::PasswordSet) => Some("Your password is set. Sign in with it."),
        Some(News::Revoked(_) | News::SentBefore | News::Done(_)) | None => {
            visit.wanted().map(|_| "Sign in to continue.")
        }
    };
    let notices: Vec<Notice> =
        notice.map(|text| Notice { kind: NoticeKind::Done, text: text.to_owned() }).into_iter().collect();
    let frame = visit.frame("Sign in", None, &notices);
    visit.page(StatusCode::OK, &SignInPage { frame, login: "", problem: None })
}

/// Takes the form: starts a session and goes to the page that was wanted.
pub(super) async fn submit(
    grant: Grant<Anybody>,
    State(app): State<App>,
    mut visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    let login = form.pairs.get("user[login]").unwrap_or_default();
    if !app.policy().password_authentication_enabled_for_web {
        exchange::note_refusal(&Denial::PasswordsDisabled.into());
        return again(&visit, login, SWITCHED_OFF);
    }
    let password = Secret::new(form.pairs.get("user[password]").unwrap_or_default());
    let whence = entry::whence(&grant, &visit);
    let proven = match app.try_password(login, &password, &whence).await {
        Ok(proven) => proven,
        Err(refusal @ Refusal::Denied(Denial::WrongPassword)) => {
            exchange::note_refusal(&refusal);
            return again(&visit, login, WRONG);
        }
        Err(refusal @ Refusal::Held(seconds)) => {
            exchange::note_refusal(&refusal);
            return held(&visit, login, seconds);
        }
        Err(other) => return Err(other),
    };
    if proven.account.user.closed() == Some(Closed::PasswordExpired) {
        // Whoever knows the password that an administrator chose may choose another one, and do nothing else.
        let link = app.make_password_link(proven.account.user.id).await?;
        return visit.go_on(link.strip_prefix(&app.config.external_url).unwrap_or(paths::SIGN_IN));
    }
    if !may_sign_in(&proven.account.user) {
        let user = proven.account.user;
        app.store.record_refusal(Some(user.id), "account", whence.by.clone(), app.now()).await?;
        exchange::note_refusal(&Denial::Account(Arc::new(user)).into());
        return again(&visit, login, BLOCKED);
    }
    match entry::enter(&app, &mut visit, &proven, &whence, entry::stays(&form)).await? {
        Some(entered) => Ok(entered),
        None => again(&visit, login, WRONG),
    }
}

/// A deactivated account wakes up by signing in.
fn may_sign_in(user: &User) -> bool {
    matches!(user.closed(), None | Some(Closed::Deactivated))
}

/// The form once more, with how long to wait.
fn held(visit: &Visit, login: &str, seconds: i64) -> Result<Response, Refusal> {
    let problem = format!("Too many attempts were wrong. Try again in {}.", moments::seconds(seconds));
    let mut response = once_more(visit, StatusCode::TOO_MANY_REQUESTS, login, &problem)?;
    response.headers_mut().insert(RETRY_AFTER, seconds.into());
    Ok(response)
}

/// The form once more, with what was typed and why it was refused.
fn again(visit: &Visit, login: &str, problem: &str) -> Result<Response, Refusal> {
    once_more(visit, StatusCode::UNPROCESSABLE_ENTITY, login, problem)
}

fn once_more(visit: &Visit, status: StatusCode, login: &str, problem: &str) -> Result<Response, Refusal> {
    let frame = visit.frame("Sign in", None, &[]);
    visit.page(status, &SignInPage { frame, login, problem: Some(problem) })
}

/// Ends the session.
pub(super) async fn leave(
    grant: Grant<OwnPages>,
    State(app): State<App>,
    mut visit: Visit,
    _: Form,
) -> Result<Response, Refusal> {
    app.sign_out(grant.somebody()?, grant.by()).await?;
    visit.clear(Cookie::Session)?;
    visit.set(Cookie::News, &News::SignedOut.write())?;
    visit.go_on(paths::SIGN_IN)
}
