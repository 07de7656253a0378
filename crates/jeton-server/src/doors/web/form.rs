//! What a form sent: pairs of names and values, believed only with the value that our own form carries.

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    extract::{FromRequestParts, Request},
    http::{HeaderMap, header, request::Parts},
};
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::{error::Problem, visit::Visit};
use crate::app::App;

/// The largest form, in bytes; the largest field that any form has takes a hundredth of it.
const LARGEST: usize = 64 * 1024;
/// How long a form may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);
/// The name of the field that proves where a form comes from.
pub(super) const PROOF: &str = "authenticity_token";

/// Names and values of a query or a form, in their order.
#[derive(Debug)]
pub(super) struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// Reads `application/x-www-form-urlencoded` text. What is not UTF-8, or holds a NUL, is no text.
    pub(super) fn parse(text: &[u8]) -> Result<Self, Problem> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(text).into_owned().collect();
        let is_text = |text: &str| !text.contains(['\0', char::REPLACEMENT_CHARACTER]);
        if pairs.iter().all(|(name, value)| is_text(name) && is_text(value)) {
            Ok(Self(pairs))
        } else {
            Err(Problem::Malformed)
        }
    }

    /// The value of that name; given twice, the last counts.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).last()
    }

    /// Every pair, in their order.
    pub(super) fn each(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Every value of that name.
    pub(super) fn all<'p>(&'p self, name: &str) -> impl Iterator<Item = &'p str> {
        self.0.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
    }
}

/// A form that one of our own pages showed to this very browser.
#[derive(Debug)]
pub(super) struct Form {
    /// What it says.
    pub(super) pairs: Pairs,
    /// SHA-256 of all that was sent: the same form sent again has the same.
    pub(super) digest: [u8; 32],
}

/// A form that has arrived, among a request's extensions.
#[derive(Clone)]
struct Arrived(Result<Bytes, Problem>);

/// Waits for the form, before anybody asks who sent it and whether they may: whoever lost a session while it was on its
/// way sends it for nothing.
pub(super) async fn wait_for(request: Request) -> Request {
    let (mut parts, body) = request.into_parts();
    let arrived = receive(&parts.headers, body).await;
    parts.extensions.insert(Arrived(arrived));
    Request::from_parts(parts, Body::empty())
}

/// What a form says that has arrived, whoever sent it.
pub(super) fn pairs_of(request: &Request) -> Option<Pairs> {
    let Arrived(arrived) = request.extensions().get()?;
    Pairs::parse(arrived.as_ref().ok()?).ok()
}

impl FromRequestParts<App> for Form {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Some(Arrived(arrived)) = parts.extensions.remove() else { return Err(Problem::NoForm) };
        let body = arrived?;
        let pairs = Pairs::parse(&body)?;
        let header = parts.headers.get("x-csrf-token").and_then(|value| value.to_str().ok());
        let proof = pairs.get(PROOF).or(header).unwrap_or_default();
        if !Visit::of(&parts.headers, app).proves(proof, app) {
            return Err(Problem::Stale);
        }
        Ok(Self { digest: Sha256::digest(&body).into(), pairs })
    }
}

/// Reads the whole body of a form.
async fn receive(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > LARGEST) {
        return Err(Problem::TooLarge);
    }
    let whole = tokio::time::timeout(PATIENCE, to_bytes(body, LARGEST)).await.map_err(|_| Problem::TooSlow)?;
    // `to_bytes` fails when the limit is passed or when the client breaks off; the latter reads no answer.
    let whole = whole.map_err(|_| Problem::TooLarge)?;
    if whole.is_empty() || is_form(headers) { Ok(whole) } else { Err(Problem::NoForm) }
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn names_may_repeat() {
        let pairs = Pairs::parse(b"a%5B%5D=1&b=x+y&a[]=2&b=%C3%A9").unwrap();
        assert_eq!(pairs.all("a[]").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!((pairs.get("b"), pairs.get("c")), (Some("é"), None));
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for bad in [&b"a=%00"[..], b"a=%FF", b"a\xff=1", b"%00"] {
            assert!(Pairs::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn only_forms_are_forms() {
        let of = |kind: &'static str| HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(kind))]);
        assert!(is_form(&of("application/x-www-form-urlencoded")));
        assert!(is_form(&of("Application/X-WWW-Form-Urlencoded; charset=UTF-8")));
        assert!(!is_form(&of("application/json")));
        assert!(!is_form(&HeaderMap::new()));
    }
}
