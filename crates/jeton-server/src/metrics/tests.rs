#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use jeton_core::lock::Act;

use super::*;
use crate::testing::{World, request_from};

fn row(method: &'static str, path: &'static str) -> Route {
    Route { method, path, need: "Anybody", act: Act::OPEN, summary: "" }
}

#[test]
fn a_request_is_counted_once_in_its_row() {
    let metrics = Metrics::default();
    let doors = metrics.doors(|| vec![("api", vec![row("GET", "/a/{id}")])]);
    let took = Duration::from_micros;
    doors[0].route(Some(0)).count(Some(StatusCode::OK), took(100));
    doors[0].route(Some(0)).count(Some(StatusCode::NOT_FOUND), took(101));
    doors[0].route(Some(0)).count(None, took(61_000_000));
    doors[0].route(None).count(Some(StatusCode::INTERNAL_SERVER_ERROR), took(0));
    doors[0].route(Some(7)).count(Some(StatusCode::CONTINUE), took(1));

    let counts = |all: &[AtomicU64]| all.iter().map(|count| count.load(Relaxed)).collect::<Vec<_>>();
    let [here, elsewhere] = [doors[0].route(Some(0)), doors[0].route(None)];
    assert_eq!(counts(&here.classes), [0, 1, 0, 1, 0, 1]);
    assert_eq!(counts(&here.buckets), [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(here.micros.load(Relaxed), 61_000_201);
    assert_eq!(counts(&elsewhere.classes), [1, 0, 0, 0, 1, 0]);
    assert_eq!((elsewhere.path, elsewhere.requests()), ("none", 2));
}

#[test]
fn a_tally_counts_what_lives() {
    let tally = Tally::default();
    let (one, two) = (tally.count(), tally.count());
    assert_eq!(tally.now(), 2);
    drop(one);
    drop(two);
    assert_eq!(tally.now(), 0);
}

#[tokio::test]
async fn what_is_written_names_routes_and_reasons_and_nobody() {
    let world = World::new().await;
    let jane = world.user("jane", false).await;
    let (token, text) = world.token(&jane, "read_user").await;
    let with_token = || {
        let mut request = request_from("192.0.2.77", "/api/v4/users/1?search=sought-after");
        request.headers_mut().insert("private-token", text.parse().unwrap());
        request
    };
    assert_eq!(world.send(with_token()).await.status, 200);
    world.revoke(&token).await;
    assert_eq!(world.send(with_token()).await.status, 401);
    world.get("/jane/nothing-here").await;

    let written = world.send(request_from("127.0.0.1", "/-/metrics")).await;
    assert_eq!((written.status, written.header("content-type")), (200, CONTENT_TYPE));
    let labels = r#"door="api",route="/api/v4/users/{id}",method="GET""#;
    for wanted in [
        &format!("jeton_http_requests_total{{{labels},status=\"2xx\"}} 1\n"),
        &format!("jeton_http_requests_total{{{labels},status=\"4xx\"}} 1\n"),
        &format!("jeton_http_requests_total{{{labels},status=\"none\"}} 0\n"),
        &format!("jeton_http_request_duration_seconds_count{{{labels}}} 2\n"),
        &format!("jeton_http_request_duration_seconds_bucket{{le=\"+Inf\",{labels}}} 2\n"),
        "jeton_http_requests_total{door=\"web\",route=\"none\",method=\"any\",status=\"4xx\"} 1\n",
        "jeton_refusals_total{door=\"api\",reason=\"revoked\"} 1\n",
        "jeton_build_info{version=\"",
        "jeton_remembered_tokens 1\n",
        "jeton_remembered_users 1\n",
        "jeton_unwritten_uses 1\n",
        "jeton_unwritten_uses_failures_total 0\n",
        "jeton_password_hashes_running 0\n",
        "jeton_password_hashes_waiting 0\n",
        "jeton_git_processes 0\n",
        "process_resident_memory_bytes ",
    ] {
        assert!(written.text.contains(wanted), "{wanted} in {}", written.text);
    }
    for kept in ["jane", "nothing-here", "192.0.2", "sought-after", &*text] {
        assert!(!written.text.contains(kept), "{kept} in {}", written.text);
    }
    assert!(written.text.ends_with("# EOF\n"));
}
