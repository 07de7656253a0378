//! The own profile, and the way to the other pages about oneself.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};

use super::{
    moments, paths,
    views::{Frame, Moment},
    visit::Visit,
};
use crate::{
    app::App,
    guard::{Grant, OwnPages},
    refusal::Refusal,
};

#[derive(Template)]
#[template(path = "profile.html")]
struct ProfilePage<'a> {
    frame: Frame<'a>,
    name: &'a str,
    username: &'a str,
    email: &'a str,
    since: Moment,
    last_sign_in: Option<Moment>,
    /// The other pages.
    others: Vec<&'static paths::Section>,
}

/// The page.
pub(super) async fn show(
    grant: Grant<OwnPages>,
    State(app): State<App>,
    mut visit: Visit,
) -> Result<Response, Refusal> {
    let user = &grant.somebody()?.user;
    let notices = visit.take_notices()?;
    let page = ProfilePage {
        frame: Frame { section: Some(paths::PROFILE), ..visit.frame("Profile", Some(user), &notices) },
        name: &user.name,
        username: &user.username,
        email: &user.email,
        since: moments::on(user.created_at),
        last_sign_in: user.current_sign_in_at.map(|at| moments::ago(at, app.now())),
        others: paths::SECTIONS.iter().filter(|section| section.path != paths::PROFILE).collect(),
    };
    visit.page(StatusCode::OK, &page)
}
