//! The pages about oneself: profile, password, sessions, known browsers, log.

use super::{Browser, SIGN_IN, TOKENS, csrf};
use crate::harness::{Answer, Git, Server, Visitor as _, between, secrets};
use reqwest::Method;

const ACCOUNT: &str = "/-/profile/account";
const SESSIONS: &str = "/-/user_settings/active_sessions";
const LOG: &str = "/-/user_settings/authentication_log";

fn change(browser: &mut Browser<'_>, current: &str, new: &str, again: &str, more: &[(&str, &str)]) -> Answer {
    let fields = [("user[password]", current), ("user[new_password]", new), ("user[password_confirmation]", again)];
    let all: Vec<(&str, &str)> = fields.iter().chain(more).copied().collect();
    browser.submit(ACCOUNT, "/-/profile/password", &all)
}

/// Numbers in the addresses of the page's forms between these two texts.
fn numbers(page: &Answer, before: &str, after: &str) -> Vec<i64> {
    page.text().split(before).skip(1).filter_map(|rest| rest.split_once(after)?.0.parse().ok()).collect()
}

#[test]
fn the_pages_about_oneself_lead_to_each_other() {
    let server = Server::shared();
    let person = server.person("nora");
    let mut browser = Browser::of(server, &person);
    let profile = browser.open("/-/profile").expect(200);
    let email = format!("{}@example.com", person.username);
    assert!(profile.text().contains(&email) && profile.text().contains(&format!("@{}", person.username)), "{profile}");
    for path in ["/-/profile", ACCOUNT, TOKENS, SESSIONS, LOG] {
        let page = browser.open(path).expect(200);
        for other in ["/-/profile", ACCOUNT, TOKENS, SESSIONS, LOG] {
            let current = if other == path { " aria-current=\"page\"" } else { "" };
            assert!(page.text().contains(&format!("<a href=\"{other}\"{current}>")), "{other} in {path}");
        }
        assert_eq!(Browser::new(server).open(path).expect(302).header("location"), SIGN_IN);
    }
}

#[test]
fn a_password_is_changed_by_who_knows_it() {
    let server = Server::shared();
    let person = server.person("nils");
    let new = secrets::new_password();
    let token = person.token("read_user");
    let (mut browser, mut other) = (Browser::of(server, &person), Browser::of(server, &person));
    for (current, chosen, again, problem) in [
        ("not the password", &*new, &*new, "This is not your current password"),
        (&person.password, "password", "password", "Password is one that many people use"),
        (&person.password, &*new, "something else", "Password confirmation doesn't match Password"),
        (&person.password, &*person.password, &*person.password, "Password is the one that you have already"),
        (&person.password, &*person.username, &*person.username, "Password is "),
    ] {
        let page = change(&mut browser, current, chosen, again, &[]).expect(422);
        assert!(page.text().replace("&#39;", "'").contains(problem), "{problem} in {page}");
    }
    let done = change(&mut browser, &person.password, &new, &new, &[]).expect(303);
    let told = browser.follow(&done).expect(200);
    assert!(told.text().contains("Your password is changed, and your other sessions are ended."), "{told}");
    assert_eq!(other.open(TOKENS).status, 302, "the other session has ended");
    token.get("/api/v4/user").expect(200);
    Browser::new(server).sign_in(&person.username, &person.password).expect(422);
    Browser::new(server).sign_in(&person.username, &new).expect(303);

    let newest = secrets::new_password();
    let done = change(&mut browser, &new, &newest, &newest, &[("revoke_tokens", "1")]).expect(303);
    assert!(browser.follow(&done).text().contains("all your access tokens are revoked"));
    token.get("/api/v4/user").expect(401);
}

#[test]
fn sessions_are_listed_and_ended_one_by_one_or_all() {
    let server = Server::shared();
    let person = server.person("nina");
    let (mut here, mut there) = (Browser::of(server, &person), Browser::of(server, &person));
    let mut elsewhere = Browser::of(server, &person);
    let page = here.open(SESSIONS).expect(200);
    let others = numbers(&page, "active_sessions/", "/end\"");
    assert_eq!((others.len(), page.text().matches("This one").count()), (2, 1), "{page}");

    let mut stranger = Browser::of(server, &server.person("noel"));
    for id in [others[0].to_string(), "0".to_owned(), "x".to_owned()] {
        stranger.submit(SESSIONS, &format!("{SESSIONS}/{id}/end"), &[]).expect(404);
    }
    let done = here.submit(SESSIONS, &format!("{SESSIONS}/{}/end", others[0]), &[]).expect(303);
    assert!(here.follow(&done).text().contains("The session is ended."));
    let left = [there.open(TOKENS).status, elsewhere.open(TOKENS).status];
    assert_eq!(left.iter().filter(|status| **status == 200).count(), 1, "{left:?}");

    let done = here.submit(SESSIONS, &format!("{SESSIONS}/end_others"), &[]).expect(303);
    let page = here.follow(&done).expect(200);
    assert!(page.text().contains("All other sessions are ended.") && !page.text().contains("end_others"), "{page}");
    assert_eq!([there.open(TOKENS).status, elsewhere.open(TOKENS).status], [302, 302]);
    stranger.open(TOKENS).expect(200);
}

