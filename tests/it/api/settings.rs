//! What administrators decide while the instance runs.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{own_id, tokens::message};
use crate::harness::{Answer, Bearer, Server, Visitor, secrets};

const SETTINGS: &str = "/api/v4/application/settings";

/// Decides settings, and says what holds now.
fn decide(root: &Bearer<'_>, settings: &Value) -> Value {
    root.put(SETTINGS, settings).expect(200).json()
}

fn days_from_now(days: i32) -> String {
    jeton_server::nature::Clock::System.now().date().plus_days(days).to_string()
}

#[test]
fn every_spelling_of_a_value_counts_and_the_answer_holds_all() {
    let server = Server::start(&[]);
    let root = server.root().token("api");
    let all = root.get(SETTINGS).expect(200).json();
    for row in jeton_core::policy::ROWS {
        assert!(all.get(row.name).is_some(), "{}", row.name);
    }
    assert_eq!(
        (&all["default_projects_limit"], &all["personal_access_token_prefix"]),
        (&json!(100_000), &json!("jeton_"))
    );
    for (body, name, expected) in [
        (json!({ "require_personal_access_token_expiry": "on" }), "require_personal_access_token_expiry", json!(true)),
        (json!({ "require_personal_access_token_expiry": 0 }), "require_personal_access_token_expiry", json!(false)),
        (json!({ "max_personal_access_token_lifetime": "30" }), "max_personal_access_token_lifetime", json!(30)),
        (json!({ "max_personal_access_token_lifetime": null }), "max_personal_access_token_lifetime", Value::Null),
        (
            json!({ "restricted_visibility_levels": "public, internal" }),
            "restricted_visibility_levels",
            json!(["public", "internal"]),
        ),
        (json!({ "restricted_visibility_levels": ["public"] }), "restricted_visibility_levels", json!(["public"])),
        (json!({ "restricted_visibility_levels": [] }), "restricted_visibility_levels", json!([])),
        (json!({ "enabled_git_access_protocol": "ssh" }), "enabled_git_access_protocol", json!("ssh")),
        (json!({ "enabled_git_access_protocol": null }), "enabled_git_access_protocol", json!("")),
        (json!({ "default_project_visibility": "internal" }), "default_project_visibility", json!("internal")),
    ] {
        let answer = decide(&root, &body);
        assert_eq!(answer[name], expected, "{body}");
        assert_eq!(answer.as_object().unwrap().len(), all.as_object().unwrap().len());
        assert_eq!(root.get(SETTINGS).expect(200).json(), answer);
    }
    let form = [("restricted_visibility_levels[]", "private"), ("default_projects_limit", "5")];
    let answer = root.request(reqwest::Method::PUT, SETTINGS).form(&form).send().expect(200).json();
    assert_eq!(
        (&answer["restricted_visibility_levels"], &answer["default_projects_limit"]),
        (&json!(["private"]), &json!(5))
    );
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let server = Server::start(&[]);
    let root = server.root().token("api");
    let before = root.get(SETTINGS).expect(200).json();
    for (body, expected) in [
        (
            json!({ "require_personal_access_token_expiry": "perhaps" }),
            "require_personal_access_token_expiry is invalid",
        ),
        (json!({ "default_project_visibility": "secret" }), "default_project_visibility does not have a valid value"),
        (
            json!({ "restricted_visibility_levels": ["secret"] }),
            "restricted_visibility_levels does not have a valid value",
        ),
        (json!({ "default_projects_limit": "many" }), "default_projects_limit is invalid"),
    ] {
        assert_eq!(root.put(SETTINGS, &body).expect(400).json(), json!({ "error": expected }), "{body}");
    }
    let nothing = root.put(SETTINGS, &json!({ "unknown": 1 })).expect(400);
    assert!(nothing.text().contains("are missing, at least one parameter must be provided"), "{nothing}");
    let letters = "can contain only letters of the Base64 alphabet (RFC4648) with the addition of '@', ':' and '.'";
    for (name, value, expected) in [
        ("personal_access_token_prefix", json!("a b"), letters),
        ("personal_access_token_prefix", json!("x".repeat(21)), "is too long (maximum is 20 characters)"),
        ("default_projects_limit", json!(-1), "must be greater than or equal to 0"),
        ("max_personal_access_token_lifetime", json!(0), "must be greater than or equal to 1"),
    ] {
        let body = json!({ name: value, "impersonation_enabled": false });
        assert_eq!(root.put(SETTINGS, &body).expect(400).json(), json!({ "message": { name: [expected] } }), "{body}");
    }
    assert_eq!(root.get(SETTINGS).expect(200).json(), before);
    let jane = server.person("jane").token("api");
    assert_eq!(jane.get(SETTINGS).expect(403).json(), message("403 Forbidden"));
    jane.put(SETTINGS, &json!({})).expect(403);
    server.anonymous().get(SETTINGS).expect(401);
    server.root().token("read_api").get(SETTINGS).expect(200);
    server.root().token("read_user").get(SETTINGS).expect(403);
}

