//! Asking for a link that sets another password, and using it.

use super::{Browser, SIGN_IN, TOKENS};
use crate::harness::{Answer, Server, Visitor as _, secrets};

const NEW: &str = "/users/password/new";
const SUBJECT: &str = "Reset password instructions";

/// Sets a password with that link; `more` are further fields.
fn set(browser: &mut Browser<'_>, link: &str, password: &str, more: &[(&str, &str)]) -> Answer {
    let mut fields = vec![
        ("user[reset_password_token]", link.rsplit_once('=').unwrap().1),
        ("user[password]", password),
        ("user[password_confirmation]", password),
    ];
    fields.extend(more);
    browser.submit(link, "/users/password", &fields)
}

#[test]
fn a_mailed_link_sets_the_password_and_ends_sessions() {
    let server = Server::shared();
    let jane = server.person("frida");
    let address = format!("{}@example.com", jane.username);
    let (session, token) = (jane.session(), jane.token("api"));
    let mut browser = Browser::new(server);
    assert!(browser.open(SIGN_IN).text().contains(&format!("href=\"{NEW}\"")));

    let done = browser.submit(NEW, NEW, &[("user[email]", &address.to_uppercase())]).expect(303);
    assert!(browser.follow(&done).text().contains("If your email address exists in our database"));
    let mail = server.wait_for_mail(&address, SUBJECT, 1);
    assert!(mail.body.starts_with("Hi frida"), "{}", mail.body);
    assert_eq!(mail.body.matches("://").count(), 1, "one link: {}", mail.body);
    let (link, _) = mail.link("/users/password/edit?reset_password_token=");

    assert!(browser.open(&link).expect(200).text().contains("Revoke all personal access tokens too"));
    let password = secrets::new_password();
    set(&mut browser, &link, &password, &[]).expect(303);
    browser.sign_in(&jane.username, &password).expect(303);
    assert_ne!(session.get(TOKENS).status, 200, "sessions of before have ended");
    token.get("/api/v4/user").expect(200);
    let told = server.wait_for_mail(&address, "Your password has been changed", 1);
    assert!(told.body.contains("whoever had the link") && told.body.contains("go on working"), "{}", told.body);
    browser.open(&link).expect(404);
}

#[test]
fn who_fears_a_thief_ends_the_tokens_too() {
    let server = Server::shared();
    let jane = server.person("franz");
    let address = format!("{}@example.com", jane.username);
    let token = jane.token("api");
    let mut browser = Browser::new(server);
    browser.submit(NEW, NEW, &[("user[email]", &jane.username)]).expect(303);
    let (link, _) = server.wait_for_mail(&address, SUBJECT, 1).link("/users/password/edit?");
    let again = set(&mut browser, &link, "short", &[("user[revoke_tokens]", "1")]).expect(422);
    assert!(again.text().contains("type=\"checkbox\" checked"), "what was ticked stays: {again}");
    token.get("/api/v4/user").expect(200);
    set(&mut browser, &link, &secrets::new_password(), &[("user[revoke_tokens]", "1")]).expect(303);
    token.get("/api/v4/user").expect(401);
    let told = server.wait_for_mail(&address, "Your password has been changed", 1);
    assert!(told.body.contains("tokens were") && told.body.contains("revoked"), "{}", told.body);
}

#[test]
fn nobody_learns_whether_there_is_such_an_account() {
    let server = Server::shared();
    let jane = server.person("fanny");
    let blocked = server.person("falk");
    server.jeton(&["user", "block", &blocked.username]).expect_ok();
    let ask = |login: &str| {
        let mut browser = Browser::new(server);
        let done = browser.submit(NEW, NEW, &[("user[email]", login)]).expect(303);
        browser.follow(&done).text().replace(&super::csrf(&browser.open(SIGN_IN)), "CSRF")
    };
    let known = ask(&jane.username);
    for login in ["nobody-of-that-name", &blocked.username, "a@b\r\nBcc: x@y", "%"] {
        assert_eq!(ask(login), known, "{login}");
    }
    server.wait_for_mail(&format!("{}@example.com", jane.username), SUBJECT, 1);
    assert!(server.mails_to(&format!("{}@example.com", blocked.username)).is_empty());
    Browser::new(server).submit(NEW, NEW, &[("user[email]", " ")]).expect(422);
}
