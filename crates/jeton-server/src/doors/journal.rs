//! The record of a request: its line in the log, its place in the metrics, and the headers that tell its name and how
//! long it took.

use axum::{
    http::{HeaderName, HeaderValue, Method, Request, Uri},
    response::Response,
};
use jeton_core::token::Presented;

use crate::{edge::Client, metrics::Metrics, nature::Stopwatch, request_id::RequestId};

/// The request's name (the header that Rails, nginx and GitLab use).
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Seconds from the request's head to the answer's (the header that Rails sends).
const X_RUNTIME: HeaderName = HeaderName::from_static("x-runtime");

/// Characters of a path that the log shows at most.
const LONGEST_PATH: usize = 1024;

/// A request in hand.
pub(super) struct Entry {
    id: RequestId,
    door: &'static str,
    method: Method,
    uri: Uri,
    client: Option<Client>,
    begun: Stopwatch,
}

impl Entry {
    /// Begins with the request's head.
    pub(super) fn begin<B>(request: &Request<B>, id: RequestId, door: &'static str, client: Option<Client>) -> Self {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        Self { id, door, method, uri, client, begun: Stopwatch::start() }
    }

    /// Ends with the answer's head; a body may still be on its way.
    pub(super) fn finish(&self, response: &mut Response, metrics: &Metrics) {
        let took = self.begun.elapsed();
        metrics.answered(self.door, response.status().as_u16(), took);
        let headers = response.headers_mut();
        // Both are digits, letters and points.
        if let Ok(value) = HeaderValue::try_from(self.id.to_string()) {
            headers.insert(X_REQUEST_ID, value);
        }
        if let Ok(value) = HeaderValue::try_from(format!("{:.6}", took.as_secs_f64())) {
            headers.insert(X_RUNTIME, value);
        }
        self.log(response, took.as_secs_f64() * 1000.0);
    }

    /// Never the query, and no header: secrets stand there.
    fn log(&self, response: &Response, ms: f64) {
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    request_id = %self.id,
                    door = self.door,
                    method = %self.method,
                    path = loggable(self.uri.path()),
                    status = response.status().as_u16(),
                    ms,
                    address = self.client.and_then(|client| client.addr).map(tracing::field::display),
                    "request"
                )
            };
        }
        if response.status().is_server_error() {
            line!(error);
        } else if self.method.is_safe() {
            line!(debug);
        } else {
            line!(info);
        }
    }
}

/// The path without what somebody mistook for a part of it: a token.
fn loggable(path: &str) -> String {
    let segment = |segment| if Presented::parse(segment).is_ok() { "[token]" } else { segment };
    let clean = path.split('/').map(segment).collect::<Vec<_>>().join("/");
    match clean.char_indices().nth(LONGEST_PATH) {
        Some((end, _)) => format!("{}…", &clean[..end]),
        None => clean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_the_log_holds_no_token() {
        let token = "jeton_000000000000000000000000000000002CuaM8";
        assert_eq!(
            loggable(&format!("/api/v4/personal_access_tokens/{token}")),
            "/api/v4/personal_access_tokens/[token]"
        );
        assert_eq!(loggable("/jane/app.git/info/refs"), "/jane/app.git/info/refs");
        assert_eq!(loggable(&format!("/{}", "ü".repeat(2000))).chars().count(), LONGEST_PATH + 1);
    }
}
