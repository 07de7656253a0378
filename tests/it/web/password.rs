//! Setting a password with a one-time link.

use super::{Browser, TOKENS};
use crate::harness::{Answer, Server, Visitor as _, secrets};

/// Somebody who has no password yet: the name, and the link that sets one, as a path on the server.
fn newcomer(server: &Server, name: &str) -> (String, String) {
    let name = format!("{name}-{}", std::process::id());
    let email = format!("{name}@example.com");
    let made = server.jeton(&["user", "create", &name, "--email", &email]);
    let printed = format!("{}{}", made.stdout, made.stderr);
    let at = printed.find("/users/password/edit?").unwrap_or_else(|| panic!("no link in {printed}"));
    let path = printed[at..].split_whitespace().next().unwrap().to_owned();
    secrets::remember(path.rsplit_once('=').unwrap().1);
    (name, path)
}

fn set(browser: &mut Browser<'_>, link: &str, password: &str, confirmation: &str) -> Answer {
    let secret = link.rsplit_once('=').unwrap().1;
    let fields = [
        ("user[reset_password_token]", secret),
        ("user[password]", password),
        ("user[password_confirmation]", confirmation),
    ];
    browser.submit(link, "/users/password", &fields)
}

#[test]
fn a_link_sets_the_password_once() {
    let server = Server::shared();
    let (name, link) = newcomer(server, "petra");
    let password = secrets::new_password();

    let mut browser = Browser::new(server);
    let page = browser.open(&link).expect(200);
    assert!(page.text().contains(&format!("@{name}")), "{page}");
    assert_eq!(page.header("referrer-policy"), "same-origin", "the link's secret stays here");
    let done = set(&mut browser, &link, &password, &password).expect(303);
    assert!(browser.follow(&done).text().contains("Your password is set."));
    browser.sign_in(&name, &password).expect(303);
    browser.open(TOKENS).expect(200);

    let used = Browser::new(server).open(&link).expect(404);
    assert!(used.text().contains("This link does not work any more"), "{used}");
}

#[test]
fn a_password_must_be_long_enough_and_typed_twice() {
    let server = Server::shared();
    let (name, link) = newcomer(server, "paula");
    let mut browser = Browser::new(server);
    for (password, confirmation, problem) in [
        ("", "", "Password can't be blank"),
        ("seven77", "seven77", "Password is too short (minimum is 8 characters)"),
        (&*"x".repeat(129), &*"x".repeat(129), "Password is too long (maximum is 128 characters)"),
        ("long enough", "long Enough", "Password confirmation doesn't match Password"),
    ] {
        let page = set(&mut browser, &link, password, confirmation).expect(422);
        assert!(page.text().replace("&#39;", "'").contains(problem), "{problem} in {page}");
        browser.sign_in(&name, password).expect(422);
    }
    browser.open(&link).expect(200);
}

#[test]
fn a_made_up_link_is_none() {
    let mut browser = Browser::new(Server::shared());
    for query in ["", "?reset_password_token=", "?reset_password_token=made-up", "?reset_password_token=%00"] {
        let status = browser.open(&format!("/users/password/edit{query}")).status;
        assert_eq!(status, if query.contains("%00") { 400 } else { 404 }, "{query}");
    }
}

#[test]
fn a_password_that_an_administrator_chose_is_replaced_on_the_way_in() {
    let server = Server::shared();
    let (root, jane) = (server.root().token("api"), server.person("jane"));
    let token = jane.token("read_user");
    let id = token.user_id();
    let (chosen, own) = (secrets::new_password(), secrets::new_password());
    root.put(&format!("/api/v4/users/{id}"), &serde_json::json!({ "password": chosen })).expect(200);
    token.get("/api/v4/user").expect(403);

    let mut browser = Browser::new(server);
    let led = browser.sign_in(&jane.username, &chosen).expect(303);
    let link = led.header("location").to_owned();
    secrets::remember(link.rsplit_once('=').unwrap().1);
    browser.open(TOKENS).expect(302);
    set(&mut browser, &link, &own, &own).expect(303);
    browser.sign_in(&jane.username, &chosen).expect(422);
    browser.sign_in(&jane.username, &own).expect(303);
    browser.open(TOKENS).expect(200);
    token.get("/api/v4/user").expect(200);
}
