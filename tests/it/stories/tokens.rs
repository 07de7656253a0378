//! What people try with a token, or without a good one.

use serde_json::json;

use crate::harness::{Bearer, Server, Visitor as _};

const MINE: &str = "/api/v4/user/personal_access_tokens";
const TOKENS: &str = "/api/v4/personal_access_tokens";

/// A token for reading was stolen. The thief uses it to make a stronger one that nobody will miss.
#[test]
fn a_stolen_token_makes_no_stronger_one() {
    let server = Server::shared();
    let jane = server.person("jane");
    let reads = jane.token("read_api,read_user");
    for scopes in [json!(["api"]), json!(["read_user"]), json!(["self_rotate"])] {
        let answer = reads.post(MINE, &json!({ "name": "mine now", "scopes": scopes }));
        assert_eq!(answer.status, 403, "{scopes}: {answer}");
    }
    // A token that may change things makes tokens, but none that can do what itself cannot.
    let writes = jane.token("api");
    for scopes in [json!(["sudo"]), json!(["api", "sudo"]), json!(["admin_mode"]), json!(["api", "nonsense"])] {
        let answer = writes.post(MINE, &json!({ "name": "mine now", "scopes": scopes }));
        assert!(matches!(answer.status, 400 | 422), "{scopes}: {answer}");
    }
    // Nor does it make one for somebody else.
    let root = server.root().token("api").user_id();
    let answer = writes
        .post(&format!("/api/v4/users/{root}/personal_access_tokens"), &json!({ "name": "x", "scopes": ["api"] }));
    assert_eq!(answer.status, 403, "{answer}");
    let listed = writes.get(&format!("{TOKENS}?search=mine")).expect(200).json();
    assert_eq!(listed, json!([]), "nothing was made");
}

/// An administrator's token of scope `api` was stolen. The thief adds `sudo` to have every account.
#[test]
fn an_administrators_token_acts_as_nobody_without_the_scope() {
    let server = Server::shared();
    let jane = server.person("jane");
    let root = server.root();
    let plain = root.token("api").get(&format!("/api/v4/user?sudo={}", jane.username));
    assert_eq!(plain.status, 403, "{plain}");
    assert_eq!(plain.json()["scope"], "sudo");
    let name = |answer: &crate::harness::Answer| answer.json()["username"].clone();
    let sudo = root.token("sudo").get(&format!("/api/v4/user?sudo={}", jane.username)).expect(200);
    assert_eq!(name(&sudo), *jane.username);
    let jane_as_root = jane.token("api").get("/api/v4/user?sudo=root");
    assert_eq!(jane_as_root.status, 403, "{jane_as_root}");
}

/// Token numbers follow each other, so somebody reads and revokes the neighbours of an own one.
#[test]
fn neighbours_tokens_are_neither_read_nor_revoked() {
    let server = Server::shared();
    let (jane, bob) = (server.person("jane").token("api"), server.person("bob").token("api"));
    let (theirs, missing) = (format!("{TOKENS}/{}", bob.id()), format!("{TOKENS}/99999999"));
    let (read_theirs, read_missing) = (jane.get(&theirs), jane.get(&missing));
    assert_eq!(read_theirs.status, 401, "{read_theirs}");
    assert_eq!((read_theirs.status, read_theirs.text()), (read_missing.status, read_missing.text()));
    assert!(matches!(jane.delete(&theirs).status, 400 | 401 | 404));
    assert_eq!(jane.get(&format!("{TOKENS}?user_id={}", bob.user_id())).status, 401);
    bob.get("/api/v4/user").expect(200);
}

/// A token was revoked, but the program that holds it asks for public things, which everybody may read.
#[test]
fn a_bad_token_is_refused_where_none_is_needed() {
    let server = Server::shared();
    let jane = server.person("jane");
    let owner = jane.token("api");
    let project = owner.post("/api/v4/projects", &json!({ "name": "open", "visibility": "public" })).expect(201).json();
    let path = format!("/api/v4/projects/{}", project["id"]);
    server.anonymous().get(&path).expect(200);
    let revoked = jane.token("api");
    owner.delete(&format!("{TOKENS}/{}", revoked.id())).expect(204);
    let mut mistyped = owner.token.clone();
    mistyped.replace_range(10..11, if mistyped.as_bytes()[10] == b'x' { "y" } else { "x" });
    for bad in [&*revoked.token, &*mistyped, "jeton_", "glpat-xxxxxxxxxxxxxxxxxxxx", "Robert'); DROP TABLE users;--"] {
        let answer = Bearer::new(server, bad).get(&path);
        assert_eq!(answer.status, 401, "{answer}");
    }
}

/// A job keeps asking with a token that ended long ago. Its owner's colleagues and password must not suffer.
#[test]
fn a_dead_token_asked_with_all_night_hurts_nobody() {
    let server = Server::shared();
    let jane = server.person("jane");
    let owner = jane.token("api");
    let body = json!({ "name": "old", "scopes": ["api"], "expires_at": "2020-01-01" });
    let path = format!("/api/v4/users/{}/personal_access_tokens", owner.user_id());
    let made = server.root().token("api").post(&path, &body).expect(201).json();
    let dead = Bearer::new(server, made["token"].as_str().unwrap());
    for _ in 0..300 {
        assert_eq!(dead.get("/api/v4/user").expect(401).json()["error"], "invalid_token");
    }
    owner.get("/api/v4/user").expect(200);
    jane.session().get("/").expect(200);
}

/// Somebody made a token in a corner that no list shows, and keeps it after everything else was revoked.
#[test]
fn whatever_authenticates_is_listed() {
    let server = Server::shared();
    let jane = server.person("jane");
    let by_command_line = jane.token("api");
    let by_api = by_command_line.post(MINE, &json!({ "name": "by api", "scopes": ["api"] })).expect(201).json();
    let browser = jane.session();
    let form = [
        ("authenticity_token", &*browser.csrf),
        ("personal_access_token[name]", "by page"),
        ("personal_access_token[scopes][]", "read_api"),
    ];
    let page = browser.post_form("/-/user_settings/personal_access_tokens", &form);
    assert!(matches!(page.status, 200 | 302 | 303), "{page}");
    let administrator = server.root().token("api");
    let path = format!("/api/v4/users/{}/personal_access_tokens", by_command_line.user_id());
    let by_administrator =
        administrator.post(&path, &json!({ "name": "by root", "scopes": ["api"] })).expect(201).json();
    let listed = by_command_line.get(&format!("{TOKENS}?state=active")).expect(200).json();
    let listed: Vec<&str> = listed.as_array().unwrap().iter().map(|token| token["name"].as_str().unwrap()).collect();
    assert_eq!(listed, ["test", "by api", "by page", "by root"]);
    for made in [by_api, by_administrator] {
        Bearer::new(server, made["token"].as_str().unwrap()).get("/api/v4/user").expect(200);
    }
}
