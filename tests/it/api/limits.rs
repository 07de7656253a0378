//! Endpoints that are limited one by one.

use serde_json::{Value, json};

use super::own_id;
use crate::harness::{Bearer, Server, Visitor};

fn decide(root: &Bearer<'_>, settings: &Value) {
    root.put("/api/v4/application/settings", settings).expect(200);
}

/// That the visitor may ask so often, and once more not.
fn expect_limit(visitor: &impl Visitor, path: &str, most: usize) {
    for number in 1..=most {
        let answer = visitor.get(path);
        assert_eq!(answer.status, 200, "{path}, request {number}: {answer}");
    }
    let refused = visitor.get(path).expect(429);
    let told = json!({ "message": { "error": "This endpoint has been requested too many times. Try again later." } });
    assert_eq!(refused.json(), told, "{path}");
    let seconds: i64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=600).contains(&seconds), "{seconds}");
}

#[test]
fn one_user_is_asked_for_three_hundred_times_in_ten_minutes() {
    let server = Server::start(&[]);
    let (jane, joe) = (server.person("jane").token("api"), server.person("joe").token("api"));
    let path = format!("/api/v4/users/{}", own_id(&joe));
    expect_limit(&jane, &path, 300);
    jane.get("/api/v4/users/1").expect(429);
    jane.get("/api/v4/user").expect(200);
    joe.get(&path).expect(200);
    decide(&server.root().token("api"), &json!({ "users_get_by_id_limit": 0 }));
    jane.get(&path).expect(200);
}

#[test]
fn everybody_lists_keys_but_not_any_number_of_times() {
    let server = Server::start(&[]);
    let (jane, root) = (server.person("jane"), server.root().token("api"));
    let hers = jane.token("api");
    decide(
        &root,
        &json!({
            "users_api_limit_ssh_keys": 2, "users_api_limit_gpg_keys": 3, "users_api_limit_status": 1,
            "user_projects_api_limit": 1, "projects_api_rate_limit_unauthenticated": 2, "projects_api_limit": 1,
        }),
    );
    let of_jane = |end: &str| format!("/api/v4/users/{}/{end}", own_id(&hers));
    expect_limit(&server.anonymous(), &format!("/api/v4/users/{}/keys", jane.username), 2);
    expect_limit(&server.anonymous(), &of_jane("gpg_keys"), 3);
    expect_limit(&server.anonymous(), &of_jane("status"), 1);
    expect_limit(&server.anonymous(), &of_jane("projects"), 1);
    expect_limit(&server.anonymous(), "/api/v4/projects", 2);
    expect_limit(&hers, "/api/v4/projects", 1);
    expect_limit(&hers, &of_jane("keys"), 2);
    hers.get("/api/v4/user/keys").expect(200);
    server.anonymous().get(&of_jane("keys/1")).expect(404);
    decide(&root, &json!({ "users_api_limit_ssh_key": 1, "users_api_limit_gpg_key": 1 }));
    for end in ["keys/1", "gpg_keys/1"] {
        let statuses = [(); 2].map(|()| server.root().token("api").get(&of_jane(end)).status);
        assert_eq!(statuses, [404, 429], "{end}");
    }
}

#[test]
fn whoever_asks_too_often_is_told_what_administrators_wrote() {
    let server = Server::start(&[]);
    let root = server.root().token("api");
    decide(
        &root,
        &json!({
            "throttle_unauthenticated_api_enabled": true, "throttle_unauthenticated_api_requests_per_period": 1,
            "rate_limiting_response_text": "Come back with a token",
        }),
    );
    let answers = [(); 2].map(|()| server.anonymous().get("/api/v4/projects"));
    assert_eq!((answers[0].status, answers[1].status), (200, 429));
    assert_eq!(answers[1].text(), "Come back with a token\n");
    assert!(answers[1].header("content-type").starts_with("text/plain"));
    decide(&root, &json!({ "rate_limiting_response_text": "" }));
    assert_eq!(server.anonymous().get("/api/v4/projects").expect(429).text(), "Retry later\n");
    let long = root.put("/api/v4/application/settings", &json!({ "rate_limiting_response_text": "x".repeat(256) }));
    let told = json!({ "rate_limiting_response_text": ["is too long (maximum is 255 characters)"] });
    assert_eq!(long.expect(400).json(), json!({ "message": told }));
}
