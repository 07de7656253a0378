//! What thieves try with a token to get a better one.

use serde_json::{Value, json};

use crate::harness::{Bearer, Person, Server, Visitor};

const MINE: &str = "/api/v4/user/personal_access_tokens";
const TOKENS: &str = "/api/v4/personal_access_tokens";
/// As a thief wants it.
const BEST: &[&str] = &["api", "sudo"];

fn of_user(id: i64, kind: &str) -> String {
    format!("/api/v4/users/{id}/{kind}")
}

fn wanted(scopes: &[&str]) -> Value {
    json!({ "name": "mine now", "scopes": scopes })
}

fn rotate(who: &impl Visitor, id: &Value, body: &Value) -> crate::harness::Answer {
    who.post(&format!("{TOKENS}/{id}/rotate"), body)
}

/// A token of Jane's with that end, made with the command line.
fn ending<'s>(server: &'s Server, person: &Person<'_>, scopes: &str, end: &str) -> Bearer<'s> {
    let made = server.jeton(&[
        "token",
        "create",
        "--user",
        &person.username,
        "--name",
        "short",
        "--scopes",
        scopes,
        "--expires-at",
        end,
    ]);
    Bearer::new(server, made.expect_ok().trim_end())
}

/// A script's token of scope `api` was stolen from an administrator. The thief wants to act as everybody.
#[test]
fn no_token_makes_one_that_acts_as_everybody_unless_it_does_so_itself() {
    let server = Server::shared();
    let (root, other) = (server.root(), server.administrator("ada"));
    let stolen = root.token("api");
    let victims = [stolen.user_id(), other.token("api").user_id()];
    for id in victims {
        for kind in ["personal_access_tokens", "impersonation_tokens"] {
            let answer = stolen.post(&of_user(id, kind), &wanted(BEST));
            assert_eq!(answer.status, 400, "{kind}: {answer}");
            assert!(answer.text().contains("scopes"), "{answer}");
        }
    }
    assert_eq!(stolen.post(MINE, &wanted(BEST)).status, 400);

    // Nor does it take the place of such a token: an own one, or another administrator's.
    for strong in [root.token("api,sudo"), other.token("api,sudo")] {
        let id = json!(strong.id());
        let refused = rotate(&stolen, &id, &json!({})).expect(403).json();
        assert_eq!((&refused["error"], &refused["scope"]), (&json!("insufficient_scope"), &json!("sudo")));
        strong.get("/api/v4/user").expect(200);
        // What holds it may.
        let equal = root.token("api,sudo");
        rotate(&equal, &id, &json!({})).expect(200);
        strong.get("/api/v4/user").expect(401);
    }
    let equal = root.token("api,sudo");
    for id in victims {
        equal.post(&of_user(id, "personal_access_tokens"), &wanted(BEST)).expect(201);
        equal.post(&of_user(id, "impersonation_tokens"), &wanted(BEST)).expect(201);
    }
    // And so may the person, who proved just now who they are.
    root.session().post(&of_user(victims[0], "personal_access_tokens"), &wanted(BEST)).expect(201);
}

/// A token that may act as everybody, and nothing else, makes its own user no token for everything.
#[test]
fn acting_as_somebody_is_no_way_around() {
    let server = Server::shared();
    let (root, other) = (server.root(), server.administrator("ada"));
    let sudo = root.token("sudo");
    let id = root.token("api").user_id();
    let as_other = format!("{}?sudo={}", of_user(id, "personal_access_tokens"), other.username);
    assert_eq!(sudo.post(&as_other, &wanted(&["api"])).status, 400);
    sudo.post(&as_other, &wanted(&["sudo"])).expect(201);
    assert_eq!(sudo.post(&format!("{MINE}?sudo={}", other.username), &wanted(&["api"])).status, 400);
}

/// An administrator lent somebody else's account for an afternoon. What was made with it must end with it.
#[test]
fn an_impersonation_token_leaves_nothing_behind() {
    let server = Server::shared();
    let ada = server.administrator("ada").token("api").user_id();
    let lent = server.root().token("api").post(&of_user(ada, "impersonation_tokens"), &wanted(&["api"]));
    let lent = Bearer::new(server, lent.expect(201).json()["token"].as_str().unwrap());
    let jane = server.person("jane").token("api").user_id();
    for id in [ada, jane] {
        let answer = lent.post(&of_user(id, "personal_access_tokens"), &wanted(&["api"])).expect(403);
        assert!(answer.text().contains("Impersonation tokens make no personal access tokens"), "{answer}");
    }
}

/// A token that ends soon was stolen. The thief wants to come back later.
#[test]
fn what_a_token_makes_ends_with_it() {
    let server = Server::shared();
    let jane = server.person("jane");
    let short = ending(server, &jane, "api", "2099-01-31");
    let made = short.post(MINE, &wanted(&["api"])).expect(201).json();
    assert_eq!(made["expires_at"], "2099-01-31", "the end that nobody named");
    let mut later = wanted(&["api"]);
    later["expires_at"] = json!("2099-02-01");
    let refused = short.post(MINE, &later).expect(422).json();
    assert_eq!(refused["message"], "Expiration date must be before 2099-01-31");
    later["expires_at"] = json!("2099-01-31");
    short.post(MINE, &later).expect(201);

    // Another token of the same user gets no longer life from it than either has.
    let other = ending(server, &jane, "read_api", "2098-01-31");
    let (id, late) = (json!(other.id()), json!({ "expires_at": "2099-02-01" }));
    let refused = rotate(&short, &id, &late).expect(400).json();
    assert_eq!(refused["message"], "400 Bad request - Expiration date must be before 2099-01-31");
    assert_eq!(rotate(&short, &id, &json!({})).expect(200).json()["expires_at"], "2099-01-31");
    // Itself it replaces as scripts of GitLab's do.
    let new = short.post(&format!("{TOKENS}/self/rotate"), &json!({ "expires_at": "2099-12-31" })).expect(200).json();
    assert_eq!(new["expires_at"], "2099-12-31");
}

/// A token of few powers is used to get a new secret for one that has more.
#[test]
fn a_weak_token_does_not_take_the_place_of_a_strong_one() {
    let server = Server::shared();
    let jane = server.person("jane");
    let (api, registry) = (jane.token("api"), jane.token("write_registry"));
    rotate(&jane.token("self_rotate"), &json!(api.id()), &json!({})).expect(403);
    rotate(&jane.token("read_api"), &json!(registry.id()), &json!({})).expect(403);
    api.get("/api/v4/user").expect(200);
    // `api` holds all that `write_registry` does.
    rotate(&api, &json!(registry.id()), &json!({})).expect(200);
}
