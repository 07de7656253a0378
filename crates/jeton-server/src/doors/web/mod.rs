//! The pages: sign-in, the Access tokens page, and what leads to them. They work without JavaScript.
//!
//! A page reads the session's cookie and nothing else as a credential. Two locks keep other sites' forms out: the
//! request must come from our own pages ([`crate::origin`]), and its form must carry the value that only they know ([`form`]).

mod access_tokens;
mod assets;
mod confirm;
mod cookies;
mod error;
mod factor_views;
mod form;
mod home;
mod moments;
mod news;
mod password;
mod paths;
mod protection;
mod rotation;
mod second_step;
mod sign_in;
#[cfg(test)]
mod tests;
mod token_form;
mod two_factor;
mod views;
mod visit;
mod wanted;

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, Uri, header::ALLOW, uri::PathAndQuery},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::{
    accounts::PASSWORD_LINK_PATH, app::App, exchange, guard::Routes, origin, refusal::Refusal, request_id::RequestId,
};
use cookies::Cookie;
use error::{Problem, Unsaid};
use form::Pairs;
use visit::Visit;

/// Every page and what it needs.
pub(crate) fn routes() -> Routes {
    let [earlier, earliest] = paths::EARLIER_ACCESS_TOKENS;
    Routes::default()
        .get(paths::HOME, "The start page", home::show)
        .get(paths::SIGN_IN, "The sign-in form", sign_in::show)
        .post(paths::SIGN_IN, "Signs in", sign_in::submit)
        .get(paths::PASSKEY_OPTIONS, "What a passkey is asked that signs in alone", sign_in::passkey_options)
        .post(paths::SIGN_OUT, "Signs out", sign_in::leave)
        .get(PASSWORD_LINK_PATH, "The form behind a one-time link", password::show)
        .post(paths::PASSWORD, "Sets a password with a one-time link", password::submit)
        .get(paths::ACCESS_TOKENS, "The Access tokens page", access_tokens::show)
        .post(paths::ACCESS_TOKENS, "Creates a token", access_tokens::create)
        .get(paths::ROTATE, "Asks whether to rotate a token", rotation::ask)
        .post(paths::ROTATE, "Rotates a token", rotation::rotate)
        .get(paths::REVOKE, "Asks whether to revoke a token", access_tokens::ask)
        .post(paths::REVOKE, "Revokes a token", access_tokens::revoke)
        .put(paths::REVOKE, "Revokes a token", access_tokens::revoke)
        .get(paths::TWO_FACTOR, "The page of second factors", two_factor::show)
        .post(paths::TWO_FACTOR, "Adds an authenticator app", two_factor::add_app)
        .post(paths::REMOVE_APP, "Removes the authenticator app", two_factor::remove_app)
        .post(paths::ADD_PASSKEY, "Adds a passkey", two_factor::add_passkey)
        .post(paths::RENAME_PASSKEY, "Gives a passkey another name", two_factor::rename_passkey)
        .post(paths::REMOVE_PASSKEY, "Removes a passkey", two_factor::remove_passkey)
        .post(paths::RECOVERY_CODES, "Makes new recovery codes", two_factor::new_codes)
        .post(paths::SWITCH_OFF, "Switches two-factor authentication off", two_factor::switch_off)
        .get(paths::CONFIRM, "Asks once more who somebody is", confirm::show)
        .post(paths::CONFIRM, "Proves once more who somebody is, and goes on", confirm::submit)
        .get(earlier, "Leads to the Access tokens page", access_tokens::moved)
        .get(earliest, "Leads to the Access tokens page", access_tokens::moved)
        .get(assets::ROUTE, "Style sheets, script and logo", assets::serve)
        .get("/favicon.ico", "The logo", assets::favicon)
}

/// This door: its pages, and a page for everything that is none.
pub(crate) fn door(app: &App) -> Router {
    routes()
        .into_router()
        .fallback(async || Problem::NotFound)
        .method_not_allowed_fallback(async || Problem::WrongMethod)
        .layer(from_fn_with_state(app.clone(), finish))
        .with_state(app.clone())
}