#[test]
fn a_browser_is_known_again_until_it_is_forgotten() {
    let server = Server::shared();
    let person = server.person("noah");
    let mut browser = Browser::of(server, &person);
    let first = browser.cookies["jeton_device"].clone();
    let devices = |page: &Answer| numbers(page, "devices/", "/forget\"");
    let known = devices(&browser.open(SESSIONS));
    assert_eq!(known.len(), 1);
    browser.submit("/", "/users/sign_out", &[]).expect(303);
    browser.sign_in(&person.username, &person.password).expect(303);
    assert_ne!(browser.cookies["jeton_device"], first, "each sign-in renews the cookie");
    assert_eq!(devices(&browser.open(SESSIONS)), known);

    // Two people share a browser: it is known to both.
    let second = server.person("nell");
    browser.submit("/", "/users/sign_out", &[]).expect(303);
    browser.sign_in(&second.username, &second.password).expect(303);
    assert_eq!(browser.cookies["jeton_device"].split('.').count(), 2);
    browser.submit(SESSIONS, &format!("/-/user_settings/devices/{}/forget", known[0]), &[]).expect(404);
    browser.submit("/", "/users/sign_out", &[]).expect(303);
    browser.sign_in(&person.username, &person.password).expect(303);
    assert_eq!(devices(&browser.open(SESSIONS)), known);
    let done = browser.submit(SESSIONS, &format!("/-/user_settings/devices/{}/forget", known[0]), &[]).expect(303);
    let page = browser.follow(&done).expect(200);
    assert!(page.text().contains("The browser is forgotten.") && devices(&page).is_empty(), "{page}");
}

#[test]
fn a_browser_that_is_asked_to_keeps_its_cookie() {
    let server = Server::shared();
    let person = server.person("nour");
    let sign_in = |remember: &[(&str, &str)]| {
        let fields = [("user[login]", &*person.username), ("user[password]", &*person.password)];
        let all: Vec<(&str, &str)> = fields.iter().chain(remember).copied().collect();
        let mut browser = Browser::new(server);
        let done = browser.submit(SIGN_IN, SIGN_IN, &all).expect(303);
        let lines: Vec<&str> = done.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect();
        let session = lines.iter().find(|line| line.starts_with("jeton_session=")).unwrap();
        (session.contains("; Max-Age=7776000"), browser.open(SESSIONS).text().contains("Stays signed in"))
    };
    assert_eq!(sign_in(&[]), (false, false));
    assert_eq!(sign_in(&[("user[remember_me]", "0")]), (false, false));
    assert_eq!(sign_in(&[("user[remember_me]", "1")]), (true, true));
}

#[test]
fn the_log_tells_what_happened_and_to_its_owner_alone() {
    let server = Server::shared();
    let person = server.person("nico");
    Browser::new(server).sign_in(&person.username, "not the password").expect(422);
    let mut browser = Browser::of(server, &person);
    let fields = [("personal_access_token[name]", "for <the> log"), ("personal_access_token[scopes][]", "read_user")];
    browser.submit(TOKENS, TOKENS, &fields).expect(200);
    let log = browser.open(LOG).expect(200);
    for told in [
        "Account created",
        "Refused: wrong password",
        "Signed in",
        "Token “for &#60;the&#62; log” created",
        "127.0.0.1",
        "in a browser",
    ] {
        assert!(log.text().contains(told), "{told} in {log}");
    }
    let other = Browser::of(server, &server.person("nick")).open(LOG).expect(200);
    assert!(!other.text().contains("log” created") && !other.text().contains("Refused"), "{other}");
}

#[test]
fn the_log_tells_of_refusals_over_git() {
    // Of its own: every command makes a server forget the passwords that it knows.
    let server = &Server::start(&[]);
    let person = server.person("nell");
    let git = Git::new();
    let url = server.url_as(&person.username, &person.password, "/root/none.git");
    git.run(".", &["ls-remote", &url]).expect_failed();
    server.jeton(&["user", "block", &person.username]).expect_ok();
    // Forgotten when the command told the server: judged once more, right, and refused.
    git.run(".", &["ls-remote", &url]).expect_failed();
    git.run(".", &["ls-remote", &url]).expect_failed();
    server.jeton(&["user", "unblock", &person.username]).expect_ok();
    let log = Browser::of(server, &person).open(LOG).expect(200);
    assert_eq!(log.text().matches("Refused: the account is closed").count(), 1, "{log}");
    assert!(log.text().contains("Git 2") && log.text().contains("Account set to blocked"), "{log}");
}

#[test]
fn a_long_log_has_pages() {
    let server = Server::shared();
    let person = server.person("nala");
    for _ in 0..52 {
        person.token("read_user");
    }
    let mut browser = Browser::of(server, &person);
    let first = browser.open(LOG).expect(200);
    let rows = |page: &Answer| page.text().matches("<tr role=\"row\">").count() - 1;
    let next = between(first.text(), "rel=\"next\" href=\"", "\"").unwrap().to_owned();
    let second = browser.open(&next).expect(200);
    // 52 tokens, the account, the sign-in and the new browser.
    assert_eq!((rows(&first), rows(&second)), (50, 5));
    assert!(!second.text().contains("rel=\"next\"") && second.text().contains(">Latest<"), "{second}");
    browser.open(&format!("{LOG}?before=nonsense")).expect(200);
    browser.open(&format!("{LOG}?before=%00")).expect(400);
}

#[test]
fn every_form_needs_its_proof() {
    let server = Server::shared();
    let person = server.person("nadia");
    let mut browser = Browser::of(server, &person);
    for path in [
        "/-/profile/password".to_owned(),
        format!("{SESSIONS}/end_others"),
        format!("{SESSIONS}/1/end"),
        "/-/user_settings/devices/1/forget".to_owned(),
    ] {
        let refused = browser.send(Method::POST, &path, &[("authenticity_token", "guess")]).expect(422);
        assert!(refused.text().contains("This form is out of date"), "{path}: {refused}");
    }
    assert!(!csrf(&browser.open(SESSIONS)).is_empty());
}