fn self_made(token: &Bearer<'_>, expires_at: Option<&str>) -> Answer {
    let body = json!({ "name": "x", "scopes": ["api"], "expires_at": expires_at });
    token.post("/api/v4/user/personal_access_tokens", &body)
}

#[test]
fn tokens_follow_what_is_decided_about_their_prefix_and_their_end() {
    let server = Server::start(&[]);
    let (root, jane) = (server.root().token("api"), server.person("jane").token("api"));
    decide(&root, &json!({ "personal_access_token_prefix": "acme-" }));
    let made = self_made(&jane, None).expect(201).json();
    assert!(made["token"].as_str().unwrap().starts_with("acme-"));
    assert_eq!(made["expires_at"], Value::Null);
    jane.get("/api/v4/user").expect(200);
    decide(&root, &json!({ "personal_access_token_prefix": "", "require_personal_access_token_expiry": true }));
    let made = self_made(&jane, None).expect(201).json();
    assert_eq!((made["token"].as_str().unwrap().len(), &made["expires_at"]), (38, &json!(days_from_now(365))));
    assert_eq!(self_made(&jane, Some(&days_from_now(365))).expect(201).json()["active"], true);
    let late = format!("Expiration date must be before {}", days_from_now(365));
    assert_eq!(self_made(&jane, Some(&days_from_now(366))).expect(422).json(), message(&late));
    let address = format!("/api/v4/personal_access_tokens/{}/rotate", made["id"]);
    let refused = jane.post(&address, &json!({ "expires_at": days_from_now(366) })).expect(400).json();
    assert_eq!(refused, message(&format!("400 Bad request - {late}")));
    let rotated = jane.post(&address, &json!({})).expect(200).json();
    assert_eq!(rotated["expires_at"], days_from_now(7));
    decide(&root, &json!({ "max_personal_access_token_lifetime": 3 }));
    assert_eq!(self_made(&jane, None).expect(201).json()["expires_at"], days_from_now(3));
    self_made(&jane, Some(&days_from_now(4))).expect(422);
    let refused = server.jeton(&[
        "token",
        "create",
        "--user",
        "root",
        "--name",
        "x",
        "--scopes",
        "api",
        "--expires-at",
        "2099-01-01",
    ]);
    assert!(refused.stderr.contains("Expiration date must be before"), "{}", refused.stderr);
}

#[test]
fn an_instance_can_do_without_tokens() {
    let server = Server::start(&[]);
    let (token, jane) = (server.root().token("api"), server.person("jane"));
    let (hers, session, root) = (jane.token("api"), jane.session(), server.root().session());
    session.get("/-/user_settings/personal_access_tokens").expect(200);
    decide(&token, &json!({ "disable_personal_access_tokens": true }));
    for refused in [&token, &hers] {
        assert_eq!(refused.get("/api/v4/user").expect(401).json(), message("401 Unauthorized"));
    }
    session.get("/-/user_settings/personal_access_tokens").expect(404);
    session.get("/api/v4/user").expect(200);
    root.put(SETTINGS, &json!({ "disable_personal_access_tokens": false })).expect(200);
    hers.get("/api/v4/user").expect(200);
}

#[test]
fn projects_follow_what_is_decided_about_them() {
    let server = Server::start(&[]);
    let (root, jane) = (server.root().token("api"), server.person("jane").token("api"));
    let make = |who: &Bearer<'_>, name: &str, more: Value| {
        let mut body = json!({ "name": name });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        who.post("/api/v4/projects", &body)
    };
    decide(&root, &json!({ "default_project_visibility": "internal", "restricted_visibility_levels": ["public"] }));
    assert_eq!(make(&jane, "usual", json!({})).expect(201).json()["visibility"], "internal");
    let refused = make(&jane, "open", json!({ "visibility": "public" })).expect(400).json();
    let why = json!(["public has been restricted by your GitLab administrator"]);
    assert_eq!(refused, json!({ "message": { "visibility_level": why } }));
    make(&root, "open", json!({ "visibility": "public" })).expect(201);
    decide(&root, &json!({ "default_projects_limit": 1 }));
    let joe = server.person("joe").token("api");
    make(&joe, "one", json!({})).expect(201);
    make(&joe, "two", json!({})).expect(403);
    let password = secrets::new_password();
    let body = json!({ "username": "ann", "name": "Ann", "email": "ann@example.com", "password": password });
    assert_eq!(root.post("/api/v4/users", &body).expect(201).json()["projects_limit"], 1);
}

