//! Passwords are guessed, and people are to be kept out by guessing.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::Method;

use crate::harness::{Answer, Git, Server, Visitor as _, between, pause, secrets};

const SIGN_IN: &str = "/users/sign_in";
const TOKENS: &str = "/-/user_settings/personal_access_tokens";

/// A server that believes this machine about where requests come from, so that a test can come from anywhere.
pub(super) fn server() -> Server {
    Server::start(&[("JETON_TRUSTED_PROXIES", "127.0.0.1")])
}

/// A browser somewhere in the world.
pub(super) struct Browser<'s> {
    server: &'s Server,
    address: String,
    cookies: BTreeMap<String, String>,
}

impl<'s> Browser<'s> {
    pub(super) fn at(server: &'s Server, address: &str) -> Self {
        Self { server, address: address.to_owned(), cookies: BTreeMap::new() }
    }

    pub(super) fn send(&mut self, method: Method, path: &str, fields: &[(&str, &str)]) -> Answer {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.server.anonymous().request(method, path).header("X-Forwarded-For", &self.address);
        let request = request.header("Cookie", &pairs.join("; "));
        let answer = if fields.is_empty() { request.send() } else { request.form(fields).send() };
        for line in answer.headers.get_all("set-cookie") {
            let (name, value) = line.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                if value.len() >= 40 {
                    value.split('.').for_each(secrets::remember);
                }
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    pub(super) fn sign_in(&mut self, login: &str, password: &str) -> Answer {
        let form = self.send(Method::GET, SIGN_IN, &[]);
        let proof = between(form.text(), "name=\"authenticity_token\" value=\"", "\"").unwrap().to_owned();
        let fields = [("authenticity_token", &*proof), ("user[login]", login), ("user[password]", password)];
        self.send(Method::POST, SIGN_IN, &fields)
    }
}

/// Asks for a repository of somebody else's over Git, from an address.
pub(super) fn fetch(server: &Server, address: &str, user: &str, password: &str) -> Answer {
    let credential = BASE64_STANDARD.encode(format!("{user}:{password}"));
    let request = server.anonymous().request(Method::GET, "/root/secret.git/info/refs?service=git-upload-pack");
    request.header("X-Forwarded-For", address).header("Authorization", &format!("Basic {credential}")).send()
}

/// Guesses from ever new addresses until the account's strangers are told to wait.
fn guess_until_held(server: &Server, user: &str) {
    for number in 0..40 {
        if Browser::at(server, &format!("198.51.100.{number}")).sign_in(user, "not-the-password").status == 429 {
            return;
        }
    }
    panic!("nobody was told to wait");
}

/// Mallory cannot guess Jane's password, but means to keep Jane out by guessing: some systems lock an account after so
/// many wrong passwords. Here, where Jane signed in before, she goes on signing in.
#[test]
fn nobody_is_kept_out_by_strangers() {
    let server = server();
    let jane = server.person("jane");
    let mut home = Browser::at(&server, "192.0.2.1");
    home.sign_in(&jane.username, &jane.password).expect(303);
    guess_until_held(&server, &jane.username);

    let held = Browser::at(&server, "203.0.113.1").sign_in(&jane.username, &jane.password).expect(429);
    let seconds: i64 = held.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{held}");
    assert!(held.text().contains("Too many attempts were wrong. Try again in "), "{held}");
    // From home, in a browser that was never there; and on a journey, in the browser from home.
    Browser::at(&server, "192.0.2.1").sign_in(&jane.username, &jane.password).expect(303);
    home.address = "203.0.113.1".to_owned();
    home.cookies.remove("jeton_session");
    home.sign_in(&jane.username, &jane.password).expect(303);
    home.send(Method::GET, TOKENS, &[]).expect(200);
    // Git from home, too; and tokens from everywhere.
    assert_ne!(fetch(&server, "192.0.2.1", &jane.username, &jane.password).status, 429);
    let token = jane.token("api");
    assert_eq!(fetch(&server, "203.0.113.2", &jane.username, &token.token).status, 404);
    server.anonymous().request(Method::GET, "/api/v4/user").header("PRIVATE-TOKEN", &token.token).send().expect(200);
}

/// Somebody has travelled without their browser while strangers guess: the way in is a link that sets the password.
#[test]
fn a_one_time_link_lets_in_who_is_told_to_wait() {
    let server = server();
    let made = server.jeton(&["user", "create", "jill", "--email", "jill@example.com"]).expect_ok();
    let link = made.split("reset_password_token=").nth(1).unwrap().trim().to_owned();
    secrets::remember(&link);
    guess_until_held(&server, "jill");
    let mut browser = Browser::at(&server, "203.0.113.7");
    let form = browser.send(Method::GET, &format!("/users/password/edit?reset_password_token={link}"), &[]).expect(200);
    let proof = between(form.text(), "name=\"authenticity_token\" value=\"", "\"").unwrap().to_owned();
    let password = secrets::new_password();
    let fields = [
        ("authenticity_token", &*proof),
        ("user[reset_password_token]", &link),
        ("user[password]", &password),
        ("user[password_confirmation]", &password),
    ];
    browser.send(Method::POST, "/users/password", &fields).expect(303);
    browser.sign_in("jill", &password).expect(303);
}

/// The sign-in page is throttled, so the guesses come over Git.
#[test]
fn guessing_over_git_is_throttled_with_the_page() {
    let server = server();
    let jane = server.person("jane");
    let mut told = Vec::new();
    for number in 0..12 {
        told.push(fetch(&server, &format!("198.51.100.{number}"), &jane.username, "not-the-password"));
    }
    assert_eq!(told.iter().filter(|answer| answer.status == 401).count(), 11);
    let held = told.pop().unwrap().expect(429);
    assert!(held.text().starts_with("HTTP Basic: Access denied. Too many failed authentication attempts."), "{held}");
    assert!(held.text().contains("personal access token") && held.text().contains(TOKENS), "{held}");
    assert!(!held.header("retry-after").is_empty(), "{held}");
    assert_eq!(held.header("www-authenticate"), "", "another password would not help");
    // What was guessed over Git counts on the page, and the git client shows why.
    Browser::at(&server, "203.0.113.1").sign_in(&jane.username, "not-the-password").expect(429);
    let url = server.url_as(&jane.username, "not-the-password", "/root/secret.git");
    let shown = Git::new().run(".", &["ls-remote", &url]).expect_failed();
    assert!(shown.contains("Too many failed authentication attempts"), "{shown}");
}

/// One password is tried at many accounts, each of which sees but a single guess.
#[test]
fn one_network_cannot_try_many_accounts() {
    let server = server();
    let jane = server.person("jane");
    Browser::at(&server, "2001:db8:7::1").sign_in(&jane.username, &jane.password).expect(303);
    let mut held = 0;
    for number in 0..33 {
        // A provider gives a customer 2^64 addresses.
        let address = format!("2001:db8:7::{number:x}:1");
        held += usize::from(fetch(&server, &address, &format!("user{number}"), "not-the-password").status == 429);
    }
    assert!(held > 0, "nobody was told to wait");
    assert_eq!(fetch(&server, "2001:db8:8::1", "user0", "not-the-password").status, 401, "the neighbours are not");
    Browser::at(&server, "2001:db8:7::2").sign_in(&jane.username, &jane.password).expect(303);
}

/// A pipeline goes on using a token after it was revoked: that must lock out neither its owner nor the office that
/// they share an address with.
#[test]
fn dead_tokens_count_towards_nothing() {
    let server = server();
    let jane = server.person("jane");
    let token = jane.token("api");
    token.delete("/api/v4/personal_access_tokens/self").expect(204);
    for _ in 0..40 {
        let refused = fetch(&server, "192.0.2.1", &jane.username, &token.token).expect(401);
        assert!(refused.text().contains("was revoked"), "{refused}");
    }
    assert_eq!(fetch(&server, "192.0.2.1", "somebody", "not-the-password").status, 401);
    Browser::at(&server, "192.0.2.1").sign_in(&jane.username, &jane.password).expect(303);
}

/// Names are found out by how soon they are told to wait.
#[test]
fn a_name_that_does_not_exist_is_told_to_wait_as_others_are() {
    let server = server();
    let jane = server.person("jane");
    let told = |login: &str| {
        let statuses: Vec<u16> = (0..13)
            .map(|number| {
                Browser::at(&server, &format!("198.51.100.{number}")).sign_in(login, "not-the-password").status
            })
            .collect();
        statuses
    };
    let address = format!("{}@example.com", server.person("jill").username);
    assert_eq!([told(&jane.username), told(&address)], [told("nobody"), told("nobody@example.com")]);
}

/// Mallory goes on with jane's address when her name is held: that would be a second allowance for the same password.
#[test]
fn an_account_has_one_allowance_for_all_its_names() {
    let server = server();
    let jane = server.person("jane");
    guess_until_held(&server, &jane.username);
    let mut elsewhere = Browser::at(&server, "203.0.113.4");
    elsewhere.sign_in(&format!("{}@Example.com ", jane.username), "not-the-password").expect(429);
    assert_eq!(fetch(&server, "203.0.113.5", &format!("{}@example.com", jane.username), "x-not-it").status, 429);
}

/// A script of jane's goes on with a token that is none any more. That is not guessing, and costs her nothing.
#[test]
fn a_dead_token_is_no_guess() {
    let server = server();
    let jane = server.person("jane");
    for token in ["glpat-abcdefghijklmnopqrst", "jeton_deadbeef0", "jeton_"] {
        for _ in 0..12 {
            fetch(&server, "203.0.113.9", &jane.username, token).expect(401);
        }
    }
    Browser::at(&server, "203.0.113.9").sign_in(&jane.username, &jane.password).expect(303);
}

/// Whenever something is revoked, requests that are under way are asked again. Mallory's one guess must not become two by
/// that, nor jane's right password a wrong one.
#[test]
fn a_password_that_comes_while_something_is_revoked_is_tried_once() {
    const AT_ONCE: usize = 6;
    const EACH: usize = 8;
    let server = server();
    let jane = server.person("jane");
    let owner = jane.token("api");
    let made = owner.post("/api/v4/projects", &serde_json::json!({ "name": "mine" })).expect(201);
    let path = made.json()["path_with_namespace"].as_str().unwrap().to_owned();
    let ask = |number: usize, user: &str, password: &str| {
        let credential = BASE64_STANDARD.encode(format!("{user}:{password}"));
        let refs = format!("/{path}.git/info/refs?service=git-upload-pack");
        let request = server.anonymous().request(Method::GET, &refs);
        let address = format!("198.51.{}.{}", number / EACH, number % EACH);
        request
            .header("X-Forwarded-For", &address)
            .header("Authorization", &format!("Basic {credential}"))
            .send()
            .status
    };
    let tokens: Vec<_> = (0..20).map(|_| jane.token("read_user").id()).collect();
    let (mut wrong, mut right) = (0, 0);
    std::thread::scope(|scope| {
        let guesses: Vec<_> = (0..AT_ONCE)
            .map(|thread| {
                let (ask, jane) = (&ask, &jane);
                scope.spawn(move || {
                    let numbers = thread * EACH..(thread + 1) * EACH;
                    let asked = numbers.map(|number| {
                        if number % 2 == 0 {
                            ask(number, &jane.username, &jane.password)
                        } else {
                            ask(number, &format!("guest{number}"), "not-the-password")
                        }
                    });
                    asked.collect::<Vec<u16>>()
                })
            })
            .collect();
        for token in tokens {
            owner.delete(&format!("/api/v4/personal_access_tokens/{token}")).expect(204);
            pause(Duration::from_millis(50));
        }
        for status in guesses.into_iter().flat_map(|guess| guess.join().unwrap()) {
            // More passwords at once than are checked soon are not checked at all.
            assert!([200, 401, 503].contains(&status), "{status}");
            wrong += i64::from(status == 401);
            right += i64::from(status == 200);
        }
    });
    assert!(wrong > 0 && right > 0, "{wrong} wrong and {right} right ones were looked at");
    assert_eq!(server.count("SELECT count(*) FROM audit_events WHERE action = 'session.refused'"), wrong);
    assert_eq!(server.count("SELECT coalesce(sum(failures), 0) FROM throttles WHERE kind = 'login'"), wrong);
}
