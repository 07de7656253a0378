//! What operators and their machines ask.

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
    jane.token("read_user").get("/-/health").expect(200);
    let answer = server.anonymous().get("/-/metrics").expect(200);
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    for wanted in [
        "jeton_http_requests_total{door=\"ops\",status=\"200\"}",
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
    let relayed = server.anonymous().request(reqwest::Method::GET, "/-/metrics").header("X-Forwarded-For", "127.0.0.1");
    relayed.send().expect(401);
}

#[test]
fn where_addresses_do_not_count_an_administrators_token_does() {
    let server = Server::start(&[("JETON_METRICS_ALLOW", "192.0.2.7")]);
    let answer = server.anonymous().get("/-/metrics").expect(401);
    assert!(answer.header("www-authenticate").starts_with("Bearer "), "{answer}");
    server.person("jane").token("api").get("/-/metrics").expect(403);
    let administrator = server.administrator("anna");
    administrator.token("read_user").get("/-/metrics").expect(403);
    administrator.token("read_api").get("/-/metrics").expect(200);
}

#[test]
fn a_request_has_a_name_that_a_trusted_proxy_may_give() {
    const GIVEN: &str = "0123456789abcdef0123456789abcdef";
    let named = |server: &Server| {
        let request = server.anonymous().request(reqwest::Method::GET, "/-/health").header("X-Request-Id", GIVEN);
        request.send().expect(200).header("x-request-id").to_owned()
    };
    let server = Server::start(&[("JETON_TRUSTED_PROXIES", "127.0.0.1")]);
    assert_eq!(named(&server), GIVEN);
    assert!(server.log().contains(GIVEN));
    let stranger = named(Server::shared());
    assert!(stranger != GIVEN && stranger.len() == 32, "{stranger}");
    let runtime = server.anonymous().get("/-/health").header("x-runtime").parse::<f64>().unwrap();
    assert!(runtime > 0.0 && runtime < 60.0);
}

#[test]
fn the_log_tells_the_path_and_never_the_query() {
    let server = Server::start(&[]);
    server.anonymous().get("/-/health?private_token=not-to-be-logged").expect(200);
    let log = server.log();
    assert!(log.contains("path=\"/-/health\"") && !log.contains("not-to-be-logged"), "{log}");
}
