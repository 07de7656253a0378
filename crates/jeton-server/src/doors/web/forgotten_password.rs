//! Asking for a link that sets another password. The answer does not tell whether there is such an account.

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{
    cookies::Cookie,
    error::Problem,
    form::Form,
    news::{MailNews, News},
    paths,
    views::{Frame, Remedies},
    visit::Visit,
};
use crate::{
    app::App,
    guard::{Anybody, Grant},
    refusal::Refusal,
};

/// The form.
#[derive(Template)]
#[template(path = "forgotten_password.html")]
struct ForgottenPasswordPage<'a> {
    frame: Frame<'a>,
    /// Why nothing was done.
    problem: Option<&'a str>,
}

/// The form.
pub(super) async fn show(_: Grant<Anybody>, State(app): State<App>, mut visit: Visit) -> Result<Response, Refusal> {
    if !Remedies::of(&app).forgotten_password {
        return Ok(Problem::NotFound.into_response());
    }
    visit.begin(&app)?;
    page(&visit, StatusCode::OK, None)
}

/// Takes the form, has the mail sent behind the answer, and leads to the sign-in form.
pub(super) async fn submit(
    grant: Grant<Anybody>,
    State(app): State<App>,
    mut visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    if !Remedies::of(&app).forgotten_password {
        return Ok(Problem::NotFound.into_response());
    }
    let email = form.pairs.get("user[email]").unwrap_or_default().trim();
    if email.is_empty() {
        return page(&visit, StatusCode::UNPROCESSABLE_ENTITY, Some("Email can't be blank"));
    }
    app.request_password_link(email.to_owned(), grant.by())?;
    visit.set(Cookie::News, &News::Mail(MailNews::ResetAsked).write())?;
    visit.go_on(paths::SIGN_IN)
}

fn page(visit: &Visit, status: StatusCode, problem: Option<&str>) -> Result<Response, Refusal> {
    visit.page(status, &ForgottenPasswordPage { frame: visit.frame("Forgotten password", None, &[]), problem })
}
