//! The second step of a sign-in: a code, or a passkey.

use axum::{http::StatusCode, response::Response};
use jeton_core::user::User;
use jeton_store::By;

use super::{
    cookies::Cookie,
    entry,
    factor_views::SecondStepPage,
    form::Form,
    not_proven::NotProven,
    sign_in::{self, DEVICE_RESPONSE},
    visit::Visit,
};
use crate::{
    app::App,
    attempts::Whence,
    factors::Purpose,
    guard::{Anybody, Grant},
    refusal::Refusal,
};

/// The field of a code: its presence says that a form is the second step's.
pub(super) const CODE: &str = "user[otp_attempt]";
const TOO_LATE: &str = "Your sign-in took too long, or too many codes were wrong. Sign in again.";

/// What the page asks for, and carries along.
struct Asking {
    problem: Option<String>,
    /// Whether the browser was asked, with the password, to stay signed in.
    stays: bool,
}

/// After the right password: asks for the second step, in this very answer. Nothing but the cookie that it sets, and a
/// second step within ten minutes, makes a session of it.
pub(super) async fn begin(app: &App, mut visit: Visit, user: &User, stays: bool) -> Result<Response, Refusal> {
    let cookie = app.begin_second_step(user.id).await?;
    visit.set(Cookie::Half, &cookie)?;
    page(app, &visit, StatusCode::OK, user, Asking { problem: None, stays }).await
}

/// The page once more, for a browser that comes back to it. None if no second step is waited for.
pub(super) async fn resume(app: &App, visit: &Visit) -> Result<Option<Response>, Refusal> {
    let Some(cookie) = visit.half() else { return Ok(None) };
    match app.second_step(cookie).await? {
        Some(user) => page(app, visit, StatusCode::OK, &user, Asking { problem: None, stays: false }).await.map(Some),
        None => Ok(None),
    }
}

/// Takes the second step.
pub(super) async fn submit(
    grant: &Grant<Anybody>,
    app: &App,
    mut visit: Visit,
    form: &Form,
) -> Result<Response, Refusal> {
    let Some(half) = visit.half().map(str::to_owned) else { return too_late(app, visit) };
    let Some(user) = app.second_step(&half).await? else { return too_late(app, visit) };
    let whence = entry::whence(grant, &visit);
    let stays = entry::stays(form);
    if let Some(problem) = judge(app, &visit, &half, &user, form, &whence).await? {
        if app.second_step(&half).await?.is_none() {
            return too_late(app, visit);
        }
        let asking = Asking { problem: Some(problem.text()), stays };
        return Ok(problem.marked(page(app, &visit, problem.status(), &user, asking).await?));
    }
    let proven = app.proven_otherwise(User::clone(&user), &whence).await?;
    if !app.end_second_step(&half).await? {
        return too_late(app, visit);
    }
    visit.clear(Cookie::Half)?;
    match entry::enter(app, &mut visit, &proven, &whence, stays).await? {
        Some(entered) => Ok(entered),
        None => sign_in::again(app, &visit, "", sign_in::CHANGED),
    }
}

/// What is wrong with the second step; nothing if it is right.
async fn judge(
    app: &App,
    visit: &Visit,
    half: &str,
    user: &User,
    form: &Form,
    whence: &Whence,
) -> Result<Option<NotProven>, Refusal> {
    if !sign_in::may_sign_in(user) {
        return Ok(Some(NotProven::wrong(sign_in::why_not(user))));
    }
    if let Some(answer) = form.pairs.get(DEVICE_RESPONSE).filter(|answer| !answer.is_empty()) {
        let by = By { user: Some(user.id), ..whence.by.clone() };
        let checked = app.check_passkey(Purpose::SecondStep(user.id), visit.binding(), answer, by).await?;
        return Ok(checked.err().map(|bad| NotProven::wrong(&bad.to_string())));
    }
    let code = form.pairs.get(CODE).unwrap_or_default();
    NotProven::of_code(app.check_code(user, Some(half), code, whence).await)
}

fn too_late(app: &App, mut visit: Visit) -> Result<Response, Refusal> {
    visit.clear(Cookie::Half)?;
    sign_in::again(app, &visit, "", TOO_LATE)
}

async fn page(app: &App, visit: &Visit, status: StatusCode, user: &User, asking: Asking) -> Result<Response, Refusal> {
    let page = SecondStepPage {
        frame: visit.frame("Two-factor authentication", None, &[]),
        problem: asking.problem,
        stays: asking.stays,
        passkey_options: app.passkey_options(Purpose::SecondStep(user.id), visit.binding()).await?,
    };
    visit.page(status, &page)
}
