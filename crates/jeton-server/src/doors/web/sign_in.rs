//! Signing in and out.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header::USER_AGENT},
    response::Response,
};
use jeton_core::{
    lock::Denial,
    secret::Secret,
    user::{User, UserState},
};
use jeton_store::{By, Means};

use super::{
    cookies::Cookie,
    form::Form,
    news::News,
    paths,
    views::{Notice, NoticeKind, Remedies, SignInPage},
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
/// The same, where only the confirmation of the address is missing (Devise's words).
const UNCONFIRMED: &str = "You have to confirm your email address before continuing.";
/// Characters of a browser's name that are kept.
const LONGEST_CLIENT: usize = 255;

/// The form.
pub(super) async fn show(_: Grant<Anybody>, State(app): State<App>, mut visit: Visit) -> Result<Response, Refusal> {
    if visit.caller(&app).await?.is_some() {
        return visit.lead(&wanted::destination(visit.wanted()));
    }
    visit.begin(&app)?;
    let notice = match visit.take_news()? {
        Some(News::SignedOut) => Some("You are signed out."),
        Some(News::PasswordSet) => Some("Your password is set. Sign in with it."),
        Some(News::Mail(news)) => Some(news.text()),
        Some(News::Revoked(_) | News::SentBefore) | None => visit.wanted().map(|_| "Sign in to continue."),
    };
    let notices: Vec<Notice> =
        notice.map(|text| Notice { kind: NoticeKind::Done, text: text.to_owned() }).into_iter().collect();
    let frame = visit.frame("Sign in", None, &notices);
    visit.page(StatusCode::OK, &SignInPage { frame, login: "", problem: None, remedies: Remedies::of(&app) })
}

/// Takes the form: starts a session and goes to the page that was wanted.
pub(super) async fn submit(
    grant: Grant<Anybody>,
    State(app): State<App>,
    mut visit: Visit,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Refusal> {
    let login = form.pairs.get("user[login]").unwrap_or_default();
    let password = Secret::new(form.pairs.get("user[password]").unwrap_or_default());
    let user = match app.check_password(login, password).await? {
        Some(account) if may_sign_in(&account.user) => account.user,
        Some(account) => {
            let problem = if account.user.is_unconfirmed() { UNCONFIRMED } else { BLOCKED };
            exchange::note_refusal(&Denial::Account(Arc::new(account.user)).into());
            return again(&app, &visit, login, problem);
        }
        None => {
            exchange::note_refusal(&Denial::WrongPassword.into());
            return again(&app, &visit, login, WRONG);
        }
    };
    let by = By { user: Some(user.id), means: Means::Password, ..grant.by() };
    end_earlier(&app, &visit, &by).await?;
    let client = headers.get(USER_AGENT).and_then(|client| client.to_str().ok());
    let client = client.map(|client| client.chars().take(LONGEST_CLIENT).collect());
    let cookie = app.sign_in(&user, client, by).await?;
    visit.set(Cookie::Session, &cookie)?;
    visit.clear(Cookie::Visit)?;
    visit.clear(Cookie::Wanted)?;
    visit.go_on(&wanted::destination(visit.wanted()))
}

/// A deactivated account wakes up by signing in.
fn may_sign_in(user: &User) -> bool {
    matches!(user.state, UserState::Active | UserState::Deactivated) && user.confirmed_at.is_some()
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

/// A browser has one session: a new sign-in ends the one before.
async fn end_earlier(app: &App, visit: &Visit, by: &By) -> Result<(), Refusal> {
    if let Some(earlier) = visit.caller(app).await? {
        app.sign_out(&earlier, by.clone()).await?;
    }
    Ok(())
}

/// The form once more, with what was typed and why it was refused.
fn again(app: &App, visit: &Visit, login: &str, problem: &str) -> Result<Response, Refusal> {
    let frame = visit.frame("Sign in", None, &[]);
    visit.page(
        StatusCode::UNPROCESSABLE_ENTITY,
        &SignInPage { frame, login, problem: Some(problem), remedies: Remedies::of(app) },
    )
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
