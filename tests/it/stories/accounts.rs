//! What happens to credentials when something happens to an account.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::Method;
use serde_json::json;

use crate::{
    harness::{Answer, Git, Server, Visitor as _, between, new_password, wait_for},
    web::{Browser, SIGN_IN},
};

const FORGOTTEN: &str = "/users/password/new";

/// Somebody leaves the company in anger. Their account is blocked; every way in must close with the next request, not
/// when some job comes by or a cache forgets.
#[test]
fn a_blocked_account_has_no_way_in() {
    let server = Server::shared();
    let mallory = server.person("mallory");
    let (token, session) = (mallory.token("api"), mallory.session());
    let project =
        token.post("/api/v4/projects", &json!({ "name": "plans", "initialize_with_readme": true })).expect(201).json();
    let repository = format!("/{}.git", project["path_with_namespace"].as_str().unwrap());
    let git = Git::new();
    let fetch = |password: &str| git.run(".", &["ls-remote", &server.url_as(&mallory.username, password, &repository)]);
    token.get("/api/v4/user").expect(200);
    session.get("/-/user_settings/personal_access_tokens").expect(200);
    fetch(&token.token).expect_ok();
    fetch(&mallory.password).expect_ok();

    server.jeton(&["user", "block", &mallory.username]).expect_ok();

    assert_eq!(
        token.get("/api/v4/user").expect(403).json()["message"],
        "403 Forbidden - Your account has been blocked."
    );
    assert_ne!(session.get("/-/user_settings/personal_access_tokens").status, 200);
    assert_ne!(session.get("/api/v4/user").status, 200);
    fetch(&token.token).expect_failed();
    fetch(&mallory.password).expect_failed();
    let form = server.anonymous().get("/users/sign_in").expect(200);
    assert!(form.text().contains("user[password]"));

    server.jeton(&["user", "unblock", &mallory.username]).expect_ok();
    token.get("/api/v4/user").expect(200);
}

/// Password guessing with Git instead of the page, where nobody looks: the guesses must not be told apart from an
/// account that does not exist.
#[test]
fn guessing_over_git_tells_nothing_about_names() {
    let server = Server::shared();
    let jane = server.person("jane");
    let ask = |user: &str| {
        let credential = BASE64_STANDARD.encode(format!("{user}:not-the-password"));
        server
            .anonymous()
            .request(Method::GET, "/root/secret.git/info/refs?service=git-upload-pack")
            .header("Authorization", &format!("Basic {credential}"))
            .send()
    };
    let (known, unknown) = (ask(&jane.username), ask("nobody-of-this-name"));
    assert_eq!(known.status, 401);
    assert!(known.text().starts_with("HTTP Basic: Access denied"), "{known}");
    assert_eq!((known.status, known.text()), (unknown.status, unknown.text()));
}

/// Somebody buries a mailbox under mails, from many addresses and without an account, and another one spoils every link
/// that its owner asks for.
#[test]
fn a_flood_of_reset_requests_sends_few_mails_and_spoils_none() {
    let server = Server::start(&[("JETON_TRUSTED_PROXIES", "127.0.0.1")]);
    let jane = server.person("jane");
    let form = server.anonymous().get("/users/password/new").expect(200);
    let csrf = between(form.text(), "<meta name=\"csrf-token\" content=\"", "\"").unwrap().to_owned();
    let cookie = form.header("set-cookie").split(';').next().unwrap().to_owned();
    let ask = |login: &str, from: &str| {
        let fields = [("authenticity_token", &*csrf), ("user[email]", login)];
        let request = server.anonymous().request(Method::POST, "/users/password/new").header("Cookie", &cookie);
        request.header("X-Forwarded-For", from).form(&fields).send()
    };
    let first = ask(&jane.username, "192.0.2.1").expect(303);
    let address = format!("{}@example.com", jane.username);
    let (link, _) = server.wait_for_mail(&address, "Reset password instructions", 1).link("/users/password/edit?");
    for number in 0..100 {
        let answer = ask(&jane.username, &format!("198.51.100.{number}"));
        assert!(answer.status == 303 || answer.status == 503, "{answer}");
    }
    for number in 0..40 {
        let answer = ask(&format!("nobody-{number}"), "203.0.113.1");
        assert!(answer.status == 303 || answer.status == 503, "{answer}");
        if answer.status == 303 {
            assert_eq!(answer.header("location"), first.header("location"), "nobody learns who has an account");
        }
    }
    server.wait_for_mail(&address, "Reset password instructions", 3);
    let counted = || server.count("SELECT count(*) FROM mail_requests WHERE network = '203.0.113.1'");
    wait_for("the requests to be counted", || (counted() == 20).then_some(()));
    wait_for("the mails to be sent", || (server.count("SELECT count(*) FROM mails") == 0).then_some(()));
    assert_eq!(counted(), 20);
    assert_eq!(server.mails_to(&address).len(), 3);
    server.anonymous().get(&link).expect(200);
}

