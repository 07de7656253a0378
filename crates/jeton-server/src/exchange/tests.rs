#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{convert::Infallible, time::Duration};

use axum::http::Method;
use futures_util::{StreamExt as _, stream};
use jeton_core::lock::{Act, Denial};
use serde_json::{Value, json};
use tracing::level_filters::LevelFilter;

use super::*;
use crate::{
    guard::Route,
    metrics::Metrics,
    request_id::RequestIds,
    testing::{Log, World, request, request_from, told},
};

/// A door with one row.
fn exchange(method: &Method, path: &str) -> Exchange {
    let metrics = Metrics::default();
    let row = Route { method: "GET", path: "/a/{id}", need: "Anybody", act: Act::OPEN, summary: "" };
    let door = Arc::clone(&metrics.doors(|| vec![("test", vec![row])])[0]);
    let uri = path.parse().unwrap();
    Exchange::begin(door, (method, &uri), RequestIds::new().unwrap().next(), None)
}

fn pick<const N: usize>(line: &Value, fields: [&str; N]) -> Value {
    fields.map(|field| line[field].clone()).into_iter().collect()
}

#[tokio::test]
async fn a_line_tells_who_asked_for_what_and_how_it_went() {
    let world = World::new().await;
    let jane = world.user("jane", false).await;
    let (token, text) = world.token(&jane, "api").await;
    let log = Log::listen(LevelFilter::DEBUG);
    let path = format!("/api/v4/projects/nobody%2Fnothing?private_token={text}&search=in-the-query");
    let answer = world.send(request_from("192.0.2.7", &path)).await;

    let line = log.only_line();
    let expected = json!({
        "level": "DEBUG",
        "message": "answered",
        "request_id": answer.header("x-request-id"),
        "method": "GET",
        "door": "api",
        "route": "/api/v4/projects/{id}",
        "path": "/api/v4/projects/nobody%2Fnothing",
        "status": 404,
        "bytes": answer.text.len(),
        "client": "192.0.2.7",
        "user": jane.id.0,
        "token": token.id.0,
        "refusal": "hidden",
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&line[field], value, "{field} of {line}");
    }
    assert!(line["duration_us"].as_u64().unwrap() > 0);
    assert!(!log.text().contains(&text) && !log.text().contains("in-the-query"), "{}", log.text());
}

#[tokio::test]
async fn changes_are_told_at_info_and_reading_is_not() {
    let world = World::new().await;
    let log = Log::listen(LevelFilter::INFO);
    world.get("/-/health").await;
    world.send(request(Method::HEAD, "/users/sign_in")).await;
    world.send(request(Method::OPTIONS, "/api/v4/user")).await;
    assert_eq!(log.text(), "");
    world.send(request(Method::POST, "/api/v4/projects")).await;
    world.send(request(Method::DELETE, "/jane/app")).await;
    let [made, deleted] = &log.lines()[..] else { panic!("{}", log.text()) };
    assert_eq!(pick(made, ["route", "refusal"]), json!(["/api/v4/projects", "anonymous"]));
    assert_eq!(pick(deleted, ["route", "door"]), json!(["none", "web"]));
}

#[tokio::test]
async fn every_answer_of_every_door_has_a_name() {
    let world = World::new().await;
    let mut names = std::collections::HashSet::new();
    for path in
        ["/-/health", "/-/nothing", "/", "/api/v4/version", "/api/v4/x", "/jane/app.git/info/refs", "/-/metrics"]
    {
        let answer = world.get(path).await;
        let name = answer.header("x-request-id").to_owned();
        assert!(name.len() == 32 && names.insert(name), "{path}: {answer:?}");
        assert_eq!(answer.header("x-runtime").is_empty(), !path.starts_with("/api/"), "{path}");
    }
}

#[tokio::test]
async fn a_panic_is_an_answer_with_a_name() {
    let log = Log::listen(LevelFilter::ERROR);
    let exchange = exchange(&Method::GET, "/a/1");
    let id = exchange.id.to_string();
    let answer = exchange.carry(async { panic!("by intention") }).await;
    let answer = told(answer).await;
    assert_eq!((answer.status, answer.header("x-request-id")), (500, &*id));
    for line in log.lines() {
        assert_eq!(pick(&line, ["request_id", "level"]), json!([id, "ERROR"]), "{line}");
    }
    assert_eq!(log.lines().len(), 2, "{}", log.text());
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_is_told() {
    let log = Log::listen(LevelFilter::INFO);
    let exchange = exchange(&Method::POST, "/a/1");
    let door = Arc::clone(&exchange.door);
    let serving = exchange.carry(async {
        note_row(0);
        std::future::pending().await
    });
    assert!(tokio::time::timeout(Duration::from_millis(1), serving).await.is_err());
    let line = log.only_line();
    assert_eq!(pick(&line, ["message", "route"]), json!(["the client left before the answer", "/a/{id}"]));
    assert!(line.get("status").is_none(), "{line}");
    assert_eq!(door.route(Some(0)).answered_with("none"), 1);
}

#[tokio::test]
async fn an_answer_that_is_still_being_made_is_followed_to_its_end() {
    let log = Log::listen(LevelFilter::INFO);
    let pieces = stream::iter(["one", "two"]).map(Ok::<_, Infallible>);
    let answer = async { Body::from_stream(pieces).into_response() };
    let answer = exchange(&Method::POST, "/a/1").carry(answer).await;
    assert_eq!(log.text(), "");
    assert_eq!(told(answer).await.text, "onetwo");
    let line = log.only_line();
    assert_eq!(pick(&line, ["message", "bytes"]), json!(["answered", 6]));
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_told() {
    let log = Log::listen(LevelFilter::INFO);
    let pieces = stream::iter(["one"]).map(Ok::<_, Infallible>).chain(stream::pending());
    let answer = async { Body::from_stream(pieces).into_response() };
    let mut answer = exchange(&Method::POST, "/a/1").carry(answer).await;
    http_body_util::BodyExt::frame(answer.body_mut()).await.unwrap().unwrap();
    drop(answer);
    let line = log.only_line();
    assert_eq!(pick(&line, ["message", "bytes"]), json!(["the answer was cut off", 3]));
}

#[tokio::test]
async fn the_first_reason_stays() {
    let log = Log::listen(LevelFilter::DEBUG);
    let answer = async {
        note_refusal(&Denial::Anonymous.into());
        note_refusal(&Denial::Hidden.into());
        "no".into_response()
    };
    exchange(&Method::GET, "/a/1").carry(answer).await;
    let line = log.only_line();
    assert_eq!(line["refusal"], "anonymous");
}

#[tokio::test]
async fn a_failed_sign_in_is_a_refusal() {
    let world = World::new().await;
    let form = world.get("/users/sign_in").await;
    let cookie = form.header("set-cookie").split(';').next().unwrap().to_owned();
    let (_, rest) = form.text.split_once("name=\"csrf-token\" content=\"").unwrap();
    let csrf = rest.split('"').next().unwrap();
    let log = Log::listen(LevelFilter::INFO);
    let mut asked = request(Method::POST, "/users/sign_in");
    asked.headers_mut().insert("cookie", cookie.parse().unwrap());
    asked.headers_mut().insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    *asked.body_mut() = format!("authenticity_token={csrf}&user[login]=jane&user[password]=wrong-guess").into();
    assert_eq!(world.send(asked).await.status, 422);
    let line = log.only_line();
    assert_eq!(pick(&line, ["route", "refusal", "level"]), json!(["/users/sign_in", "wrong_password", "INFO"]));
    assert!(!log.text().contains("wrong-guess"), "{line}");
}
