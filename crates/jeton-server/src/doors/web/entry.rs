//! What happens once somebody has proven who they are: the session begins, and the browser is known from then on.

use axum::response::Response;
use jeton_core::session::STAY;
use jeton_store::{By, Means};

use super::{cookies::Cookie, form::Form, visit::Visit, wanted};
use crate::{
    app::App,
    attempts::{Proven, Whence},
    guard::{Anybody, Grant},
    refusal::Refusal,
};

/// Seconds for which a browser is asked to keep the cookie by which it is known again.
pub(super) const DEVICE: i64 = 365 * 86_400;

/// Where a sign-in comes from, with what the browser says of having been here before.
pub(super) fn whence(grant: &Grant<Anybody>, visit: &Visit) -> Whence {
    let origin = grant.origin();
    Whence::new(origin.by_user(None, Means::Password), origin.client(), visit.device())
}

/// Whether the browser was asked to stay signed in.
pub(super) fn stays(form: &Form) -> bool {
    form.pairs.get("user[remember_me]") == Some("1")
}

/// Begins the session and leads to the page that was wanted. None if the account was changed in this very moment.
pub(super) async fn enter(
    app: &App,
    visit: &mut Visit,
    proven: &Proven,
    whence: &Whence,
    stays: bool,
) -> Result<Option<Response>, Refusal> {
    let user = &proven.account.user;
    let by = By { user: Some(user.id), ..whence.by.clone() };
    end_earlier(app, visit, &by).await?;
    let Some(cookie) = app.enter(proven, stays, by).await? else { return Ok(None) };
    let device = app.remember_browser(user.id, proven.familiarity, whence).await?;
    visit.set_for(Cookie::Session, &cookie, stays.then_some(STAY))?;
    visit.set_for(Cookie::Device, &device, Some(DEVICE))?;
    visit.clear(Cookie::Visit)?;
    visit.clear(Cookie::Wanted)?;
    visit.go_on(&wanted::destination(visit.wanted())).map(Some)
}

/// A browser has one session: a new sign-in ends the one before.
async fn end_earlier(app: &App, visit: &Visit, by: &By) -> Result<(), Refusal> {
    if let Some(earlier) = visit.caller(app).await? {
        app.sign_out(&earlier, by.clone()).await?;
    }
    Ok(())
}
