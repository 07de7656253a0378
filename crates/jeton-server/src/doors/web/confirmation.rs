//! Confirming an address with a one-time link, and asking for that link once more.
//!
//! The link itself changes nothing: programs that look into mails open links too.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{
    cookies::Cookie,
    error::Problem,
    form::{Form, Pairs},
    news::{MailNews, News},
    paths,
    views::Frame,
    visit::Visit,
};
use crate::{
    accounts::CONFIRMATION_PARAMETER,
    app::App,
    guard::{Anybody, Grant},
    refusal::Refusal,
};

/// Asks whether the address shall be confirmed.
#[derive(Template)]
#[template(path = "confirmation.html")]
struct ConfirmationPage<'a> {
    frame: Frame<'a>,
    email: &'a str,
    /// The one-time token of the link.
    token: &'a str,
}

/// Asks for a link.
#[derive(Template)]
#[template(path = "new_confirmation.html")]
struct NewConfirmationPage<'a> {
    frame: Frame<'a>,
    /// Why nothing was done.
    problem: Option<&'a str>,
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
    let secret = query.get(CONFIRMATION_PARAMETER).unwrap_or_default();
    let Some(found) = app.confirmation(secret).await? else { return Ok(Problem::DeadLink.into_response()) };
    visit.begin(&app)?;
    let frame = visit.frame("Confirm an address", None, &[]);
    visit.page(StatusCode::OK, &ConfirmationPage { frame, email: &found.email, token: secret })
}

/// Takes the form: uses the link up, and leads on.
pub(super) async fn submit(
    grant: Grant<Anybody>,
    State(app): State<App>,
    mut visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    let secret = form.pairs.get(CONFIRMATION_PARAMETER).unwrap_or_default();
    if app.confirm(secret, grant.by()).await?.is_none() {
        return Ok(Problem::DeadLink.into_response());
    }
    visit.set(Cookie::News, &News::Mail(MailNews::Confirmed).write())?;
    let is_signed_in = visit.caller(&app).await?.is_some();
    visit.go_on(if is_signed_in { paths::EMAILS } else { paths::SIGN_IN })
}

/// The form that asks for a link.
pub(super) async fn ask(_: Grant<Anybody>, State(app): State<App>, mut visit: Visit) -> Result<Response, Refusal> {
    visit.begin(&app)?;
    new_page(&visit, StatusCode::OK, None)
}

/// Has the link sent behind the answer, which does not tell whether there is such an account.
pub(super) async fn send(
    grant: Grant<Anybody>,
    State(app): State<App>,
    mut visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    let email = form.pairs.get("user[email]").unwrap_or_default().trim();
    if email.is_empty() {
        return new_page(&visit, StatusCode::UNPROCESSABLE_ENTITY, Some("Email can't be blank"));
    }
    app.request_confirmation_link(email.to_owned(), grant.by())?;
    visit.set(Cookie::News, &News::Mail(MailNews::ConfirmationAsked).write())?;
    visit.go_on(paths::SIGN_IN)
}

fn new_page(visit: &Visit, status: StatusCode, problem: Option<&str>) -> Result<Response, Refusal> {
    visit.page(status, &NewConfirmationPage { frame: visit.frame("Confirm an address", None, &[]), problem })
}
