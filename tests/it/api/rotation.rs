//! Rotation: a token is replaced by the next generation of its family.

use serde_json::{Value, json};

use super::tokens::message;
use crate::harness::{Bearer, Server, Visitor};

const TOKENS: &str = "/api/v4/personal_access_tokens";

/// Who would be asking with the token of that answer.
fn bearer<'s>(server: &'s Server, answer: &Value) -> Bearer<'s> {
    Bearer::new(server, answer["token"].as_str().unwrap())
}

#[test]
fn the_old_token_is_dead_when_the_new_one_is_told() {
    let server = Server::shared();
    let token = server.person("jane").token("api,read_user");
    let old = token.get(&format!("{TOKENS}/self")).expect(200).json();
    let new = token.post(&format!("{TOKENS}/{}/rotate", old["id"]), &json!({ "expires_at": "2099-01-31" }));
    let new = new.expect(200);
    assert_eq!((new.header("cache-control"), new.header("etag")), ("no-store", ""));
    let new = new.json();
    assert_ne!(new["id"], old["id"]);
    for field in ["name", "scopes", "user_id", "description"] {
        assert_eq!(new[field], old[field], "{field}");
    }
    assert_eq!((&new["expires_at"], &new["active"]), (&json!("2099-01-31"), &json!(true)));
    token.get("/api/v4/user").expect(401);
    bearer(server, &new).get("/api/v4/user").expect(200);
}

#[test]
fn a_token_that_may_only_rotate_itself_does_just_that() {
    let server = Server::shared();
    let token = server.person("jane").token("self_rotate");
    token.post(&format!("{TOKENS}/{}/rotate", token.id()), &json!({})).expect(403);
    let new = token.post(&format!("{TOKENS}/self/rotate"), &json!({})).expect(200).json();
    assert_eq!(new["expires_at"], Value::Null);
    let new = bearer(server, &new);
    new.get("/api/v4/user").expect(403);
    new.post(&format!("{TOKENS}/self/rotate"), &json!({ "expires_at": "soon" })).expect(400);
    new.get(&format!("{TOKENS}/self")).expect(200);
    server.person("joe").token("read_api").post(&format!("{TOKENS}/self/rotate"), &json!({})).expect(403);
}

#[test]
fn only_living_tokens_of_ones_own_are_rotated() {
    let server = Server::shared();
    let (jane, joe) = (server.person("jane"), server.person("joe"));
    let (hers, his, doomed) = (jane.token("api"), joe.token("api"), jane.token("read_user"));
    let rotate = |who: &Bearer<'_>, id: i64| who.post(&format!("{TOKENS}/{id}/rotate"), &json!({}));
    for id in [his.id(), 99_999_999] {
        assert_eq!(rotate(&hers, id).expect(401).json(), message("401 Unauthorized"));
    }
    let root = server.root().token("api");
    assert_eq!(rotate(&root, 99_999_999).expect(404).json(), message("404 Not Found"));
    let id = doomed.id();
    rotate(&root, id).expect(200);
    assert_eq!(rotate(&hers, id).expect(400).json(), message("400 Bad request - Token already revoked"));
    his.get("/api/v4/user").expect(200);
}

/// GitLab API docs, "Automatic reuse detection".
#[test]
fn using_a_rotated_token_to_rotate_again_ends_what_came_of_it() {
    let server = Server::shared();
    let jane = server.person("jane");
    let rotate = |token: &Bearer<'_>, named: &str| token.post(&format!("{TOKENS}/{named}/rotate"), &json!({}));
    let (other, first) = (jane.token("api"), jane.token("api"));
    let second = bearer(server, &rotate(&first, "self").expect(200).json());
    let third = bearer(server, &rotate(&second, "self").expect(200).json());

    // Elsewhere, an old text opens nothing and ends nothing.
    first.get("/api/v4/user").expect(401);
    first.post(TOKENS, &json!({})).expect(405);
    third.get("/api/v4/user").expect(200);

    let refused = rotate(&first, "self").expect(401).json();
    assert_eq!(refused["error_description"], "Token was revoked. You have to re-authorize from the user.");
    third.get("/api/v4/user").expect(401);
    other.get("/api/v4/user").expect(200);
}
