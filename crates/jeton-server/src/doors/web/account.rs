//! Changing the own password.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use jeton_core::{
    caller::{Caller, Via},
    secret::Secret,
    user::User,
};
use jeton_store::devices::Familiarity;

use super::{
    cookies::Cookie,
    entry,
    form::Form,
    news::Done,
    password::Flaws,
    paths,
    views::{self, Frame},
    visit::Visit,
};
use crate::{
    app::App,
    attempts::Whence,
    guard::{Grant, OwnPages, ProvenPages},
    notices::Notice,
    passwords::SHORTEST,
    refusal::Refusal,
};

/// Said where the present password is asked for and another one is typed.
const WRONG: &str = "This is not your current password";
/// Said where both passwords are the same.
const SAME: &str = "Password is the one that you have already";

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage<'a> {
    frame: Frame<'a>,
    username: &'a str,
    /// Fewest characters of a password.
    least: usize,
    current_problem: Option<&'static str>,
    password_problem: Option<String>,
    confirmation_problem: Option<&'static str>,
}

/// What is wrong with the form.
#[derive(Default)]
struct Problems {
    current: Option<&'static str>,
    new: Flaws,
}

/// The page.
pub(super) async fn show(grant: Grant<OwnPages>, mut visit: Visit) -> Result<Response, Refusal> {
    let user = &grant.somebody()?.user;
    let notices = visit.take_notices()?;
    page(&visit, StatusCode::OK, user, &notices, Problems::default())
}

/// Takes the form: changes the password and ends the other sessions.
pub(super) async fn change(
    grant: Grant<ProvenPages>,
    State(app): State<App>,
    mut visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    let caller = grant.somebody()?;
    let user = &caller.user;
    let field = |name| form.pairs.get(name).unwrap_or_default();
    let (current, new) = (Secret::new(field("user[password]")), Secret::new(field("user[new_password]")));
    let mut flaws = Flaws::of(&app, user, &new, field("user[password_confirmation]")).await?;
    if new == current && !flaws.any() {
        flaws.password = Some(SAME.to_owned());
    }
    if flaws.any() {
        let problems = Problems { current: None, new: flaws };
        return page(&visit, StatusCode::UNPROCESSABLE_ENTITY, user, &[], problems);
    }
    let revoke_tokens = field("revoke_tokens") == "1";
    if !attempt(&app, caller, (&current, new), revoke_tokens, &grant).await? {
        let problems = Problems { current: Some(WRONG), ..Problems::default() };
        return page(&visit, StatusCode::UNPROCESSABLE_ENTITY, user, &[], problems);
    }
    let origin = grant.origin();
    let whence = Whence::new(grant.by(), origin.client(), visit.device());
    let device = app.remember_browser(user.id, Familiarity::default(), &whence).await?;
    visit.set_for(Cookie::Device, &device, Some(entry::DEVICE))?;
    if !revoke_tokens {
        return visit.done(Done::PasswordChanged, paths::ACCOUNT);
    }
    app.revoke_all_tokens(user.id, grant.by()).await?;
    visit.done(Done::PasswordChangedTokensRevoked, paths::ACCOUNT)
}

/// Changes the password of somebody who knows the present one, and tells them by mail. False if they do not.
async fn attempt(
    app: &App,
    caller: &Caller,
    (current, new): (&Secret, Secret),
    revoke_tokens: bool,
    grant: &Grant<ProvenPages>,
) -> Result<bool, Refusal> {
    let Some(hash) = app.confirm_password(caller.user.id, current, &grant.by()).await? else { return Ok(false) };
    let keep = match caller.via {
        Via::Session(session) => Some(session),
        Via::Token(_) | Via::Password => None,
    };
    let mails = app.mails_to(&caller.user, Notice::PasswordChanged { tokens_revoked: revoke_tokens }, &grant.by());
    app.change_password(caller.user.id, (hash, new), keep, mails, grant.by()).await
}

fn page(
    visit: &Visit,
    status: StatusCode,
    user: &User,
    notices: &[views::Notice],
    problems: Problems,
) -> Result<Response, Refusal> {
    let page = AccountPage {
        frame: Frame { section: Some(paths::ACCOUNT), ..visit.frame("Account", Some(user), notices) },
        username: &user.username,
        least: SHORTEST,
        current_problem: problems.current,
        password_problem: problems.new.password,
        confirmation_problem: problems.new.confirmation,
    };
    visit.page(status, &page)
}
