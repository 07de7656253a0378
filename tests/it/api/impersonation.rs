//! Tokens that administrators make to act as somebody else.

use reqwest::Method;
use serde_json::{Value, json};

use super::{column, own_id, tokens::message};
use crate::harness::{Bearer, Server, Visitor};

fn base(user: i64) -> String {
    format!("/api/v4/users/{user}/impersonation_tokens")
}

#[test]
fn an_administrator_makes_lists_and_revokes_them() {
    let server = Server::start(&[]);
    let (root, jane) = (server.root().token("api"), server.person("jane"));
    let own = jane.token("api");
    let id = own_id(&own);
    let create = |body: Value| root.post(&base(id), &body);
    let body = json!({ "name": "act", "scopes": ["api"], "expires_at": "2099-01-31", "impersonation": false });
    let made = create(body).expect(201);
    assert_eq!(made.header("cache-control"), "no-store");
    let made = made.json();
    assert_eq!((&made["impersonation"], &made["user_id"]), (&json!(true), &json!(id)));
    let token = Bearer::new(&server, made["token"].as_str().unwrap());
    assert_eq!(token.get("/api/v4/user").expect(200).json()["id"], id);
    // What it made would live on as jane's own when impersonation ends.
    let more = json!({ "name": "more", "scopes": ["api"] });
    assert_eq!(
        token.post("/api/v4/user/personal_access_tokens", &more).expect(403).json(),
        message("403 Forbidden - Impersonation tokens make no personal access tokens")
    );
    // Its user does not see it, and cannot end it.
    let hers = own.get("/api/v4/personal_access_tokens").expect(200).json();
    assert_eq!(column(&hers, "name"), ["test"]);
    own.delete(&format!("/api/v4/personal_access_tokens/{}", made["id"])).expect(400);

    let dead = create(json!({ "name": "old", "scopes": "read_user", "expires_at": "2020-01-01" })).expect(201).json();
    for (query, expected) in [
        ("", vec!["act", "old"]),
        ("?state=all", vec!["act", "old"]),
        ("?state=active", vec!["act"]),
        ("?state=inactive", vec!["old"]),
        ("?per_page=1&page=2", vec!["old"]),
    ] {
        let list = server.root().token("read_user").get(&format!("{}{query}", base(id))).expect(200).json();
        assert_eq!(column(&list, "name"), expected, "{query}");
        assert!(list[0].get("token").is_none() && list[0].get("last_used_ips").is_none());
    }
    root.get(&format!("{}?state=dead", base(id))).expect(400);
    let one = root.get(&format!("{}/{}", base(id), dead["id"])).expect(200).json();
    assert_eq!((&one["active"], &one["impersonation"], one.get("token")), (&json!(false), &json!(true), None));
    let missing = message("404 Impersonation Token Not Found");
    for number in [own.id().to_string(), "99999999999999999999".to_owned()] {
        assert_eq!(root.get(&format!("{}/{number}", base(id))).expect(404).json(), missing, "{number}");
        assert_eq!(root.delete(&format!("{}/{number}", base(id))).expect(404).json(), missing, "{number}");
    }
    let other = own_id(&root);
    root.get(&format!("{}/{}", base(other), made["id"])).expect(404);

    let address = format!("{}/{}", base(id), made["id"]);
    let late = root.request(Method::DELETE, &address).header("If-Unmodified-Since", "Sat, 01 Jan 2000 00:00:00 GMT");
    late.send().expect(412);
    token.get("/api/v4/user").expect(200);
    root.delete(&address).expect(204);
    token.get("/api/v4/user").expect(401);
    assert_eq!(root.get(&address).expect(200).json()["revoked"], true);
}

#[test]
fn what_is_wrong_is_told_and_only_to_administrators() {
    let server = Server::start(&[]);
    let (root, jane) = (server.root().token("api"), server.person("jane").token("api"));
    let id = own_id(&jane);
    let create = |body: Value| root.post(&base(id), &body);
    assert_eq!(create(json!({})).expect(400).json(), json!({ "error": "name is missing" }));
    let told = |body: Value| create(body).expect(400).json()["message"].clone();
    assert_eq!(told(json!({ "name": "x" })), json!({ "scopes": ["can't be blank"] }));
    assert_eq!(
        told(json!({ "name": "x", "scopes": ["nonsense"] })),
        json!({ "scopes": ["can only contain available scopes"] })
    );
    let settings = json!({ "require_personal_access_token_expiry": true });
    root.put("/api/v4/application/settings", &settings).expect(200);
    assert_eq!(told(json!({ "name": "x", "scopes": ["api"] })), json!({ "expires_at": ["can't be blank"] }));
    for user in [id, 99_999_999] {
        assert_eq!(jane.get(&base(user)).expect(403).json(), message("403 Forbidden"), "{user}");
        jane.post(&base(user), &json!({})).expect(403);
    }
    assert_eq!(root.get(&base(99_999_999)).expect(404).json(), message("404 User Not Found"));
    server.anonymous().get(&base(id)).expect(401);
}

#[test]
fn an_instance_can_do_without_them() {
    let server = Server::start(&[]);
    let (root, jane) = (server.root().token("api"), server.person("jane").token("api"));
    let made = root.post(&base(own_id(&jane)), &json!({ "name": "x", "scopes": ["api"] })).expect(201).json();
    let token = Bearer::new(&server, made["token"].as_str().unwrap());
    root.put("/api/v4/application/settings", &json!({ "impersonation_enabled": false })).expect(200);
    let refused = token.get("/api/v4/user").expect(401).json();
    let why = "Token is an impersonation token but impersonation was disabled.";
    assert_eq!(refused, json!({ "error": "invalid_token", "error_description": why }));
    root.put("/api/v4/application/settings", &json!({ "impersonation_enabled": true })).expect(200);
    token.get("/api/v4/user").expect(200);
}
