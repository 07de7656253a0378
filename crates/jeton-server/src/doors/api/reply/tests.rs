#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::json;

use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
}

fn answer(method: &Method, pairs: &[(&'static str, &str)]) -> Response {
    Asked::of(method, &headers(pairs)).finish(json(StatusCode::OK, &json!({"id": 1})))
}

fn tag() -> String {
    answer(&Method::GET, &[]).headers()[ETAG].to_str().unwrap().to_owned()
}

#[test]
fn every_answer_has_the_usual_headers() {
    let response = answer(&Method::GET, &[]);
    for (name, value) in [
        ("content-type", "application/json"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
        ("cache-control", "max-age=0, private, must-revalidate"),
        ("vary", "Origin"),
    ] {
        assert_eq!(response.headers()[name], value, "{name}");
    }
    assert!(!response.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
}

#[test]
fn the_tag_is_weak_and_follows_the_body() {
    assert!(tag().starts_with("W/\"") && tag().ends_with('"'));
    assert_eq!(tag(), tag());
    assert_ne!(json(StatusCode::OK, &json!({"id": 2})).headers()[ETAG], tag().as_str());
    assert!(!json(StatusCode::CREATED, &json!({})).headers().contains_key(ETAG));
}

#[test]
fn who_has_it_already_gets_304() {
    let (weak, strong) = (tag(), tag().replace("W/", ""));
    let list = format!("\"a\", {weak}");
    for (method, value, status) in [
        (Method::GET, weak.as_str(), 304),
        (Method::HEAD, weak.as_str(), 304),
        (Method::GET, strong.as_str(), 304),
        (Method::GET, list.as_str(), 304),
        (Method::GET, "*", 304),
        (Method::GET, "\"other\"", 200),
        (Method::PUT, weak.as_str(), 200),
    ] {
        let response = answer(&method, &[("if-none-match", value)]);
        assert_eq!(response.status().as_u16(), status, "{method} {value}");
        assert_eq!(response.headers()[ETAG], weak.as_str());
        assert_eq!(response.headers().contains_key(CONTENT_TYPE), status == 200);
    }
}

#[test]
fn scripts_of_other_sites_may_read_but_never_with_cookies() {
    let response = answer(&Method::GET, &[("origin", "https://app.example.com")]);
    assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    let exposed = response.headers()[ACCESS_CONTROL_EXPOSE_HEADERS].to_str().unwrap();
    assert!(exposed.contains("X-Total") && exposed.contains("Link"));
    assert!(!response.headers().contains_key("access-control-allow-credentials"));
}

#[test]
fn a_preflight_is_answered_without_asking_who() {
    let asked = [
        ("origin", "https://app.example.com"),
        ("access-control-request-method", "DELETE"),
        ("access-control-request-headers", "private-token, x-thing"),
    ];
    let response = preflight(&Method::OPTIONS, &headers(&asked)).unwrap();
    let response = Asked::of(&Method::OPTIONS, &headers(&asked)).finish(response);
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_HEADERS], "private-token, x-thing");
    assert!(response.headers()[ACCESS_CONTROL_ALLOW_METHODS].to_str().unwrap().contains("DELETE"));
    assert!(preflight(&Method::OPTIONS, &headers(&asked[..1])).is_none());
    assert!(preflight(&Method::GET, &headers(&asked)).is_none());
}
