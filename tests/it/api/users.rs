//! Users.

use serde_json::{Value, json};

use super::{column, names, own_id};
use crate::harness::{Server, Visitor};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

const BASIC: [&str; 8] = ["id", "username", "public_email", "name", "state", "locked", "avatar_url", "web_url"];

#[test]
fn everybody_sees_as_much_of_a_user_as_gitlab_shows() {
    let server = Server::shared();
    let (jane, joe) = (server.person("jane"), server.person("joe"));
    let (hers, root) = (jane.token("read_user"), server.root().token("api"));
    let (her_id, his_id) = (own_id(&hers), own_id(&joe.token("read_user")));

    let own = hers.get("/api/v4/user").expect(200).json();
    assert_eq!(own["email"], format!("{}@example.com", jane.username));
    assert_eq!(own["web_url"], server.url(&format!("/{}", jane.username)));
    for field in ["confirmed_at", "last_sign_in_at", "identities", "can_create_project", "two_factor_enabled"] {
        assert!(own.get(field).is_some(), "{field}");
    }
    assert!(own.get("is_admin").is_none() && own.get("note").is_none());
    assert_eq!(root.get("/api/v4/user").expect(200).json()["is_admin"], true);

    let other = hers.get(&format!("/api/v4/users/{his_id}")).expect(200).json();
    assert_eq!(keys(&other)[..8], BASIC);
    assert!(other.get("created_at").is_some() && other.get("email").is_none() && other.get("is_admin").is_none());
    let seen = root.get(&format!("/api/v4/users/{her_id}")).expect(200).json();
    assert_eq!((&seen["is_admin"], &seen["email"]), (&json!(false), &own["email"]));
    assert!(seen["namespace_id"].is_i64());

    let list = hers.get(&format!("/api/v4/users?username={}", joe.username)).expect(200).json();
    assert_eq!(keys(&list[0]), BASIC);
    let list = root.get(&format!("/api/v4/users?username={}", joe.username)).expect(200).json();
    assert_eq!(list[0]["is_admin"], false);
}

#[test]
fn who_is_not_signed_in_finds_users_only_by_name() {
    let server = Server::shared();
    let jane = server.person("jane");
    let nobody = server.anonymous();
    let message = |text: &str| json!({ "message": text });
    let found = nobody.get(&format!("/api/v4/users?username={}", jane.username.to_uppercase())).expect(200).json();
    assert_eq!(column(&found, "username"), [jane.username.as_str()]);
    assert_eq!(nobody.get("/api/v4/users?username=nobody-at-all").expect(200).json(), json!([]));
    assert_eq!(
        nobody.get("/api/v4/users").expect(403).json(),
        message("403 Forbidden - Not authorized to access /api/v4/users")
    );
    assert_eq!(nobody.get("/api/v4/users/1").expect(403).json(), message("403 Forbidden - Not authorized!"));
    assert_eq!(nobody.get("/api/v4/user").expect(401).json(), message("401 Unauthorized"));
}

#[test]
fn unknown_numbers_are_not_found() {
    let server = Server::shared();
    let jane = server.person("jane").token("read_user");
    assert_eq!(jane.get("/api/v4/users/999999").expect(404).json(), json!({ "message": "404 User Not Found" }));
    assert_eq!(jane.get("/api/v4/users/1ASDF").expect(404).json(), json!({ "error": "404 Not Found" }));
}

#[test]
fn lists_are_filtered_and_sorted_for_those_who_may() {
    let server = Server::start(&[]);
    let root = server.root().token("api");
    let (jane, joe) = (server.person("jane"), server.person("joe"));
    server.administrator("zoe");
    server.jeton(&["user", "block", &joe.username]).expect_ok();
    let list = |path: &str| {
        let list = root.get(&format!("/api/v4/users{path}")).expect(200).json();
        let names = column(&list, "username").into_iter().map(|name| name.as_str().unwrap());
        names.map(|name| name.split('-').next().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    for (query, expected) in [
        ("", "zoe joe jane root"),
        ("?order_by=id&sort=asc", "root jane joe zoe"),
        ("?order_by=username", "zoe root joe jane"),
        ("?order_by=created_at&sort=asc", "root jane joe zoe"),
        ("?active=true", "zoe jane root"),
        ("?blocked=1", "joe"),
        ("?exclude_active=true", "joe"),
        ("?admins=true", "zoe root"),
        ("?external=true", ""),
        ("?exclude_external=True", "zoe joe jane root"),
        ("?humans=true", "zoe joe jane root"),
        ("?exclude_humans=true", ""),
        ("?search=JANE", "jane"),
        ("?search=@jane", "jane"),
        ("?two_factor=enabled", ""),
        ("?two_factor=disabled", "zoe joe jane root"),
        ("?extern_uid=1&provider=x", ""),
        ("?created_before=2020-01-01", ""),
        ("?created_after=2020-01-01T00:00:00Z", "zoe joe jane root"),
    ] {
        assert_eq!(list(query), expected, "{query}");
    }
    assert_eq!(list(&format!("?search={}@EXAMPLE.com", jane.username)), "jane");
    let hers = jane.token("read_user");
    let seen = |path: &str| names(&hers.get(&format!("/api/v4/users{path}")).expect(200)).len();
    assert_eq!(seen(&format!("?search={}@example.com", jane.username)), 0);
    // Blocked users are hidden; what only administrators may ask is ignored.
    assert_eq!((seen(""), seen("?blocked=true"), seen("?created_before=2020-01-01&order_by=name")), (3, 0, 3));
    hers.get("/api/v4/users?extern_uid=1&provider=x").expect(403);
}
