//! Attacks on the second factor.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jeton_server::nature::Stopwatch;
use reqwest::Method;
use serde_json::json;

use crate::{
    git::project,
    harness::{Git, Server, Visitor as _},
    web::{Browser, FACTORS, TOKENS},
};

/// Somebody looks over jane's shoulder, sees her code and her password, and is quick: the code has done its work.
#[test]
fn the_same_code_twice() {
    let server = Server::shared();
    let jane = server.person("jane");
    let app = Browser::of(server, &jane).set_up_app(&jane.password);
    let (mut one, mut two) = (Browser::new(server), Browser::new(server));
    one.sign_in(&jane.username, &jane.password).expect(200);
    two.sign_in(&jane.username, &jane.password).expect(200);
    let code = app.next_code();
    one.second_step(&code).expect(303);
    let refused = two.second_step(&format!(" {} {}", &code[..3], &code[3..])).expect(422);
    assert!(refused.text().contains("Invalid two-factor code."), "{refused}");
}

/// Mallory has an account of his own, with an app of his own, and jane's password.
#[test]
fn the_code_of_another_user() {
    let server = Server::shared();
    let (jane, mallory) = (server.person("jane"), server.person("mallory"));
    Browser::of(server, &jane).set_up_app(&jane.password);
    let his = Browser::of(server, &mallory).set_up_app(&mallory.password);
    let mut browser = Browser::new(server);
    browser.sign_in(&jane.username, &jane.password).expect(200);
    browser.second_step(&his.next_code()).expect(422);
    browser.second_step(&his.code()).expect(422);
}

/// Mallory has jane's password and takes what the first step gave him for a session.
#[test]
fn half_a_sign_in_opens_nothing() {
    let server = Server::shared();
    let jane = server.person("jane");
    Browser::of(server, &jane).set_up_app(&jane.password);
    let mut browser = Browser::new(server);
    browser.sign_in(&jane.username, &jane.password).expect(200);
    let half = browser.cookies["jeton_half"].clone();
    browser.cookies.insert("jeton_session".to_owned(), half.clone());
    for path in ["/", TOKENS, FACTORS, "/users/confirm"] {
        assert_eq!(browser.open(path).header("location"), "/users/sign_in", "{path}");
    }
    assert_eq!(browser.open("/api/v4/user").status, 401);

    // Nor does the cookie of a session do for half a sign-in.
    let mut session = Browser::of(server, &server.person("joe"));
    let cookie = session.cookies["jeton_session"].clone();
    session.cookies.insert("jeton_half".to_owned(), cookie);
    session.cookies.remove("jeton_session");
    assert!(session.open("/users/sign_in").text().contains("user[password]"));
}

/// A program that tries all codes.
#[test]
fn codes_are_not_to_be_guessed() {
    let server = Server::shared();
    let jane = server.person("jane");
    let app = Browser::of(server, &jane).set_up_app(&jane.password);
    let mut browser = Browser::new(server);
    browser.sign_in(&jane.username, &jane.password).expect(200);
    for guess in 0..4 {
        browser.second_step(&format!("{guess:06}")).expect(422);
    }
    let out = browser.second_step("000004").expect(422);
    assert!(out.text().contains("user[password]"), "five wrong codes end the sign-in: {out}");
    // With the password one may begin anew, but the account waits, also for the right code.
    browser.sign_in(&jane.username, &jane.password).expect(200);
    browser.second_step("000005").expect(422);
    let waits = browser.second_step(&app.next_code()).expect(429);
    let seconds: i64 = waits.header("retry-after").parse().unwrap();
    assert!((1..=2).contains(&seconds), "{waits}");
    let why = "Too many two-factor codes were wrong, so this one was not looked at. The next one counts in ";
    assert!(waits.text().contains(why) && waits.text().contains("user[otp_attempt]"), "{waits}");
}

/// Nor in a session that mallory found open: neither codes nor, where there are none, the password. What was entered
/// before is not lost over it.
#[test]
fn a_found_session_guesses_neither_codes_nor_the_password() {
    let server = Server::start(&[]);
    let (jane, joe) = (server.person("jane"), server.person("joe"));
    let mut with_factor = Browser::of(&server, &jane);
    with_factor.set_up_app(&jane.password);
    let mut without = Browser::of(&server, &joe);
    for (browser, field, what) in
        [(&mut with_factor, "confirm[code]", "two-factor codes"), (&mut without, "confirm[password]", "passwords")]
    {
        let fields =
            [("confirm[to]", TOKENS), ("confirm[method]", "post"), ("kept", "of mine"), (field, "not it at all")];
        for _ in 0..6 {
            browser.submit("/users/confirm", "/users/confirm", &fields).expect(422);
        }
        let held = browser.submit("/users/confirm", "/users/confirm", &fields).expect(429);
        assert!(!held.header("retry-after").is_empty(), "{held}");
        assert!(held.text().contains(&format!("Too many {what} were wrong, so this one was not looked at.")), "{held}");
        assert!(held.text().contains("name=\"kept\" value=\"of mine\""), "{held}");
    }
}