/// What a finished answer is made from when the pages could not make it.
struct Asked {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    id: Option<RequestId>,
    /// The form that came with it, if somebody is signed in.
    form: Option<Pairs>,
}

/// Keeps out what comes from other sites, makes a page of every refusal, and protects every answer.
async fn finish(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut asked = Asked {
        method: request.method().clone(),
        uri: request.uri().clone(),
        headers: request.headers().clone(),
        id: request.extensions().get().copied(),
        form: None,
    };
    let answer = if asked.is_from_elsewhere(&app) {
        Problem::Foreign.into_response()
    } else {
        match asked.keep_form(&app, request).await {
            Ok(request) => exchange::unless_it_panics(next.run(request)).await,
            Err(problem) => problem.into_response(),
        }
    };
    let allow = answer.headers().get(ALLOW).cloned();
    let mut answer = match Unsaid::of(&answer, asked.id.as_ref()) {
        None => answer,
        Some(unsaid) => asked.say(&app, unsaid).await,
    };
    if let Some(allow) = allow {
        answer.headers_mut().insert(ALLOW, allow);
    }
    protection::protect(answer, app.is_secure())
}

impl Asked {
    fn changes_something(&self) -> bool {
        !matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS)
    }

    /// Reads the form of somebody who is signed in before it is asked whether they may send it: if they have to prove
    /// first who they are, it goes on afterwards as it was.
    async fn keep_form(&mut self, app: &App, request: Request) -> Result<Request, Problem> {
        let is_kept = self.changes_something() && Cookie::Session.read(&self.headers, app.is_secure()).is_some();
        if !is_kept {
            return Ok(request);
        }
        let (parts, body) = request.into_parts();
        let body = form::receive(&parts.headers, body).await?;
        self.form = Pairs::parse(&body).ok();
        Ok(Request::from_parts(parts, body.into()))
    }

    fn is_from_elsewhere(&self, app: &App) -> bool {
        self.changes_something() && !origin::is_ours(&self.headers, &self.uri, &app.config.external_url)
    }

    /// Says what the pages left unsaid. Where even that fails, the answer stays empty.
    async fn say(&self, app: &App, unsaid: Unsaid) -> Response {
        let visit = Visit::of(&self.headers, app);
        let said = match unsaid {
            Unsaid::SignIn => self.to_sign_in(visit),
            Unsaid::TwoFactor if self.changes_something() => visit.go_on(paths::TWO_FACTOR),
            Unsaid::TwoFactor => visit.lead(paths::TWO_FACTOR),
            Unsaid::Confirm => self.confirm(app, visit).await,
            Unsaid::Problem(problem) => error::page(app, &visit, problem, self.id.as_ref()).await,
        };
        said.unwrap_or_else(|refusal| {
            tracing::error!(request_id = self.id.map(tracing::field::display), %refusal, "an error page failed");
            refusal.into_response()
        })
    }

    async fn confirm(&self, app: &App, visit: Visit) -> Result<Response, Refusal> {
        let whole = self.uri.path_and_query().map_or(paths::HOME, PathAndQuery::as_str);
        let to = wanted::local_or_home(Some(whole));
        if !self.changes_something() {
            return visit.lead(&confirm::on_the_way_to(to));
        }
        if access_tokens::wants_json(&self.headers) {
            let why = format!("Prove once more who you are, at {}{}", app.config.external_url, paths::CONFIRM);
            return Ok((StatusCode::FORBIDDEN, Json(json!({ "errors": [why] }))).into_response());
        }
        let Some(caller) = visit.caller(app).await? else { return self.to_sign_in(visit) };
        let waiting = confirm::Waiting { to, form: self.form.as_ref() };
        confirm::page(app, &visit, &caller, StatusCode::FORBIDDEN, &waiting, None).await
    }

    fn to_sign_in(&self, mut visit: Visit) -> Result<Response, Refusal> {
        if self.changes_something() {
            return visit.go_on(paths::SIGN_IN);
        }
        if let Some(wanted) = wanted::keep(&self.uri) {
            visit.set(Cookie::Wanted, &wanted)?;
        }
        visit.lead(paths::SIGN_IN)
    }
}
