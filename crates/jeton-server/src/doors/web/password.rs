//! Setting a password with a one-time link.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jeton_core::{secret::Secret, user::User};

use super::{
    cookies::Cookie,
    entry,
    error::Problem,
    form::{Form, Pairs},
    news::News,
    paths,
    views::PasswordPage,
    visit::Visit,
};
use crate::{
    accounts::PASSWORD_LINK_PARAMETER,
    app::App,
    guard::{Anybody, Grant},
    passwords::SHORTEST,
    refusal::Refusal,
};

/// What is wrong with the two passwords that were typed.
#[derive(Default)]
pub(super) struct Flaws {
    pub(super) password: Option<String>,
    pub(super) confirmation: Option<&'static str>,
}

/// What is kept of the form when it is shown once more.
#[derive(Default)]
struct Entered {
    flaws: Flaws,
    revoke_tokens: bool,
}

impl Flaws {
    /// GitLab's words, and those of [`crate::passwords::strength`].
    pub(super) async fn of(app: &App, user: &User, password: &Secret, confirmation: &str) -> Result<Self, Refusal> {
        let weakness = app.passwords.weakness(password.clone(), user.clone(), app.config.external_url.clone()).await?;
        let flaw = weakness.map(|weakness| format!("Password {weakness}"));
        let password = password.expose();
        let confirmation = (password != confirmation).then_some("Password confirmation doesn't match Password");
        Ok(Self { password: flaw, confirmation })
    }

    pub(super) const fn any(&self) -> bool {
        self.password.is_some() || self.confirmation.is_some()
    }
}

/// The form behind the link.
pub(super) async fn show(
    _: Grant<Anybody>,
    State(app): State<App>,
    mut visit: Visit,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let Ok(query) = Pairs::parse(query.unwrap_or_default().as_bytes()) else {
        return Ok(Problem::Malformed.into_response());
    };
    let secret = query.get(PASSWORD_LINK_PARAMETER).unwrap_or_default();
    let Some(user) = app.password_link(secret).await? else { return Ok(Problem::DeadLink.into_response()) };
    visit.begin(&app)?;
    page(&visit, StatusCode::OK, &user, secret, Entered::default())
}

/// Takes the form: sets the password, uses the link up, and leads to the sign-in form.
pub(super) async fn submit(
    grant: Grant<Anybody>,
    State(app): State<App>,
    mut visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    let field = |name| form.pairs.get(name).unwrap_or_default();
    let secret = field("user[reset_password_token]");
    let Some(user) = app.password_link(secret).await? else { return Ok(Problem::DeadLink.into_response()) };
    let (password, confirmation) = (field("user[password]"), field("user[password_confirmation]"));
    let revoke_tokens = field("user[revoke_tokens]") == "1";
    let password = Secret::new(password);
    let flaws = Flaws::of(&app, &user, &password, confirmation).await?;
    if flaws.any() {
        return page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &user, secret, Entered { flaws, revoke_tokens });
    }
    if !app.use_password_link(secret, password, revoke_tokens, grant.by()).await? {
        return Ok(Problem::DeadLink.into_response());
    }
    // The way in for somebody who is kept out by strangers' guesses.
    app.remember_network(user.id, &entry::whence(&grant, &visit)).await?;
    visit.set(Cookie::News, &News::PasswordSet.write())?;
    visit.go_on(paths::SIGN_IN)
}

fn page(visit: &Visit, status: StatusCode, user: &User, secret: &str, entered: Entered) -> Result<Response, Refusal> {
    let page = PasswordPage {
        frame: visit.frame("Set a password", None, &[]),
        username: &user.username,
        token: secret,
        least: SHORTEST,
        password_problem: entered.flaws.password,
        confirmation_problem: entered.flaws.confirmation,
        revoke_tokens: entered.revoke_tokens,
    };
    visit.page(status, &page)
}
