//! The pages: sign-in, the Access tokens page, and what leads to them. They work without JavaScript.
//!
//! A page reads the session's cookie and nothing else as a credential. Two locks keep other sites' forms out: the
//! request must come from our own pages ([`crate::origin`]), and its form must carry the value that only they know ([`form`]).

mod access_tokens;
mod account;
mod admin;
mod agents;
mod assets;
mod authentication_log;
mod confirm;
mod confirmation;
mod cookies;
mod emails;
mod entry;
mod error;
mod factor_views;
mod forgotten_password;
mod form;
mod home;
mod log;
mod moments;
mod news;
mod not_proven;
mod password;
mod paths;
mod profile;
mod protection;
mod published;
mod rotation;
mod second_step;
mod sessions;
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
    accounts::PASSWORD_LINK_PATH, app::App, edge::Unfit, exchange, guard::Routes, origin, refusal::Refusal,
    request_id::RequestId,
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
        .get(paths::FORGOTTEN_PASSWORD, "The form to ask for such a link", forgotten_password::show)
        .post(paths::FORGOTTEN_PASSWORD, "Mails such a link", forgotten_password::submit)
        .get(paths::CONFIRMATION, "The form behind a link that confirms an address", confirmation::show)
        .post(paths::CONFIRMATION, "Confirms an address", confirmation::submit)
        .get(paths::NEW_CONFIRMATION, "The form to ask for such a link", confirmation::ask)
        .post(paths::NEW_CONFIRMATION, "Mails such a link once more", confirmation::send)
        .get(paths::EMAILS, "The own addresses", emails::show)
        .post(paths::PRIMARY_EMAIL, "Asks for another primary address", emails::change)
        .post(paths::EMAILS, "Adds a further address", emails::add)
        .post(paths::REMIND, "Mails the link that confirms an address once more", emails::remind)
        .post(paths::REMOVE_EMAIL, "Removes a further address", emails::remove)
        .get(paths::ACCESS_TOKENS, "The Access tokens page", access_tokens::show)
        .post(paths::ACCESS_TOKENS, "Creates a token", access_tokens::create)
        .get(paths::ROTATE, "Asks whether to rotate a token", rotation::ask)
        .post(paths::ROTATE, "Rotates a token", rotation::rotate)
        .get(paths::REVOKE, "Asks whether to revoke a token", access_tokens::ask)
        .post(paths::REVOKE, "Revokes a token", access_tokens::revoke)
        .put(paths::REVOKE, "Revokes a token", access_tokens::revoke)
        .get(paths::PROFILE, "The own profile", profile::show)
        .get(paths::ACCOUNT, "The form for another password", account::show)
        .post(paths::CHANGE_PASSWORD, "Changes the password", account::change)
        .get(paths::SESSIONS, "Where one is signed in", sessions::show)
        .post(paths::END_SESSION, "Ends a session", sessions::end)
        .post(paths::END_OTHER_SESSIONS, "Ends all other sessions", sessions::end_others)
        .post(paths::FORGET_DEVICE, "Forgets a browser", sessions::forget)
        .get(paths::AUTHENTICATION_LOG, "What happened to the account", authentication_log::show)
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
        .get(paths::ADMIN, "The administrators' start page", admin::overview)
        .get(paths::ADMIN_USERS, "The accounts of people", admin::users::list)
        .post(paths::ADMIN_USERS, "Makes an account", admin::users::invite::submit)
        .get(paths::ADMIN_NEW_USER, "The form for a new account", admin::users::invite::show)
        .get("/admin/users/{id}", "One account", admin::users::account::show)
        .post("/admin/users/{id}", "Changes an account", admin::users::account::submit)
        .post("/admin/users/{id}/step", "Closes an account, or opens it again", admin::users::account::step)
        .get("/admin/users/{id}/delete", "Asks whether to delete an account", admin::users::deletion::ask)
        .post("/admin/users/{id}/delete", "Deletes an account", admin::users::deletion::delete)
        .get(paths::AUDIT_EVENTS, "The audit log", admin::audit_log::show)
        .get("/admin/audit_events.csv", "The audit log as CSV", admin::audit_export::csv)
        .get("/admin/audit_events.jsonl", "The audit log as JSON lines", admin::audit_export::json_lines)
        .get(paths::SETTINGS, "Settings of the instance", admin::settings::show)
        .post(paths::SETTINGS, "Changes settings of the instance", admin::settings::submit)
        .get(assets::ROUTE, "Style sheets, script and logo", assets::serve)
        .get("/favicon.ico", "The logo", assets::favicon)
        .get(published::AVATAR, "A user's picture", published::avatar)
        .get(published::KEYS, "A user's SSH or OpenPGP keys, as plain text", published::keys)
}

/// This door: its pages, and a page for everything that is none.
pub(crate) fn door(app: &App) -> Router {
    routes()
        .into_router()
        .fallback(async || Problem::NotFound)
        .method_not_allowed_fallback(published::wrong_method)
        .layer(from_fn_with_state(app.clone(), finish))
        .with_state(app.clone())
}

/// What the edge refuses. Of the request itself nothing is believed, so the page is a stranger's.
pub(crate) fn refuse(unfit: Unfit, app: &App, id: RequestId) -> Response {
    let problem = match unfit {
        Unfit::HeadTooLarge { .. } => Problem::HeadTooLarge,
        Unfit::NoHost => Problem::NoHost,
    };
    let visit = Visit::of(&HeaderMap::new(), app);
    let page = error::strangers_page(&visit, problem, Some(&id));
    protection::protect(page.unwrap_or_else(IntoResponse::into_response), app.is_secure())
}

/// What a finished answer is made from when the pages could not make it.
struct Asked {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    id: Option<RequestId>,
    /// The form that came with it.
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
    } else if app.policy().disable_personal_access_tokens && request.uri().path().starts_with(paths::ACCESS_TOKENS) {
        Problem::NotFound.into_response()
    } else {
        let request = if asked.changes_something() { asked.keep_form(request).await } else { request };
        exchange::unless_it_panics(next.run(request)).await
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

    /// Waits for the form, and keeps it: if whoever sent it has to prove first who they are, it goes on afterwards as it
    /// was.
    async fn keep_form(&mut self, request: Request) -> Request {
        let request = form::wait_for(request).await;
        self.form = form::pairs_of(&request);
        request
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
        // Only a form of ours is kept: this page sends it on with a value of its own.
        if !self.form.as_ref().is_some_and(|form| visit.proves(form.get(form::PROOF).unwrap_or_default(), app)) {
            return error::page(app, &visit, Problem::Stale, self.id.as_ref()).await;
        }
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
