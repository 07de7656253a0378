//! What requests leave behind, in answers and in the record of changes.

use reqwest::header::HeaderValue;
use serde_json::json;

use crate::harness::{Server, Visitor as _};

/// A token in the address is repeated by the server: in the links to other pages, in redirects, in errors. From there it
/// gets into histories, logs and `Referer` headers.
#[test]
fn a_token_in_the_address_is_not_repeated() {
    let server = Server::shared();
    let jane = server.person("jane");
    let token = jane.token("api");
    let query = format!("private_token={}", token.token);
    let paths = [
        format!("/api/v4/users?per_page=1&{query}"),
        format!("/api/v4/users?per_page=1&access_token={}", token.token),
        format!("/api/v4/nothing?{query}"),
        format!("/api/v4/projects/1?{query}&per_page=x"),
        format!("/{}/none/info/refs?service=git-upload-pack&{query}", jane.username),
        format!("/profile/personal_access_tokens?name=x&{query}"),
        format!("/-/user_settings/personal_access_tokens?name=x&{query}"),
        format!("/no/such/page?{query}"),
    ];
    for path in paths {
        let answer = server.anonymous().get(&path);
        let repeats = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).contains(&token.token);
        assert!(!answer.headers.values().any(repeats), "{path}: {:?}", answer.headers);
        assert!(!answer.text().contains(&token.token), "{path}: {answer}");
    }
    let listed = server.anonymous().get(&format!("/api/v4/users?per_page=1&{query}")).expect(200);
    assert!(listed.header("link").contains("rel=\"next\""), "the links are there: {}", listed.header("link"));
}

/// Somebody changes something and no record shows it.
#[test]
fn every_change_leaves_exactly_one_event() {
    let server = Server::start(&[]);
    let root = server.root().token("api");
    let jane = server.person("jane");
    let token = jane.token("api");
    let session = jane.session();
    let events = || server.count("SELECT count(*) FROM audit_events");
    let user = token.user_id();
    let mut before = events();
    let mut one_more = |what: &str| {
        let now = events();
        assert_eq!(now - before, 1, "{what}");
        before = now;
    };
    let body = json!({ "name": "a", "scopes": ["api"] });
    let made = root.post(&format!("/api/v4/users/{user}/personal_access_tokens"), &body).expect(201).json();
    one_more("a token for somebody");
    let own = token.post("/api/v4/user/personal_access_tokens", &body).expect(201).json();
    one_more("an own token");
    token.delete(&format!("/api/v4/personal_access_tokens/{}", made["id"])).expect(204);
    one_more("a revocation");
    root.delete(&format!("/api/v4/personal_access_tokens/{}", own["id"])).expect(204);
    one_more("a revocation by an administrator");
    let project = token.post("/api/v4/projects", &json!({ "name": "p" })).expect(201).json();
    one_more("a project");
    token.delete(&format!("/api/v4/projects/{}", project["id"]));
    one_more("the end of a project");
    token.delete("/api/v4/personal_access_tokens/self").expect(204);
    one_more("a token that ends itself");
    let form = [
        ("authenticity_token", &*session.csrf),
        ("personal_access_token[name]", "b"),
        ("personal_access_token[scopes][]", "read_user"),
    ];
    session.post_form("/-/user_settings/personal_access_tokens", &form);
    one_more("a token made on the page");
    server.jeton(&["user", "block", &jane.username]).expect_ok();
    one_more("a block");
    server.jeton(&["user", "unblock", &jane.username]).expect_ok();
    one_more("an end of a block");
    // What changes nothing leaves nothing.
    root.delete(&format!("/api/v4/personal_access_tokens/{}", own["id"])).expect(204);
    root.get("/api/v4/users").expect(200);
    assert_eq!(events(), before, "nothing happened");
}