/// Existence itself is a secret: without a right to look, a private project and none are the same to everybody.
#[test]
fn a_private_project_is_like_none() {
    let server = Server::shared();
    let owner = server.person("owner");
    let made = owner.token("api").post("/api/v4/projects", &json!({ "name": "secret" })).expect(201).json();
    let path = made["path_with_namespace"].as_str().unwrap();
    let stranger = server.person("stranger").token("api");
    let twin = format!("{}/none", owner.username);
    let api = |path: &str| format!("/api/v4/projects/{}", path.replace('/', "%2F"));
    let page = |path: &str| format!("/{path}.git/info/refs?service=git-upload-pack");
    for (there, not_there) in [(api(path), api(&twin)), (page(path), page(&twin))] {
        let (one, other) = (stranger.get(&there), stranger.get(&not_there));
        assert_eq!((one.status, one.text()), (other.status, other.text()));
        let (one, other) = (server.anonymous().get(&there), server.anonymous().get(&not_there));
        assert_eq!((one.status, one.text()), (other.status, other.text()));
        assert!(one.status == 401 || one.status == 404, "{one}");
    }
}

/// What came of many who do the same at once: how many it was done for.
fn at_once(number: usize, attempt: impl Fn(usize) -> Answer + Sync) -> usize {
    let attempt = &attempt;
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..number).map(|one| scope.spawn(move || attempt(one).status)).collect();
        all.into_iter().map(|one| one.join().unwrap()).filter(|status| *status == 303).count()
    })
}

/// Mallory reads jane's mail over her shoulder, and both open the link at once. One of them sets the password, and whoever
/// came second is told: jane, that something is wrong.
#[test]
fn a_link_that_many_use_at_once_works_once() {
    let server = Server::start(&[]);
    let jane = server.person("jane");
    let address = format!("{}@example.com", jane.username);
    Browser::new(&server).submit(FORGOTTEN, FORGOTTEN, &[("user[email]", &address)]).expect(303);
    let (_, secret) = server.wait_for_mail(&address, "Reset password instructions", 1).link("/users/password/edit?");
    let passwords: Vec<String> = (0..5).map(|_| new_password()).collect();
    let set = at_once(5, |one| {
        let password = &*passwords[one];
        let fields = [
            ("user[reset_password_token]", &*secret),
            ("user[password]", password),
            ("user[password_confirmation]", password),
        ];
        Browser::new(&server).submit(SIGN_IN, "/users/password", &fields)
    });
    assert_eq!(set, 1);
    let works = |one: &&String| Browser::new(&server).sign_in(&jane.username, one).status == 303;
    let working: Vec<&String> = passwords.iter().filter(works).collect();
    let [password] = *working else { panic!("{} passwords work", working.len()) };
    let mut browser = Browser::new(&server);
    browser.sign_in(&jane.username, password).expect(303);
    let fields = [("user[email]", "jane@new.example"), ("user[current_password]", password)];
    browser.submit("/-/profile/emails", "/-/profile/emails/primary", &fields).expect(303);
    let mail = server.wait_for_mail("jane@new.example", "Confirmation instructions", 1);
    let (_, secret) = mail.link("/users/confirmation?");
    let confirmed = at_once(5, |_| {
        Browser::new(&server).submit(SIGN_IN, "/users/confirmation", &[("confirmation_token", &secret)])
    });
    assert_eq!(confirmed, 1);
    let told = server.wait_for_mail(&address, "Your e-mail address has been changed", 1);
    assert!(told.body.contains("jane@new.example"), "{}", told.body);
}
