//! Where a token may stand, and what the API says of tokens that are not good.

use reqwest::Method;
use serde_json::json;

use crate::harness::{Server, Visitor};

const USER: &str = "/api/v4/user";

#[test]
fn a_token_is_taken_in_six_places() {
    let server = Server::shared();
    let jane = server.person("jane");
    let token = jane.token("api,read_user").token;
    let nobody = server.anonymous();
    let bearer = format!("Bearer {token}");
    for answer in [
        nobody.request(Method::GET, USER).header("PRIVATE-TOKEN", &token).send(),
        nobody.request(Method::GET, USER).header("private-token", &token).send(),
        nobody.request(Method::GET, USER).header("Authorization", &bearer).send(),
        nobody.request(Method::GET, USER).header("Authorization", &format!("bearer {token}")).send(),
        nobody.get(&format!("{USER}?private_token={token}")),
        nobody.get(&format!("{USER}?access_token={token}")),
        nobody.get(&format!("{USER}?bearer_token={token}")),
        nobody.request(Method::GET, USER).form(&[("private_token", &token)]).send(),
    ] {
        assert_eq!(answer.expect(200).json()["username"], jane.username.as_str());
    }
    for (field, named) in [("private_token", "form"), ("access_token", "json"), ("bearer_token", "json")] {
        let path = "/api/v4/user/personal_access_tokens";
        let made = if named == "form" {
            nobody.post_form(path, &[(field, &token), ("name", field), ("scopes[]", "read_user")])
        } else {
            nobody.post(path, &json!({ field: token, "name": field, "scopes": ["read_user"] }))
        };
        assert_eq!(made.expect(201).json()["name"], field);
    }
}

#[test]
fn of_two_tokens_the_parameter_counts_before_the_header_and_bearer_last() {
    let server = Server::shared();
    let (jane, joe) = (server.person("jane"), server.person("joe"));
    let (hers, his) = (jane.token("read_user").token, joe.token("read_user").token);
    let ask = |path: String, header: &str, value: &str| {
        let answer = server.anonymous().request(Method::GET, &path).header(header, value).send();
        answer.expect(200).json()["username"].as_str().unwrap().to_owned()
    };
    assert_eq!(ask(format!("{USER}?private_token={hers}"), "PRIVATE-TOKEN", &his), jane.username);
    assert_eq!(ask(format!("{USER}?private_token={hers}"), "Authorization", &format!("Bearer {his}")), jane.username);
    assert_eq!(ask(format!("{USER}?access_token={hers}"), "PRIVATE-TOKEN", &his), joe.username);
    assert_eq!(ask(format!("{USER}?bearer_token={hers}"), "Authorization", &format!("Bearer {his}")), joe.username);
    // What is empty is not given.
    assert_eq!(ask(format!("{USER}?private_token="), "PRIVATE-TOKEN", &his), joe.username);
    let both = ask_both(server, &hers, &his);
    assert_eq!(both.0, 400);
    assert_eq!(
        both.1,
        json!({
            "error": "invalid_request",
            "error_description": "Both Authorization header and payload includes access token."
        })
    );
}

fn ask_both(server: &Server, one: &str, other: &str) -> (u16, serde_json::Value) {
    let request = server.anonymous().request(Method::GET, &format!("{USER}?access_token={one}"));
    let answer = request.header("Authorization", &format!("Bearer {other}")).send();
    (answer.status, answer.json())
}

#[test]
fn what_is_presented_and_wrong_is_never_anonymous() {
    let server = Server::shared();
    let nobody = server.anonymous();
    let unauthorized = json!({ "message": "401 Unauthorized" });
    // Everybody may list public projects, but not with a token that is none.
    nobody.get("/api/v4/projects").expect(200);
    for wrong in ["x", "jeton_00000000000000000000000000000000000000", "jeton_00000000000000000000000000000000AAAAAA"] {
        let answer = nobody.request(Method::GET, "/api/v4/projects").header("PRIVATE-TOKEN", wrong).send();
        assert_eq!(answer.expect(401).json(), unauthorized);
        let answer = nobody.get(&format!("/api/v4/projects?private_token={wrong}"));
        assert_eq!(answer.expect(401).json(), unauthorized);
    }
    assert_eq!(nobody.get("/api/v4/projects?private_token[]=x").expect(401).json(), unauthorized);
    let answer = nobody.get(USER).expect(401);
    assert_eq!((answer.json(), answer.header("www-authenticate")), (unauthorized, ""));
}

