//! Personal access tokens: listed, shown, made and revoked.

use reqwest::Method;
use serde_json::{Value, json};

use super::{column, names, own_id};
use crate::harness::{Bearer, Person, Server, Visitor};

const TOKENS: &str = "/api/v4/personal_access_tokens";

pub(super) fn message(text: &str) -> Value {
    json!({ "message": text })
}

/// Makes a token for somebody as root does.
fn make(root: &Bearer<'_>, person: &Person<'_>, body: &Value) -> Value {
    let id = own_id(&person.token("read_user"));
    root.post(&format!("/api/v4/users/{id}/personal_access_tokens"), body).expect(201).json()
}

#[test]
fn a_token_shows_what_gitlab_shows() {
    let server = Server::shared();
    let jane = server.person("jane");
    let token = jane.token("api,read_user");
    let own = token.get(&format!("{TOKENS}/self")).expect(200).json();
    let keys: Vec<_> = own.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "id",
        "name",
        "revoked",
        "created_at",
        "description",
        "scopes",
        "user_id",
        "last_used_at",
        "active",
        "expires_at",
        "last_used_ips",
        "expires_at_time",
    ];
    assert_eq!(keys, expected);
    assert_eq!((&own["revoked"], &own["active"], &own["expires_at"]), (&json!(false), &json!(true), &Value::Null));
    assert_eq!((&own["scopes"], &own["user_id"]), (&json!(["api", "read_user"]), &json!(own_id(&token))));
    // The use that asks is known already.
    assert!(own["last_used_at"].is_string() && own["last_used_ips"] == json!(["127.0.0.1"]), "{own}");
    assert_eq!(own["created_at"].as_str().unwrap().len(), "2020-07-23T14:31:47.729Z".len());
    assert_eq!(token.get(&format!("{TOKENS}/{}", own["id"])).expect(200).json()["id"], own["id"]);
}

#[test]
fn any_token_may_ask_about_and_revoke_itself() {
    let server = Server::shared();
    let jane = server.person("jane");
    for scope in ["read_repository", "write_registry", "self_rotate", "read_user"] {
        let token = jane.token(scope);
        token.get(&format!("{TOKENS}/self")).expect(200);
        assert!(token.delete(&format!("{TOKENS}/self")).expect(204).body.is_empty());
        token.delete(&format!("{TOKENS}/self")).expect(401);
    }
}

#[test]
fn whether_anothers_token_exists_is_hidden() {
    let server = Server::shared();
    let (jane, joe) = (server.person("jane"), server.person("joe"));
    let (hers, his) = (jane.token("api"), joe.token("api"));
    let unauthorized = message("401 Unauthorized");
    assert_eq!(hers.get(&format!("{TOKENS}/{}", his.id())).expect(401).json(), unauthorized);
    assert_eq!(hers.get(&format!("{TOKENS}/99999999")).expect(401).json(), unauthorized);
    let root = server.root().token("api");
    assert_eq!(root.get(&format!("{TOKENS}/{}", his.id())).expect(200).json()["id"], his.id());
    assert_eq!(root.get(&format!("{TOKENS}/99999999")).expect(404).json(), message("404 Not Found"));

    assert_eq!(hers.get(&format!("{TOKENS}?user_id={}", own_id(&hers))).expect(200).header("x-total"), "1");
    for other in [own_id(&his).to_string(), "99999999".to_owned()] {
        assert_eq!(hers.get(&format!("{TOKENS}?user_id={other}")).expect(401).json(), unauthorized);
    }
    assert_eq!(root.get(&format!("{TOKENS}?user_id={}", own_id(&his))).expect(200).header("x-total"), "1");
    for nobody in ["99999999", ""] {
        assert_eq!(root.get(&format!("{TOKENS}?user_id={nobody}")).expect(404).json(), message("404 Not Found"));
    }
}