#[test]
fn git_follows_what_is_decided_about_passwords_and_protocols() {
    let server = Server::start(&[]);
    let (root, jane) = (server.root().token("api"), server.person("jane"));
    let token = jane.token("api");
    let path = crate::git::project(&token, "app", "private", true);
    let refs = |password: &str| {
        let credentials = BASE64_STANDARD.encode(format!("{}:{password}", jane.username));
        let request =
            server.anonymous().request(reqwest::Method::GET, &format!("{path}.git/info/refs?service=git-upload-pack"));
        request.header("Authorization", &format!("Basic {credentials}")).send()
    };
    refs(&jane.password).expect(200);
    decide(&root, &json!({ "password_authentication_enabled_for_git": false }));
    for password in [&jane.password, "wrong password"] {
        let refused = refs(password).expect(401);
        assert_eq!(refused.header("www-authenticate"), "", "another password would not help");
        assert!(refused.text().starts_with("HTTP Basic: Access denied\n"), "{refused}");
        assert!(refused.text().contains("/-/user_settings/personal_access_tokens"), "{refused}");
    }
    refs(&token.token).expect(200);
    decide(&root, &json!({ "enabled_git_access_protocol": "ssh" }));
    assert_eq!(refs(&token.token).expect(403).text(), "Git access over HTTP is not allowed");
    decide(&root, &json!({ "enabled_git_access_protocol": "http" }));
    refs(&token.token).expect(200);
}

#[test]
fn nobody_signs_in_with_a_password_where_that_is_switched_off() {
    let server = Server::start(&[]);
    let (root, jane) = (server.root().token("api"), server.person("jane"));
    decide(&root, &json!({ "password_authentication_enabled_for_web": false }));
    let refused = crate::harness::SignedIn::try_sign_in(&server, &jane.username, &jane.password);
    assert_eq!(refused.status, 422, "{refused}");
    decide(&root, &json!({ "password_authentication_enabled_for_web": true }));
    jane.session().get("/api/v4/user").expect(200);
}

#[test]
fn requests_are_throttled_where_that_is_decided() {
    let server = Server::start(&[]);
    let (root, jane) = (server.root().token("api"), server.person("jane").token("api"));
    assert_eq!(jane.get("/api/v4/user").header("ratelimit-limit"), "");
    let period = 3_600;
    decide(
        &root,
        &json!({
            "throttle_authenticated_api_enabled": true, "throttle_authenticated_api_requests_per_period": 2,
            "throttle_authenticated_api_period_in_seconds": period,
        }),
    );
    let first = jane.get("/api/v4/user").expect(200);
    for (name, value) in [
        ("ratelimit-name", "throttle_authenticated_api"),
        ("ratelimit-limit", "1"),
        ("ratelimit-observed", "1"),
        ("ratelimit-remaining", "1"),
    ] {
        assert_eq!(first.header(name), value, "{name}");
    }
    jane.get("/api/v4/user").expect(200);
    let refused = jane.get("/api/v4/user").expect(429);
    assert_eq!((refused.text(), refused.header("content-type")), ("Retry later\n", "text/plain; charset=utf-8"));
    assert_eq!((refused.header("ratelimit-remaining"), refused.header("ratelimit-observed")), ("0", "3"));
    let seconds = |name: &str| refused.header(name).parse::<i64>().unwrap();
    assert!((1..=period).contains(&seconds("retry-after")) && seconds("ratelimit-reset") % period == 0);
    assert!(refused.header("ratelimit-resettime").ends_with(" GMT"));
    server.anonymous().get("/api/v4/projects").expect(200);

    let session = server.root().session();
    let off = json!({ "throttle_authenticated_api_enabled": false, "throttle_unauthenticated_api_enabled": true,
                      "throttle_unauthenticated_api_requests_per_period": 1 });
    session.put(SETTINGS, &off).expect(200);
    jane.get("/api/v4/user").expect(200);
    server.anonymous().get("/api/v4/projects").expect(200);
    Bearer::new(&server, "no-token-at-all").get("/api/v4/user").expect(429);
    assert_eq!(
        server.anonymous().get("/api/v4/projects").expect(429).header("ratelimit-name"),
        "throttle_unauthenticated_api"
    );
}

#[test]
fn a_user_comes_from_so_many_addresses() {
    let server = Server::start(&[("JETON_TRUSTED_PROXIES", "127.0.0.1")]);
    let (root, jane) = (server.root().token("api"), server.person("jane").token("api"));
    decide(&root, &json!({ "unique_ips_limit_enabled": true, "unique_ips_limit_per_user": 2 }));
    let path = crate::git::project(&jane, "app", "private", true);
    let from = |address: &str, path: &str| {
        let request = jane.request(reqwest::Method::GET, path).header("X-Forwarded-For", address);
        let basic = BASE64_STANDARD.encode(format!("x:{}", jane.token));
        if path.contains(".git/") {
            request.header("Authorization", &format!("Basic {basic}")).send()
        } else {
            request.send()
        }
    };
    for address in ["127.0.0.1", "192.0.2.1"] {
        from(address, "/api/v4/user").expect(200);
    }
    assert_eq!(from("192.0.2.2", "/api/v4/user").expect(403).json(), message("403 Forbidden"));
    let git = from("192.0.2.2", &format!("{path}.git/info/refs?service=git-upload-pack")).expect(403);
    assert_eq!((git.text(), git.header("retry-after")), ("", "3600"));
    from("192.0.2.1", "/api/v4/user").expect(200);
    assert!(own_id(&root) > 0, "others are not concerned");
}