/// Mallory finds jane's browser open, and wants to be the only one who can sign in, or to be asked for less.
#[test]
fn the_last_factor_does_not_go_without_being_asked_for() {
    let server = Server::shared();
    let jane = server.person("jane");
    let mut browser = Browser::of(server, &jane);
    browser.set_up_app(&jane.password);
    browser.submit(FACTORS, "/-/profile/two_factor_auth/destroy_otp", &[]).expect(303);
    let page = browser.open(FACTORS).expect(200);
    assert!(page.text().contains("The last factor cannot be removed by itself."), "{page}");
    // From another site, or without the value of jane's own forms.
    for path in ["/-/profile/two_factor_auth/disable", "/-/profile/two_factor_auth/codes"] {
        browser.send(Method::POST, path, &[("x", "y")]).expect(422);
    }
    let mut again = Browser::new(server);
    again.sign_in(&jane.username, &jane.password).expect(200);
}

/// The sessions that were opened with the password alone, one of them mallory's, end when jane sets up her second factor.
#[test]
fn earlier_sessions_end_with_the_first_factor() {
    let server = Server::shared();
    let jane = server.person("jane");
    let (mut hers, mut his) = (Browser::of(server, &jane), Browser::of(server, &jane));
    hers.set_up_app(&jane.password);
    hers.open(TOKENS).expect(200);
    assert_eq!(his.open(TOKENS).status, 302);
}

/// The password alone must not be a way around the second factor: not over Git either, where no code can be asked for.
#[test]
fn the_password_alone_opens_no_repository() {
    let server = Server::shared();
    let jane = server.person("jane");
    let token = jane.token("api");
    let path = project(&token, "guarded", "private", true) + ".git";
    let git = Git::new();
    let fetch = |password: &str| git.run(".", &["ls-remote", &server.url_as(&jane.username, password, &path)]);
    fetch(&jane.password).expect_ok();

    let mut browser = Browser::of(server, &jane);
    browser.set_up_app(&jane.password);
    let told = fetch(&jane.password).expect_failed();
    let lines = [
        "remote: HTTP Basic: Access denied".to_owned(),
        "remote: You have 2FA enabled, please use a personal access token for Git over HTTP.".to_owned(),
        format!("remote: You can make one at {}", server.url(TOKENS)),
    ];
    assert!(lines.iter().all(|line| told.lines().any(|said| said == line)), "{told}");
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", jane.username, jane.password)));
    let asked = format!("{path}/info/refs?service=git-upload-pack");
    let refused = server.anonymous().request(Method::GET, &asked).header("Authorization", &basic).send().expect(401);
    assert_eq!(refused.header("www-authenticate"), "", "another password is not asked for");

    fetch(&token.token).expect_ok();
    token.get("/api/v4/user").expect(200);
    assert_eq!(token.get("/api/v4/user").json()["two_factor_enabled"], json!(true));
    browser.submit(FACTORS, "/-/profile/two_factor_auth/disable", &[]).expect(303);
    fetch(&jane.password).expect_ok();
}

/// From now on, everybody must have a second factor. Whoever hears it over Git for the first time still gets in, and keeps
/// nobody waiting.
#[test]
fn the_time_of_grace_may_begin_over_git() {
    let server = Server::start(&[]);
    let jane = server.person("jane");
    let path = project(&jane.token("api"), "graceful", "private", true) + ".git";
    let rule = json!({ "require_two_factor_authentication": true, "two_factor_grace_period": 48 });
    let settings = "/api/v4/application/settings";
    server.root().token("api").request(Method::PUT, settings).json(&rule).send().expect(200);
    let began = Stopwatch::start();
    Git::new().run(".", &["ls-remote", &server.url_as(&jane.username, &jane.password, &path)]).expect_ok();
    assert!(began.elapsed() < Duration::from_secs(10), "it waited for itself");
}