#[test]
fn a_list_holds_the_own_tokens_dead_ones_among_them() {
    let server = Server::shared();
    let (jane, root) = (server.person("jane"), server.root().token("api"));
    server.person("joe").token("api");
    let token = jane.token("api");
    for (name, expires_at) in [("nightly build", "2020-01-01"), ("deploy", "2099-12-31"), ("ci", "2098-12-31")] {
        make(&root, &jane, &json!({ "name": name, "scopes": ["read_api"], "expires_at": expires_at }));
    }
    let revoked = make(&root, &jane, &json!({ "name": "lost", "scopes": "api", "description": "on a train" }));
    root.delete(&format!("{TOKENS}/{}", revoked["id"])).expect(204);

    let list = |query: &str| {
        let names = names(&token.get(&format!("{TOKENS}{query}")).expect(200));
        // The tokens that the harness makes are called "test".
        names.into_iter().filter(|name| name != "test").collect::<Vec<_>>().join(", ")
    };
    for (query, expected) in [
        ("", "nightly build, deploy, ci, lost"),
        ("?state=active", "deploy, ci"),
        ("?state=inactive", "nightly build, lost"),
        ("?revoked=true", "lost"),
        ("?revoked=False", "nightly build, deploy, ci"),
        ("?search=BUILD", "nightly build"),
        ("?search=ci", "ci"),
        ("?search=ui", ""),
        ("?search=", "nightly build, deploy, ci, lost"),
        ("?expires_before=2098-12-31", "nightly build"),
        ("?expires_after=2098-12-31", "deploy, ci"),
        ("?created_before=2020-01-01", ""),
        ("?created_after=2020-01-01T00:00:00Z", "nightly build, deploy, ci, lost"),
        ("?last_used_after=2020-01-01", ""),
        ("?sort=name_asc", "ci, deploy, lost, nightly build"),
        ("?sort=name_desc", "nightly build, lost, deploy, ci"),
        ("?sort=expires_asc", "nightly build, ci, deploy, lost"),
        ("?sort=created_desc", "lost, ci, deploy, nightly build"),
        ("?sort=beauty", "nightly build, deploy, ci, lost"),
        ("?state=&revoked=&created_after=", "nightly build, deploy, ci, lost"),
    ] {
        assert_eq!(list(query), expected, "{query}");
    }
    let used = token.get(&format!("{TOKENS}?last_used_after=2020-01-01")).expect(200).json();
    assert!(column(&used, "id").contains(&&json!(token.id())), "{used}");
    assert_eq!(token.get(TOKENS).json()[4]["description"], Value::Null);
}

/// What a client read from one answer, it can ask for in the next.
#[test]
fn the_moment_that_is_shown_is_within_bounds_taken_from_it() {
    let server = Server::shared();
    let token = server.person("jane").token("api");
    let own = token.get(&format!("{TOKENS}/self")).expect(200).json();
    for bound in ["created_before", "created_after"] {
        let path = format!("{TOKENS}?{bound}={}", own["created_at"].as_str().unwrap());
        assert_eq!(column(&token.get(&path).expect(200).json(), "id"), [&own["id"]], "{bound}");
    }
}

/// The last date of four digits, which people write for "as long as possible", is a date and not "never".
#[test]
fn a_token_ends_on_the_date_that_was_asked_for() {
    let server = Server::shared();
    let (jane, root) = (server.person("jane"), server.root().token("api"));
    for (date, active) in [("9999-12-31", true), ("9999-12-30", true), ("2020-02-29", false), ("0001-01-01", false)] {
        let made = make(&root, &jane, &json!({ "name": "x", "scopes": ["read_user"], "expires_at": date }));
        assert_eq!((&made["expires_at"], &made["active"]), (&json!(date), &json!(active)));
        let shown = root.get(&format!("{TOKENS}/{}", made["id"])).expect(200).json();
        assert_eq!((&shown["expires_at"], &shown["active"]), (&json!(date), &json!(active)));
    }
}

