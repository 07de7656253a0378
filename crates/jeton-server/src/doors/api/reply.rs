//! What every answer of the API has in common: its headers, entity tags, and what browsers on other sites may see.

use std::{
    fmt::Write as _,
    hash::{DefaultHasher, Hasher as _},
    time::Duration,
};

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
            ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
            ACCESS_CONTROL_REQUEST_METHOD, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
            IF_UNMODIFIED_SINCE, ORIGIN, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    response::Response,
};
use jeton_core::time::Timestamp;
use serde::Serialize;

use super::error::ApiError;
use crate::{limits::Standing, request_id::RequestId};

/// Headers that scripts of other sites may read.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Link, X-Total, X-Total-Pages, X-Per-Page, X-Page, X-Next-Page, X-Prev-Page, X-Request-Id, ETag",
);
/// Methods that scripts of other sites may use.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
/// How long a browser may keep the answer to a preflight request, in seconds.
const PREFLIGHT_AGE: HeaderValue = HeaderValue::from_static("7200");

/// Bytes that most answers fit into.
const USUAL: usize = 1024;

/// An answer with a JSON body. With 200 it carries an entity tag.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    // Serialising can fail only for maps whose keys are no texts; entities have none.
    let mut body = Vec::with_capacity(USUAL);
    if serde_json::to_writer(&mut body, value).is_err() {
        body.clear();
    }
    let tag = (status == StatusCode::OK).then(|| entity_tag(&body));
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(tag) = tag {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// A list and the headers that tell which part of it this is.
pub(crate) fn list(rows: &impl Serialize, headers: HeaderMap) -> Response {
    let mut response = json(StatusCode::OK, rows);
    response.headers_mut().extend(headers);
    response
}

/// An answer with a secret in it, which nobody on the way may keep; a tag would tell something of it.
pub(crate) fn secret(status: StatusCode, value: &impl Serialize) -> Response {
    let mut response = json(status, value);
    response.headers_mut().remove(ETAG);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An answer without a body: 204.
pub(crate) fn no_content() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// A weak entity tag (RFC 9110 section 8.8.3): 64 bits over the body. It guards a cache, not a secret, so a fast hash
/// will do; that it may differ between builds costs one full answer.
fn entity_tag(body: &[u8]) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    hasher.write(body);
    let mut tag = String::with_capacity(20);
    let _ = write!(tag, "W/\"{:016x}\"", hasher.finish());
    HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("W/\"\""))
}

/// What of a request decides about the headers of its answer. Taken before the request is handed on.
pub(crate) struct Asked {
    reads: bool,
    if_none_match: Option<HeaderValue>,
    other_site: bool,
}

impl Asked {
    /// Looks at a request.
    pub(crate) fn of(method: &Method, headers: &HeaderMap) -> Self {
        let reads = matches!(*method, Method::GET | Method::HEAD);
        Self {
            reads,
            if_none_match: headers.get(IF_NONE_MATCH).filter(|_| reads).cloned(),
            other_site: headers.contains_key(ORIGIN),
        }
    }

    /// Gives an answer what all answers have, and empties it where the client has the same already.
    pub(crate) fn finish(&self, mut response: Response) -> Response {
        if self.has_it_already(&response) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.body_mut() = Body::empty();
            response.headers_mut().remove(CONTENT_TYPE);
            response.headers_mut().remove(CONTENT_LENGTH);
        }
        let headers = response.headers_mut();
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
        headers.insert(VARY, HeaderValue::from_static("Origin"));
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("max-age=0, private, must-revalidate"));
        if self.other_site {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
            headers.insert(ACCESS_CONTROL_MAX_AGE, PREFLIGHT_AGE);
        }
        response
    }

    fn has_it_already(&self, response: &Response) -> bool {
        let tags = self.if_none_match.as_ref().and_then(|value| value.to_str().ok());
        let (Some(wanted), true) = (tags, self.reads && response.status() == StatusCode::OK) else { return false };
        response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).is_some_and(|tag| matches(wanted, tag))
    }
}

/// Whether `If-None-Match` names the tag: weakly, so `W/` does not matter (RFC 9110 section 13.1.2).
fn matches(wanted: &str, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    wanted.trim() == "*" || wanted.split(',').any(|one| opaque(one) == opaque(tag))
}

/// The answer to a browser that asks whether a script of another site may send a request (Fetch standard, "CORS-preflight
/// request"): it may send anything, but never with cookies. Nothing, if this is no such question.
pub(crate) fn preflight(method: &Method, headers: &HeaderMap) -> Option<Response> {
    let asks = headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if *method != Method::OPTIONS || !asks {
        return None;
    }
    let mut response = Response::new(Body::empty());
    if let Some(names) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    Some(response)
}

/// Refuses where the record changed after the moment in `If-Unmodified-Since` (RFC 9110 section 13.1.4), which has whole
/// seconds. A header that is no date is ignored, as the RFC asks.
pub(crate) fn unmodified(headers: &HeaderMap, updated_at: Timestamp) -> Result<(), ApiError> {
    let since = headers.get(IF_UNMODIFIED_SINCE).and_then(|value| value.to_str().ok());
    match since.and_then(Timestamp::parse_http_date) {
        Some(since) if updated_at.seconds() > since.seconds() => Err(ApiError::precondition_failed()),
        _ => Ok(()),
    }
}

/// Adds how long the answer took, in seconds, and the request's name where GitLab's clients look for it.
pub(crate) fn stamp(response: &mut Response, id: Option<&RequestId>, took: Duration) {
    const RUNTIME: HeaderName = HeaderName::from_static("x-runtime");
    const META: HeaderName = HeaderName::from_static("x-gitlab-meta");
    let micros = took.as_micros();
    let runtime = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    let meta = id.map(|id| format!("{{\"correlation_id\":\"{id}\",\"version\":\"1\"}}"));
    for (name, value) in [(RUNTIME, Some(runtime)), (META, meta)] {
        if let Some(Ok(value)) = value.map(HeaderValue::try_from) {
            response.headers_mut().insert(name, value);
        }
    }
}

/// Adds where the caller stands within a limit: GitLab's headers, whose limit is that of a minute, rounded up.
pub(crate) fn limit(response: &mut Response, standing: &Standing) {
    let Standing { name, limit, period, observed, at } = *standing;
    let by_minute = limit.saturating_mul(60);
    let rounded = by_minute.div_euclid(period) + i64::from(by_minute.rem_euclid(period) != 0);
    let reset = at.seconds() + standing.seconds_left();
    let reset_time = Timestamp::from_micros(0).plus_seconds(reset).http_date();
    let headers = response.headers_mut();
    for (name, value) in [
        ("ratelimit-name", name.to_owned()),
        ("ratelimit-limit", rounded.to_string()),
        ("ratelimit-observed", observed.to_string()),
        ("ratelimit-remaining", (limit - observed).max(0).to_string()),
        ("ratelimit-reset", reset.to_string()),
        ("ratelimit-resettime", reset_time),
    ] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

#[cfg(test)]
mod tests;
