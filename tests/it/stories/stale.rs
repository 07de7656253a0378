//! Mallory sits down at a computer at which somebody signed in this morning.

use reqwest::Method;
use serde_json::json;

use crate::harness::{Answer, Server, SignedIn, Visitor as _};

/// An hour ago, the people in all sessions proved who they are; not since.
fn an_hour_passes(server: &Server) {
    server.query("UPDATE sessions SET proven_at = proven_at - 3600000000");
}

#[track_caller]
fn expect_question(answer: Answer) {
    let answer = answer.expect(403);
    assert!(
        answer.text().contains("Prove once more who you are") || answer.text().contains("Confirm that it is you"),
        "{answer}"
    );
}

/// With an administrator's session he changes nothing: neither over the API, nor on the pages.
#[test]
fn an_old_session_of_an_administrator_changes_nobody() {
    let server = Server::start(&[]);
    let victim = server.person("vic");
    let root = server.root().session();
    an_hour_passes(&server);
    let users = "/api/v4/users";
    let number = victim.token("read_user").get("/api/v4/user").json()["id"].as_i64().unwrap();
    let one = format!("{users}/{number}");
    let with = |method: Method, path: &str, body: serde_json::Value| root.request(method, path).json(&body).send();
    expect_question(with(Method::PUT, &one, json!({ "admin": true })));
    expect_question(with(Method::PUT, &one, json!({ "password": "of mallory's choice 7!" })));
    let new = json!({ "username": "mal", "name": "Mal", "email": "mal@example.com", "force_random_password": true });
    expect_question(with(Method::POST, users, new));
    expect_question(with(Method::POST, &format!("{one}/block"), json!({})));
    expect_question(with(Method::POST, &format!("{one}/emails"), json!({ "email": "mal@example.com" })));
    let settings = json!({ "require_two_factor_authentication": false });
    expect_question(with(Method::PUT, "/api/v4/application/settings", settings));
    let page = format!("/admin/users/{number}");
    let form = [("authenticity_token", &*root.csrf), ("step", "block")];
    expect_question(root.request(Method::POST, &format!("{page}/step")).form(&form).send());
    expect_question(root.request(Method::POST, &page).form(&form).send());
    root.get(&page).expect(200);
    // A token is presented anew each time.
    let token = server.root().token("api");
    token.request(Method::PUT, &one).json(&json!({ "note": "well" })).send().expect(200);
}

/// Nor does he become the owner of the account with a session of hers.
#[test]
fn an_old_session_changes_neither_password_nor_addresses() {
    let server = Server::start(&[]);
    let jane = server.person("jane");
    let session: SignedIn<'_> = jane.session();
    an_hour_passes(&server);
    let new = "of mallory's choice 7!";
    let form = [
        ("authenticity_token", &*session.csrf),
        ("user[password]", &*jane.password),
        ("user[new_password]", new),
        ("user[password_confirmation]", new),
    ];
    expect_question(session.request(Method::POST, "/-/profile/password").form(&form).send());
    let email = json!({ "email": "mal@example.com" });
    expect_question(session.request(Method::POST, "/api/v4/user/emails").json(&email).send());
    jane.session();
}

/// A form of mallory's lies in wait until jane's proof is old: the page that asks her again must not take it for hers, and
/// send it on with a value of its own.
#[test]
fn the_question_sends_on_no_form_but_ours() {
    let server = Server::start(&[]);
    let jane = server.person("jane");
    let session = jane.session();
    an_hour_passes(&server);
    let tokens = "/-/user_settings/personal_access_tokens";
    let fields = [("personal_access_token[name]", "mallory's"), ("personal_access_token[scopes][]", "api")];
    let foreign = session.request(Method::POST, tokens).form(&fields).send().expect(422);
    assert!(foreign.text().contains("This form is out of date") && !foreign.text().contains("mallory"), "{foreign}");
    let ours = [("authenticity_token", &*session.csrf), fields[0], fields[1]];
    let asked = session.request(Method::POST, tokens).form(&ours).send();
    assert!(asked.text().contains("value=\"mallory&#39;s\""), "{asked}");
    expect_question(asked);
}
