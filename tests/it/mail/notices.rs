//! Which changes are told of, and how.

use serde_json::json;

use crate::harness::{Server, Visitor as _};

#[test]
fn the_owner_of_a_token_is_told_what_happens_to_it() {
    let server = Server::shared();
    let jane = server.person("jane");
    let address = format!("{}@example.com", jane.username);
    let token = jane.token("api");
    let root = server.root().token("api");
    let user = token.user_id();

    let made = token.post("/api/v4/user/personal_access_tokens", &json!({ "name": "deploy", "scopes": ["api"] }));
    let made = made.expect(201).json();
    let created = server.wait_for_mail(&address, "A new personal access token has been created", 2);
    let handle = server.query(&format!(
        "SELECT handle FROM token_families f JOIN token_generations g ON g.family_id = f.id WHERE g.id = {}",
        made["id"]
    ));
    for part in [&format!("Handle:  {}", handle[0]), "Token:   deploy", "Network: 127.0.0.1", "UTC", "with a token"] {
        assert!(created.body.contains(part), "{part} in {}", created.body);
    }
    assert!(!created.body.contains(made["token"].as_str().unwrap()) && !created.body.contains("://"));

    let rotated = root.post(&format!("/api/v4/personal_access_tokens/{}/rotate", made["id"]), &json!({}));
    let rotated = rotated.expect(200).json();
    let told = server.wait_for_mail(&address, "Your personal access token has been rotated", 1);
    assert!(told.body.contains("an administrator") && told.body.contains(&handle[0]), "{}", told.body);
    root.delete(&format!("/api/v4/personal_access_tokens/{}", rotated["id"])).expect(204);
    let told = server.wait_for_mail(&address, "Your personal access token has been revoked", 1);
    assert!(told.body.contains(&handle[0]), "{}", told.body);
    root.delete(&format!("/api/v4/personal_access_tokens/{}", rotated["id"])).expect(204);

    // An administrator makes one for her; then her account is closed, and she is told no more.
    let body = json!({ "name": "for jane", "scopes": ["api"] });
    let other = root.post(&format!("/api/v4/users/{user}/personal_access_tokens"), &body).expect(201).json();
    let told = server.wait_for_mail(&address, "A new personal access token has been created", 3);
    assert!(told.body.contains("an administrator") && told.body.contains("for jane"), "{}", told.body);
    // What acts for her without being hers is no news to her.
    let body = json!({ "name": "not hers", "scopes": ["api"] });
    root.post(&format!("/api/v4/users/{user}/impersonation_tokens"), &body).expect(201);
    server.jeton(&["user", "block", &jane.username]).expect_ok();
    root.delete(&format!("/api/v4/personal_access_tokens/{}", other["id"])).expect(204);
    assert_eq!(server.count(&format!("SELECT count(*) FROM mails WHERE recipient = '{address}'")), 0);
    assert_eq!(server.mails_to(&address).len(), 5);
}

#[test]
fn a_secret_that_is_used_again_after_its_rotation_is_told_of() {
    let server = Server::shared();
    let jane = server.person("jane");
    let address = format!("{}@example.com", jane.username);
    let token = jane.token("api");
    token.post("/api/v4/personal_access_tokens/self/rotate", &json!({})).expect(200);
    token.post("/api/v4/personal_access_tokens/self/rotate", &json!({})).expect(401);
    let told = server.wait_for_mail(&address, "Your personal access token has been revoked", 1);
    assert!(told.body.contains("was used again") && told.body.contains("whoever used"), "{}", told.body);
}

#[test]
fn a_sign_in_with_another_browser_is_told_of() {
    let server = Server::shared();
    let jane = server.person("jane");
    let address = format!("{}@example.com", jane.username);
    jane.session();
    jane.session();
    // The harness's browser calls itself nothing; this one does.
    let form = server.anonymous().get("/users/sign_in").expect(200);
    let csrf = crate::harness::between(form.text(), "<meta name=\"csrf-token\" content=\"", "\"").unwrap().to_owned();
    let cookie = form.header("set-cookie").split(';').next().unwrap().to_owned();
    let fields =
        [("authenticity_token", &*csrf), ("user[login]", &*jane.username), ("user[password]", &*jane.password)];
    let request = server.anonymous().request(reqwest::Method::POST, "/users/sign_in");
    let done = request
        .header("Cookie", &cookie)
        .header("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0")
        .form(&fields)
        .send();
    done.expect(303);
    let told = server.wait_for_mail(&address, "New sign-in to your account", 1);
    assert!(told.body.contains("Client:  Firefox on Linux"), "{}", told.body);
    assert!(told.body.contains("    /users/password/new\n"), "{}", told.body);
    assert_eq!(server.mails_to(&address).len(), 1, "the first sign-in, and one like it, are no news");
}

#[test]
fn a_password_that_an_administrator_sets_is_told_of() {
    let server = Server::shared();
    let jane = server.person("jane");
    let arguments = ["user", "reset-password", &jane.username, "--password-stdin"];
    server.jeton_with_input(&arguments, &crate::harness::secrets::new_password()).expect_ok();
    let address = format!("{}@example.com", jane.username);
    let told = server.wait_for_mail(&address, "Your password has been reset by an administrator", 1);
    assert!(told.body.contains("command line"), "{}", told.body);
}