#[test]
fn administrators_make_tokens_for_users() {
    let server = Server::shared();
    let (jane, root) = (server.person("jane"), server.root().token("api"));
    let id = own_id(&jane.token("read_user"));
    let path = format!("/api/v4/users/{id}/personal_access_tokens");
    let body = json!({ "name": "for jane", "scopes": ["read_user", "read_api"], "expires_at": "2099-01-31T10:00:00Z" });
    let answer = root.post(&path, &body).expect(201);
    assert_eq!(answer.header("cache-control"), "no-store");
    let made = answer.json();
    assert_eq!((&made["user_id"], &made["expires_at"]), (&json!(id), &json!("2099-01-31")));
    assert!(made.get("last_used_ips").is_none());
    let text = made["token"].as_str().unwrap();
    assert!(text.starts_with("jeton_") && text.len() == 44, "{}", text.len());
    assert_eq!(Bearer::new(server, text).get("/api/v4/user").expect(200).json()["id"], id);

    // Who may not is told before what is missing.
    assert_eq!(jane.token("api").post(&path, &json!({})).expect(403).json(), message("403 Forbidden"));
    server.anonymous().post(&path, &json!({})).expect(401);
    let nobody = "/api/v4/users/99999999/personal_access_tokens";
    assert_eq!(root.post(nobody, &body).expect(404).json(), message("404 User Not Found"));
    for (body, sentence) in [
        (json!({ "name": "x", "scopes": [] }), "Scopes can't be blank"),
        (json!({ "name": " ", "scopes": [] }), "Name can't be blank and Scopes can't be blank"),
        (json!({ "name": "x".repeat(256), "scopes": ["api"] }), "Name is too long (maximum is 255 characters)"),
        (json!({ "name": "x", "scopes": ["sudo"] }), "Scopes can only contain available scopes"),
    ] {
        assert_eq!(root.post(&path, &body).expect(422).json(), message(sentence));
    }
}

#[test]
fn a_token_makes_tokens_with_no_scope_that_it_does_not_have() {
    let server = Server::shared();
    let (jane, root) = (server.person("jane"), server.root());
    let path = "/api/v4/user/personal_access_tokens";
    let token = jane.token("api,read_registry");
    for (scopes, status) in [
        (json!(["api"]), 201),
        (json!(["read_registry", "self_rotate"]), 201),
        (json!(["api", "read_registry"]), 201),
        (json!(["write_registry"]), 400),
        (json!(["api", "sudo"]), 400),
        (json!(["sudo"]), 400),
        (json!([]), 422),
    ] {
        let answer = token.post(path, &json!({ "name": "x", "scopes": scopes }));
        assert_eq!(answer.status, status, "{scopes}: {answer}");
    }
    jane.token("read_api").post(path, &json!({ "name": "x", "scopes": ["read_api"] })).expect(403);
    root.token("api").post(path, &json!({ "name": "x", "scopes": ["sudo"] })).expect(400);
    root.token("api,sudo").post(path, &json!({ "name": "x", "scopes": ["sudo"] })).expect(201);
}

#[test]
fn revoking_is_for_owners_and_administrators() {
    let server = Server::shared();
    let (jane, joe, root) = (server.person("jane"), server.person("joe"), server.root().token("api"));
    let (hers, his) = (jane.token("api"), joe.token("api"));
    let revoke = |who: &Bearer<'_>, id: i64| who.delete(&format!("{TOKENS}/{id}"));
    let refused = message("400 Bad request - Not permitted to revoke");
    assert_eq!(revoke(&hers, his.id()).expect(400).json(), refused);
    assert_eq!(revoke(&hers, 99_999_999).expect(404).json(), message("404 Not found"));
    assert_eq!(revoke(&root, 99_999_999).expect(404).json(), message("404 Not found"));
    his.get("/api/v4/user").expect(200);

    let other = jane.token("read_user");
    let id = other.id();
    revoke(&hers, id).expect(204);
    other.get("/api/v4/user").expect(401);
    let before = root.get(&format!("{TOKENS}/{id}")).expect(200).json();
    revoke(&hers, id).expect(204);
    assert_eq!(root.get(&format!("{TOKENS}/{id}")).expect(200).json(), before);

    revoke(&root, his.id()).expect(204);
    his.get("/api/v4/user").expect(401);
}

#[test]
fn what_changed_since_is_not_revoked() {
    let server = Server::shared();
    let jane = server.person("jane");
    let (token, other) = (jane.token("api"), jane.token("read_user"));
    let path = format!("{TOKENS}/{}", other.id());
    let delete = |since: &str| {
        let request = token.request(Method::DELETE, &path);
        request.header("If-Unmodified-Since", since).send()
    };
    let refused = delete("Sun, 06 Nov 1994 08:49:37 GMT").expect(412).json();
    assert_eq!(refused, message("412 Precondition Failed"));
    other.get("/api/v4/user").expect(200);
    delete("Sun, 06 Nov 2094 08:49:37 GMT").expect(204);
    delete("yesterday").expect(204);
}
