//! What happens to credentials when something happens to an account.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::Method;
use serde_json::json;

use crate::harness::{Git, Server, Visitor as _};

/// Somebody leaves the company in anger. Their account is blocked; every way in must close with the next request, not
/// when some job comes by or a cache forgets.
#[test]
fn a_blocked_account_has_no_way_in() {
    let server = Server::shared();
    let mallory = server.person("mallory");
    let (token, session) = (mallory.token("api"), mallory.session());
    let project =
        token.post("/api/v4/projects", &json!({ "name": "plans", "initialize_with_readme": true })).expect(201).json();
    let repository = format!("/{}.git", project["path_with_namespace"].as_str().unwrap());
    let git = Git::new();
    let fetch = |password: &str| git.run(".", &["ls-remote", &server.url_as(&mallory.username, password, &repository)]);
    token.get("/api/v4/user").expect(200);
    session.get("/-/user_settings/personal_access_tokens").expect(200);
    fetch(&token.token).expect_ok();
    fetch(&mallory.password).expect_ok();

    server.jeton(&["user", "block", &mallory.username]).expect_ok();

    assert_eq!(
        token.get("/api/v4/user").expect(403).json()["message"],
        "403 Forbidden - Your account has been blocked."
    );
    assert_ne!(session.get("/-/user_settings/personal_access_tokens").status, 200);
    assert_ne!(session.get("/api/v4/user").status, 200);
    fetch(&token.token).expect_failed();
    fetch(&mallory.password).expect_failed();
    let form = server.anonymous().get("/users/sign_in").expect(200);
    assert!(form.text().contains("user[password]"));

    server.jeton(&["user", "unblock", &mallory.username]).expect_ok();
    token.get("/api/v4/user").expect(200);
}

/// Password guessing with Git instead of the page, where nobody looks: the guesses must not be told apart from an
/// account that does not exist.
#[test]
fn guessing_over_git_tells_nothing_about_names() {
    let server = Server::shared();
    let jane = server.person("jane");
    let ask = |user: &str| {
        let credential = BASE64_STANDARD.encode(format!("{user}:not-the-password"));
        server
            .anonymous()
            .request(Method::GET, "/root/secret.git/info/refs?service=git-upload-pack")
            .header("Authorization", &format!("Basic {credential}"))
            .send()
    };
    let (known, unknown) = (ask(&jane.username), ask("nobody-of-this-name"));
    assert_eq!(known.status, 401);
    assert!(known.text().starts_with("HTTP Basic: Access denied"), "{known}");
    assert_eq!((known.status, known.text()), (unknown.status, unknown.text()));
}

/// Existence itself is a secret: without a right to look, a private project and none are the same to everybody.
#[test]
fn a_private_project_is_like_none() {
    let server = Server::shared();
    let owner = server.person("owner");
    let made = owner.token("api").post("/api/v4/projects", &json!({ "name": "secret" })).expect(201).json();
    let path = made["path_with_namespace"].as_str().unwrap();
    let stranger = server.person("stranger").token("api");
    let twin = format!("{}/none", owner.username);
    let api = |path: &str| format!("/api/v4/projects/{}", path.replace('/', "%2F"));
    let page = |path: &str| format!("/{path}.git/info/refs?service=git-upload-pack");
    for (there, not_there) in [(api(path), api(&twin)), (page(path), page(&twin))] {
        let (one, other) = (stranger.get(&there), stranger.get(&not_there));
        assert_eq!((one.status, one.text()), (other.status, other.text()));
        let (one, other) = (server.anonymous().get(&there), server.anonymous().get(&not_there));
        assert_eq!((one.status, one.text()), (other.status, other.text()));
        assert!(one.status == 401 || one.status == 404, "{one}");
    }
}
