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
    passwords::{
        SHORTEST,
        strength::{self, About},
    },
    refusal::Refusal,
};

/// What is wrong with the two passwords that were typed.
#[derive(Default)]
pub(super) struct Flaws {
    pub(super) password: Option<String>,
    pub(super) confirmation: Option<&'static str>,
}

impl Flaws {
    /// GitLab's words, and those of [`strength`].
    pub(super) fn of(password: &str, confirmation: &str, about: About<'_>) -> Self {
        let flaw = strength::check(password, about).err().map(|weakness| format!("Password {weakness}"));
        let confirmation = (password != confirmation).then_some("Password confirmation doesn't match Password");
        Self { password: flaw, confirmation }
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
    page(&visit, StatusCode::OK, &user, secret, Flaws::default())
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
    let flaws = Flaws::of(password, confirmation, app.about(&user));
    if flaws.any() {
        return page(&visit, StatusCode::UNPROCESSABLE_ENTITY, &user, secret, flaws);
    }
    if !app.use_password_link(secret, Secret::new(password), grant.by()).await? {
        return Ok(Problem::DeadLink.into_response());
    }
    // The way in for somebody who is kept out by strangers' guesses.
    app.remember_network(user.id, &entry::whence(&grant, &visit)).await?;
    visit.set(Cookie::News, &News::PasswordSet.write())?;
    visit.go_on(paths::SIGN_IN)
}

fn page(visit: &Visit, status: StatusCode, user: &User, secret: &str, flaws: Flaws) -> Result<Response, Refusal> {
    let page = PasswordPage {
        frame: visit.frame("Set a password", None, &[]),
        username: &user.username,
        token: secret,
        least: SHORTEST,
        password_problem: flaws.password,
        confirmation_problem: flaws.confirmation,
    };
    visit.page(status, &page)
}