#[test]
fn a_dead_token_learns_that_it_is_dead() {
    let server = Server::shared();
    let jane = server.person("jane");
    let root = server.root().token("api");
    let id = super::own_id(&jane.token("read_user"));
    let body = json!({ "name": "old", "scopes": ["api"], "expires_at": "2020-01-01" });
    let expired = root.post(&format!("/api/v4/users/{id}/personal_access_tokens"), &body).expect(201).json();
    assert_eq!(expired["active"], false);
    let expired = crate::harness::Bearer::new(server, expired["token"].as_str().unwrap()).get(USER).expect(401);
    let text = "Token is expired. You can either do re-authorization or token refresh.";
    assert_eq!(expired.json(), json!({ "error": "invalid_token", "error_description": text }));
    assert_eq!(
        expired.header("www-authenticate"),
        format!("Bearer realm=\"Protected by OAuth 2.0\", error=\"invalid_token\", error_description=\"{text}\"")
    );

    let revoked = jane.token("api");
    revoked.delete("/api/v4/personal_access_tokens/self").expect(204);
    let text = "Token was revoked. You have to re-authorize from the user.";
    assert_eq!(revoked.get(USER).expect(401).json(), json!({ "error": "invalid_token", "error_description": text }));
}

#[test]
fn a_narrow_token_learns_which_scopes_would_do() {
    let server = Server::shared();
    let jane = server.person("jane");
    let text = "The request requires higher privileges than provided by the access token.";
    for (scope, method, path, sufficient) in [
        ("read_repository", Method::GET, USER, "read_user api read_api"),
        ("read_repository", Method::GET, "/api/v4/version", "read_user api read_api"),
        ("read_user", Method::GET, "/api/v4/personal_access_tokens", "api read_api"),
        ("read_user", Method::HEAD, "/api/v4/projects", "api read_api"),
        ("read_api", Method::POST, "/api/v4/projects", "api read_api"),
        ("read_api", Method::DELETE, "/api/v4/personal_access_tokens/1", "api read_api"),
        ("read_user", Method::POST, "/api/v4/user/keys", "read_user api read_api"),
        ("read_user", Method::PUT, "/api/v4/user/status", "read_user api read_api"),
        ("read_user", Method::DELETE, "/api/v4/user/emails/1", "read_user api read_api"),
        ("read_api", Method::POST, "/api/v4/users", "read_user api read_api"),
        ("read_api", Method::POST, "/api/v4/user/personal_access_tokens", "read_user api read_api"),
        ("read_repository", Method::GET, "/api/v4/users/1/projects", "read_user api read_api"),
        ("read_repository", Method::HEAD, "/api/v4/users", "read_user api read_api"),
        ("read_repository", Method::GET, "/api/v4/users/1/impersonation_tokens", "read_user api read_api"),
    ] {
        let answer = jane.token(scope).request(method.clone(), path).send();
        assert_eq!(answer.status, 403, "{scope} {method} {path}");
        let challenge = answer.header("www-authenticate");
        assert!(challenge.contains("error=\"insufficient_scope\""), "{scope} {method} {path}: {answer}");
        if method != Method::HEAD {
            let expected = json!({ "error": "insufficient_scope", "error_description": text, "scope": sufficient });
            assert_eq!(answer.json(), expected);
        }
    }
}

#[test]
fn a_session_asks_the_api_and_proves_where_a_change_comes_from() {
    let server = Server::shared();
    let jane = server.person("jane");
    let browser = jane.session();
    assert_eq!(browser.get(USER).expect(200).json()["username"], jane.username.as_str());
    let body = json!({ "name": "from a script", "scopes": ["read_user"] });
    let path = "/api/v4/user/personal_access_tokens";
    browser.post(path, &body).expect(201);
    assert_eq!(browser.without_csrf().post(path, &body).expect(401).json(), json!({ "message": "401 Unauthorized" }));
    let answer = browser.get("/api/v4/personal_access_tokens/self").expect(400);
    let text = "400 Bad request - This endpoint requires token type to be a personal access token";
    assert_eq!(answer.json(), json!({ "message": text }));
}

#[test]
fn a_blocked_account_learns_why() {
    let server = Server::shared();
    let jane = server.person("jane");
    let token = jane.token("api");
    token.get(USER).expect(200);
    server.jeton(&["user", "block", &jane.username]).expect_ok();
    let answer = token.get(USER).expect(403);
    assert_eq!(answer.json(), json!({ "message": "403 Forbidden - Your account has been blocked." }));
    server.jeton(&["user", "unblock", &jane.username]).expect_ok();
    token.get(USER).expect(200);
}
