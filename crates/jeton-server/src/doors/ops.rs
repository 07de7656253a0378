//! What operators and their machines ask: is it alive, can it serve, what does it measure.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::{FromRequestParts as _, State},
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
        request::Parts,
    },
    middleware::map_response,
    response::{IntoResponse, Response},
};
use jeton_core::lock::Denial;
use serde_json::{Value, json};

use crate::{
    app::App,
    edge::Client,
    guard::{Anybody, Grant, ReadMetrics, Routes},
    metrics,
    refusal::Refusal,
};

/// How long the database may take to say that it is there. Whoever asks about readiness does not wait long.
const PATIENCE: Duration = Duration::from_secs(2);

/// Every route of this door, and what it needs.
pub(crate) fn routes() -> Routes {
    Routes::default()
        .get("/-/health", "Whether the process answers", health)
        .get("/-/liveness", "Whether the process answers, as JSON", liveness)
        .get("/-/readiness", "Whether requests can be served: asks the database", readiness)
        .get("/-/metrics", "Counts and sizes, for administrators' tokens and the addresses in metrics_allow", metrics)
}

/// This door.
pub(crate) fn door(app: &App) -> Router {
    routes().into_router().layer(map_response(render)).with_state(app.clone())
}

async fn health(_: Grant<Anybody>) -> &'static str {
    "Jeton OK"
}

async fn liveness(_: Grant<Anybody>) -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// The names are those of GitLab's readiness check.
async fn readiness(_: Grant<Anybody>, State(app): State<App>) -> Response {
    let failure = match tokio::time::timeout(PATIENCE, app.store.ping()).await {
        Ok(Ok(())) => return Json(json!({ "status": "ok", "db_check": [{ "status": "ok" }] })).into_response(),
        Ok(Err(fault)) => fault.to_string(),
        Err(_) => format!("no answer within {} seconds", PATIENCE.as_secs()),
    };
    tracing::warn!(failure, "the database does not answer");
    let check = json!({ "status": "failed", "message": "the database does not answer" });
    let body = Json(json!({ "status": "failed", "db_check": [check] }));
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5")], body).into_response()
}

/// Who may read them is decided here and not by the route's need: an address will do.
async fn metrics(_: Grant<Anybody>, State(app): State<App>, mut parts: Parts) -> Result<Response, Refusal> {
    let client: Option<Client> = parts.extensions.get().copied();
    if !client.is_some_and(|client| is_allowed(&app, client)) {
        Grant::<ReadMetrics>::from_request_parts(&mut parts, &app).await?;
    }
    let text = app.metrics.encode(&app).map_err(Refusal::broken)?;
    Ok(([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response())
}

/// A request that a stranger's proxy passed on comes from anywhere, whatever the address of that proxy.
fn is_allowed(app: &App, client: Client) -> bool {
    !client.relayed && app.config.metrics_allow.holds(client.addr)
}

/// Says no in this door's dialect, and keeps answers out of caches.
async fn render(mut response: Response) -> Response {
    if let Some(refusal) = Refusal::of(&response) {
        response = refuse(refusal);
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn refuse(refusal: &Refusal) -> Response {
    let (status, header, message): (_, Option<(HeaderName, &str)>, _) = match refusal {
        Refusal::Denied(Denial::NotAdministrator | Denial::Scope { .. }) => (
            StatusCode::FORBIDDEN,
            None,
            "The metrics need a token of an administrator with the scope api or read_api.",
        ),
        Refusal::Denied(_) => (
            StatusCode::UNAUTHORIZED,
            Some((WWW_AUTHENTICATE, "Bearer realm=\"Jeton\"")),
            "The metrics need a token of an administrator, or a request from an address in metrics_allow.",
        ),
        failed => {
            tracing::error!(%failed, "an operator's request failed");
            if failed.is_passing() {
                (StatusCode::SERVICE_UNAVAILABLE, Some((RETRY_AFTER, "5")), "The database does not answer.")
            } else {
                (StatusCode::INTERNAL_SERVER_ERROR, None, "Something failed; the log says what.")
            }
        }
    };
    let mut response = (status, Json(json!({ "message": message }))).into_response();
    if let Some((name, value)) = header {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use axum::{body::Body, http::Request};
    use tower::ServiceExt as _;

    use super::*;
    use crate::test_instance::Instance;

    async fn get(app: &App, path: &str, client: Option<Client>) -> Response {
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        if let Some(client) = client {
            request.extensions_mut().insert(client);
        }
        door(app).oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn a_server_without_its_database_lives_and_is_not_ready() {
        let instance = Instance::new().await;
        let app = &instance.app;
        assert_eq!(get(app, "/-/readiness", None).await.status(), 200);
        app.store.close().await;
        let answer = get(app, "/-/readiness", None).await;
        assert_eq!((answer.status().as_u16(), &answer.headers()[RETRY_AFTER]), (503, &HeaderValue::from_static("5")));
        assert_eq!(get(app, "/-/liveness", None).await.status(), 200);
        assert_eq!(get(app, "/-/health", None).await.status(), 200);
    }

    #[tokio::test]
    async fn the_metrics_are_for_known_addresses() {
        let instance = Instance::new().await;
        let app = &instance.app;
        let from = |addr: &str, relayed| Some(Client { addr: addr.parse().ok(), tls: false, relayed });
        for (client, status) in [
            (from("127.0.0.1", false), 200),
            (from("::1", false), 200),
            (from("127.0.0.1", true), 401),
            (from("192.0.2.1", false), 401),
            (from("at a unix socket", false), 401),
            (None, 401),
        ] {
            assert_eq!(get(app, "/-/metrics", client).await.status(), status, "{client:?}");
        }
    }
}
