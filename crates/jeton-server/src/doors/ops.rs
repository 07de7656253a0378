//! What operators and their machines ask: is it alive, can it serve, what does it count?
//!
//! The metrics are for administrators and for the addresses in the setting `metrics_allow`. Everybody else is told so,
//! with a 403: that these addresses exist is in the documentation, and a 404 would only send an operator looking for a
//! wrong path.

use std::time::Duration;

use axum::{
    Router,
    extract::{Request, State},
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS},
    },
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use jeton_core::lock::Denial;
use serde_json::{Value, json};

use crate::{
    app::App,
    edge::Unfit,
    exchange,
    guard::{Anybody, Grant, ReadMetrics, Routes},
    metrics,
    refusal::Refusal,
    request_id::RequestId,
};

const HEALTH: &str = "/-/health";
const LIVENESS: &str = "/-/liveness";
const READINESS: &str = "/-/readiness";
const METRICS: &str = "/-/metrics";

/// How long the database may take to answer. Those who ask wait for one second, as a rule (Kubernetes, for example), and
/// shall get the reason instead of nothing.
const PATIENCE: Duration = Duration::from_millis(800);

/// Whether a path belongs to this door.
pub(super) fn is_address(path: &str) -> bool {
    matches!(path, HEALTH | LIVENESS | READINESS | METRICS)
}

/// Everything behind this door.
pub(super) fn routes() -> Routes {
    Routes::default()
        .get(HEALTH, "Whether the process answers", health)
        .get(LIVENESS, "Whether the process answers, as JSON", liveness)
        .get(READINESS, "Whether the database answers too", readiness)
        .get(METRICS, "What the server counts", metrics)
}

/// This door.
pub(super) fn door(app: &App) -> Router {
    routes()
        .into_router()
        .method_not_allowed_fallback(async || plain(StatusCode::METHOD_NOT_ALLOWED, "405 Method Not Allowed\n"))
        .layer(from_fn(finish))
        .with_state(app.clone())
}

/// What the edge refuses.
pub(super) fn refuse(unfit: Unfit) -> Response {
    plain(unfit.status(), format!("{unfit}.\n"))
}

async fn health(_: Grant<Anybody>) -> Response {
    plain(StatusCode::OK, "Jeton OK")
}

async fn liveness(_: Grant<Anybody>) -> Response {
    json(StatusCode::OK, &json!({ "status": "ok" }))
}

async fn readiness(grant: Grant<Anybody>, State(app): State<App>) -> Response {
    let problem = match tokio::time::timeout(PATIENCE, app.store.ping()).await {
        Ok(Ok(())) => return json(StatusCode::OK, &checked("ok", None)),
        Ok(Err(fault)) => fault.to_string(),
        Err(_) => format!("no answer within {} ms", PATIENCE.as_millis()),
    };
    let request_id = grant.by().request_id;
    tracing::warn!(request_id, problem, "not ready: the database does not answer");
    let answer = json(StatusCode::SERVICE_UNAVAILABLE, &checked("failed", Some("The database does not answer")));
    later(answer)
}

/// GitLab's shape ("Health check", "Readiness").
fn checked(status: &str, message: Option<&str>) -> Value {
    let mut check = json!({ "status": status });
    if let Some(message) = message {
        check["message"] = message.into();
    }
    json!({ "status": status, "db_check": [check] })
}

async fn metrics(_: Grant<ReadMetrics>, State(app): State<App>) -> Result<Response, Refusal> {
    let text = metrics::write(&app).map_err(Refusal::broken)?;
    Ok(answer(StatusCode::OK, metrics::CONTENT_TYPE, text))
}

/// Puts refusals into words.
async fn finish(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().copied();
    let answer = exchange::unless_it_panics(next.run(request)).await;
    match Refusal::of(&answer) {
        None => answer,
        Some(Refusal::Denied(denial)) => denied(denial),
        Some(passing @ (Refusal::Busy | Refusal::Held(_))) => failed(passing),
        Some(refusal) => {
            tracing::error!(request_id = id.map(tracing::field::display), %refusal, "an operator's request failed");
            failed(refusal)
        }
    }
}

const FOR_WHOM: &str = "The metrics are for addresses in the setting metrics_allow, and for tokens of administrators that \
                        have the scope read_api or api.";

fn denied(denial: &Denial) -> Response {
    let reason = denial.reason();
    match denial {
        Denial::Anonymous => plain(StatusCode::FORBIDDEN, format!("403 Forbidden\n{FOR_WHOM}\n")),
        Denial::Malformed(_)
        | Denial::Unknown
        | Denial::TwoCredentials
        | Denial::WrongPassword
        | Denial::TokenRequired
        | Denial::Expired { .. }
        | Denial::Revoked { .. }
        | Denial::ImpersonationDisabled
        | Denial::TokensDisabled
        | Denial::PasswordsDisabled => {
            let mut answer = plain(StatusCode::UNAUTHORIZED, format!("401 Unauthorized ({reason})\n{FOR_WHOM}\n"));
            answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"Jeton\""));
            answer
        }
        Denial::Account(_)
        | Denial::TooManyAddresses { .. }
        | Denial::FactorRequired
        | Denial::NotProven
        | Denial::NotFromOurPage
        | Denial::Scope { .. }
        | Denial::SudoNotAdministrator
        | Denial::SudoWithoutToken
        | Denial::SudoUnknownUser(_)
        | Denial::NotAdministrator
        | Denial::Hidden
        | Denial::Right(_) => plain(StatusCode::FORBIDDEN, format!("403 Forbidden ({reason})\n{FOR_WHOM}\n")),
    }
}

fn failed(refusal: &Refusal) -> Response {
    if refusal.is_passing() {
        later(plain(StatusCode::SERVICE_UNAVAILABLE, "503 Service Unavailable\n"))
    } else {
        plain(StatusCode::INTERNAL_SERVER_ERROR, "500 Internal Server Error\n")
    }
}

fn later(mut answer: Response) -> Response {
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    answer
}

fn plain(status: StatusCode, text: impl IntoResponse) -> Response {
    answer(status, "text/plain; charset=utf-8", text)
}

fn json(status: StatusCode, value: &Value) -> Response {
    answer(status, "application/json", value.to_string())
}

/// What is true now may be false in a moment: nobody may keep it.
fn answer(status: StatusCode, content_type: &'static str, body: impl IntoResponse) -> Response {
    const HEADERS: [(HeaderName, &str); 2] = [(CACHE_CONTROL, "no-store"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (status, HEADERS, [(CONTENT_TYPE, content_type)], body).into_response()
}

#[cfg(test)]
mod tests;
