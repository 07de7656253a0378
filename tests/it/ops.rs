//! What operators and their machines ask, and what they find in the log.

use reqwest::Method;
use serde_json::Value;

use crate::harness::{Server, Visitor};

#[test]
fn a_server_says_that_it_lives_and_is_ready() {
    let server = Server::shared();
    let nobody = server.anonymous();
    assert_eq!(nobody.get("/-/health").expect(200).text(), "Jeton OK");
    assert_eq!(nobody.get("/-/liveness").expect(200).json()["status"], "ok");
    let ready = nobody.get("/-/readiness").expect(200);
    assert_eq!(ready.json()["db_check"][0]["status"], "ok");
    assert_eq!(ready.header("cache-control"), "no-store");
    nobody.post_form("/-/health", &[]).expect(405);
}

#[test]
fn metrics_are_read_from_the_same_machine_and_name_nobody() {
    let server = Server::shared();
    let jane = server.person("metered");
    jane.token("read_user").get("/api/v4/user").expect(200);
    let answer = server.anonymous().get("/-/metrics").expect(200);
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    for wanted in [
        "jeton_http_requests_total{door=\"api\",route=\"/api/v4/user\",method=\"GET\",status=\"2xx\"}",
        "jeton_http_request_duration_seconds_bucket{",
        "jeton_connections ",
        "jeton_remembered_tokens ",
        "process_resident_memory_bytes ",
        "# EOF\n",
    ] {
        assert!(answer.text().contains(wanted), "{wanted} in {answer}");
    }
    assert!(!answer.text().contains("metered"), "{answer}");
}

#[test]
fn what_strangers_proxies_pass_on_is_not_from_the_same_machine() {
    let server = Server::shared();
    let relayed = server.anonymous().request(Method::GET, "/-/metrics").header("X-Forwarded-For", "127.0.0.1");
    relayed.send().expect(403);
}

#[test]
fn where_addresses_do_not_count_an_administrators_token_does() {
    let server = Server::start(&[("JETON_METRICS_ALLOW", "192.0.2.7")]);
    let answer = server.anonymous().get("/-/metrics").expect(403);
    assert!(answer.text().contains("metrics_allow"), "{answer}");
    let unknown = server.anonymous().request(Method::GET, "/-/metrics").header("PRIVATE-TOKEN", "mistyped").send();
    assert!(unknown.expect(401).header("www-authenticate").starts_with("Bearer "));
    server.person("jane").token("api").get("/-/metrics").expect(403);
    let administrator = server.administrator("anna");
    administrator.token("read_user").get("/-/metrics").expect(403);
    administrator.token("read_api").get("/-/metrics").expect(200);
}

#[test]
fn a_request_has_a_name_that_a_trusted_proxy_may_give() {
    const GIVEN: &str = "0123456789abcdef0123456789abcdef";
    let named = |server: &Server| {
        let request = server.anonymous().request(Method::GET, "/api/v4/version").header("X-Request-Id", GIVEN);
        request.send().expect(401).header("x-request-id").to_owned()
    };
    let server = Server::start(&[("JETON_TRUSTED_PROXIES", "127.0.0.1")]);
    assert_eq!(named(&server), GIVEN);
    assert!(server.log().contains(GIVEN));
    let stranger = named(Server::shared());
    assert!(stranger != GIVEN && stranger.len() == 32, "{stranger}");
    let runtime = server.anonymous().get("/api/v4/version").header("x-runtime").parse::<f64>().unwrap();
    assert!(runtime > 0.0 && runtime < 60.0);
}

#[test]
fn the_log_tells_what_was_asked_and_never_a_secret() {
    let server = Server::start(&[("JETON_LOG_FORMAT", "json")]);
    let jane = server.person("jane");
    let token = jane.token("api");
    let secret = &token.token;
    server.anonymous().get(&format!("/api/v4/user?private_token={secret}")).expect(200);
    token.get(&format!("/api/v4/personal_access_tokens/{secret}"));
    let answer = token.get("/api/v4/projects/nobody%2Fnothing").expect(404);

    let log = server.log();
    assert!(!log.contains(secret.as_str()), "{log}");
    assert!(log.contains("\"path\":\"/api/v4/personal_access_tokens/[hidden]\""), "{log}");
    let named = |line: &Value| line["request_id"] == answer.header("x-request-id");
    let line = log.lines().filter_map(|line| serde_json::from_str(line).ok()).find(named).unwrap();
    assert_eq!((&line["level"], &line["route"]), (&"DEBUG".into(), &"/api/v4/projects/{id}".into()), "{line}");
    assert_eq!((&line["token"], &line["refusal"]), (&token.id().into(), &"hidden".into()), "{line}");
}
