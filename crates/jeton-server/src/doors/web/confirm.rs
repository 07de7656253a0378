//! Proving once more who one is, on the way to something that a session alone is not enough for. What was entered there is
//! kept: the form of this page carries it along, and the browser sends it on when the proof is good.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jeton_core::{caller::Caller, secret::Secret, user::User};

use super::{
    error::Problem,
    factor_views::ConfirmPage,
    form::{Form, Pairs},
    not_proven::NotProven,
    paths,
    visit::Visit,
    wanted,
};
use crate::{
    app::App,
    attempts::Whence,
    factors::Purpose,
    guard::{Grant, OwnFactors},
    refusal::Refusal,
};

/// Fields of this page begin so, in order not to be taken for the kept ones.
const OWN: &str = "confirm[";
const TO: &str = "confirm[to]";
const METHOD: &str = "confirm[method]";
const CODE: &str = "confirm[code]";
const PASSWORD: &str = "confirm[password]";
const PASSKEY: &str = "confirm[passkey]";
/// The method of a form that is waiting.
const POST: &str = "post";

/// What is to be done after the proof.
pub(super) struct Waiting<'a> {
    /// A path on this server.
    pub(super) to: &'a str,
    /// The form that is waiting there, if one is.
    pub(super) form: Option<&'a Pairs>,
}

impl<'a> Waiting<'a> {
    fn kept(&self) -> Vec<(&'a str, &'a str)> {
        let is_kept = |name: &str| name != super::form::PROOF && !name.starts_with(OWN);
        self.form.into_iter().flat_map(Pairs::each).filter(|(name, _)| is_kept(name)).collect()
    }
}

/// The page, for whoever comes by a link.
pub(super) async fn show(
    grant: Grant<OwnFactors>,
    State(app): State<App>,
    visit: Visit,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let Ok(query) = Pairs::parse(query.unwrap_or_default().as_bytes()) else {
        return Ok(Problem::Malformed.into_response());
    };
    let to = wanted::local_or_home(query.get("to"));
    page(&app, &visit, grant.somebody()?, StatusCode::OK, &Waiting { to, form: None }, None).await
}

/// Takes the proof, and goes on.
pub(super) async fn submit(
    grant: Grant<OwnFactors>,
    State(app): State<App>,
    visit: Visit,
    form: Form,
) -> Result<Response, Refusal> {
    let caller = grant.somebody()?;
    let to = wanted::local_or_home(form.pairs.get(TO));
    let is_form = form.pairs.get(METHOD) == Some(POST);
    let whence = Whence::new(grant.by(), grant.origin().client(), visit.device());
    if let Some(problem) = judge(&app, &visit, &caller.user, &form.pairs, &whence).await? {
        let waiting = Waiting { to, form: is_form.then_some(&form.pairs) };
        let page = page(&app, &visit, caller, problem.status(), &waiting, Some(problem.text())).await?;
        return Ok(problem.marked(page));
    }
    app.prove(caller, grant.by()).await?;
    if is_form { visit.send_on(to) } else { visit.go_on(to) }
}

/// What is wrong with the proof; nothing if it is right. Beside a second factor the password is none.
async fn judge(
    app: &App,
    visit: &Visit,
    user: &User,
    pairs: &Pairs,
    whence: &Whence,
) -> Result<Option<NotProven>, Refusal> {
    if let Some(answer) = pairs.get(PASSKEY).filter(|answer| !answer.is_empty()) {
        let checked = app.check_passkey(Purpose::Confirm(user.id), visit.binding(), answer, whence.by.clone()).await?;
        return Ok(checked.err().map(|bad| NotProven::wrong(&bad.to_string())));
    }
    if user.two_factor {
        return NotProven::of_code(app.check_code(user, None, pairs.get(CODE).unwrap_or_default(), whence).await);
    }
    let password = Secret::new(pairs.get(PASSWORD).unwrap_or_default());
    let known = app.confirm_password(user.id, &password, &whence.by).await;
    NotProven::of_password(known.map(|hash| hash.is_some()))
}

/// The page.
pub(super) async fn page(
    app: &App,
    visit: &Visit,
    caller: &Caller,
    status: StatusCode,
    waiting: &Waiting<'_>,
    problem: Option<String>,
) -> Result<Response, Refusal> {
    let user = &caller.user;
    let page = ConfirmPage {
        frame: visit.frame("Confirm that it is you", Some(user), &[]),
        username: &user.username,
        asks_code: user.two_factor,
        passkey_options: app.passkey_options(Purpose::Confirm(user.id), visit.binding()).await?,
        problem,
        to: waiting.to,
        method: if waiting.form.is_some() { POST } else { "get" },
        kept: waiting.kept(),
    };
    visit.page(status, &page)
}

/// The address of this page, on the way to a page.
pub(super) fn on_the_way_to(path: &str) -> String {
    let to: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
    format!("{}?to={to}", paths::CONFIRM)
}
