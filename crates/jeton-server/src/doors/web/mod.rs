//! The pages: sign-in, the Access tokens page, and what leads to them. They work without JavaScript.
//!
//! A page reads the session's cookie and nothing else as a credential. Two locks keep other sites' forms out: the
//! request must come from our own pages ([`crate::origin`]), and its form must carry the value that only they know ([`form`]).

mod access_tokens;
mod assets;
mod confirmation;
mod cookies;
mod emails;
mod error;
mod forgotten_password;
mod form;
mod home;
mod moments;
mod news;
mod password;
mod paths;
mod protection;
mod rotation;
mod sign_in;
mod token_form;
mod views;
mod visit;
mod wanted;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, Method, Uri, header::ALLOW},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};

use crate::{
    accounts::PASSWORD_LINK_PATH, app::App, exchange, guard::Routes, origin, refusal::Refusal, request_id::RequestId,
};
use cookies::Cookie;
use error::{Problem, Unsaid};
use visit::Visit;

/// Every page and what it needs.
pub(crate) fn routes() -> Routes {
    let [earlier, earliest] = paths::EARLIER_ACCESS_TOKENS;
    Routes::default()
        .get(paths::HOME, "The start page", home::show)
        .get(paths::SIGN_IN, "The sign-in form", sign_in::show)
        .post(paths::SIGN_IN, "Signs in", sign_in::submit)
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
}

/// Keeps out what comes from other sites, makes a page of every refusal, and protects every answer.
async fn finish(State(app): State<App>, request: Request, next: Next) -> Response {
    let asked = Asked {
        method: request.method().clone(),
        uri: request.uri().clone(),
        headers: request.headers().clone(),
        id: request.extensions().get().copied(),
    };
    let answer = if asked.is_from_elsewhere(&app) {
        Problem::Foreign.into_response()
    } else {
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

    fn is_from_elsewhere(&self, app: &App) -> bool {
        self.changes_something() && !origin::is_ours(&self.headers, &self.uri, &app.config.external_url)
    }

    /// Says what the pages left unsaid. Where even that fails, the answer stays empty.
    async fn say(&self, app: &App, unsaid: Unsaid) -> Response {
        let visit = Visit::of(&self.headers, app);
        let said = match unsaid {
            Unsaid::SignIn => self.to_sign_in(visit),
            Unsaid::Problem(problem) => error::page(app, &visit, problem, self.id.as_ref()).await,
        };
        said.unwrap_or_else(|refusal| {
            tracing::error!(request_id = self.id.map(tracing::field::display), %refusal, "an error page failed");
            refusal.into_response()
        })
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
