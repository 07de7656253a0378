//! Signing in and out.

use reqwest::Method;

use super::{Browser, SIGN_IN, TOKENS, csrf};
use crate::harness::{Server, Visitor};

#[test]
fn one_signs_in_by_name_or_address_whatever_the_case() {
    let server = Server::shared();
    let person = server.person("ines");
    for login in [person.username.clone(), person.username.to_uppercase(), format!(" {}@Example.COM", person.username)]
    {
        let mut browser = Browser::new(server);
        let done = browser.sign_in(&login, &person.password).expect(303);
        assert_eq!(done.header("location"), "/");
        assert!(browser.open("/").expect(200).text().contains(&format!("@{}", person.username)));
    }
}

#[test]
fn a_wrong_password_and_an_unknown_name_get_the_same_answer() {
    let server = Server::shared();
    let person = server.person("ivan");
    let answer = |login: &str| {
        let mut browser = Browser::new(server);
        let answer = browser.sign_in(login, "not the password").expect(422);
        let page = answer.text().replace(login, "LOGIN").replace(&csrf(&answer), "CSRF");
        (page, browser.open(TOKENS).status)
    };
    let (wrong, status) = answer(&person.username);
    assert!(wrong.contains("Invalid login or password."), "{wrong}");
    assert_eq!((wrong, status), answer("nobody-of-that-name"));
    assert_eq!(status, 302);
}

#[test]
fn only_who_knows_the_password_learns_that_an_account_is_blocked() {
    let server = Server::shared();
    let person = server.person("iris");
    let mut before = Browser::of(server, &person);
    server.jeton(&["user", "block", &person.username]).expect_ok();
    let wrong = Browser::new(server).sign_in(&person.username, "not the password").expect(422);
    assert!(wrong.text().contains("Invalid login or password.") && !wrong.text().contains("blocked"), "{wrong}");
    let right = Browser::new(server).sign_in(&person.username, &person.password).expect(422);
    assert!(right.text().contains("Your account has been blocked."), "{right}");
    assert_eq!(before.open(TOKENS).status, 302, "the session from before has ended");
}

#[test]
fn the_wanted_page_and_its_prefill_survive_the_sign_in() {
    let server = Server::shared();
    let person = server.person("igor");
    let mut browser = Browser::new(server);
    let sent =
        browser.open(&format!("{TOKENS}?name=From%20afar&scopes=api,read_user&private_token=secret")).expect(302);
    assert_eq!(sent.header("location"), SIGN_IN);
    let done = browser.sign_in(&person.username, &person.password);
    assert_eq!(done.header("location"), format!("{TOKENS}?name=From%20afar&scopes=api,read_user"));
    let page = browser.follow(&done).expect(200);
    assert!(page.text().contains("value=\"From afar\""), "{page}");
    // The next sign-in starts from the beginning.
    browser.submit("/", "/users/sign_out", &[]).expect(303);
    assert_eq!(browser.sign_in(&person.username, &person.password).header("location"), "/");
}

#[test]
fn no_cookie_leads_to_another_host() {
    let server = Server::shared();
    let person = server.person("isla");
    for elsewhere in
        ["//evil.example", "https://evil.example", "%2F%2Fevil.example", "/%5Cevil.example", "/%09/evil.example"]
    {
        let mut browser = Browser::new(server);
        browser.cookies.insert("jeton_wanted".to_owned(), elsewhere.to_owned());
        let done = browser.sign_in(&person.username, &person.password).expect(303);
        assert_eq!(done.header("location"), "/", "{elsewhere}");
    }
}

#[test]
fn signing_out_ends_the_session_on_the_server() {
    let server = Server::shared();
    let mut browser = Browser::of(server, &server.person("ilse"));
    let mut copy = browser.clone();
    copy.open(TOKENS).expect(200);
    let done = browser.submit("/", "/users/sign_out", &[]).expect(303);
    assert!(browser.follow(&done).text().contains("You are signed out."));
    assert_eq!(copy.open(TOKENS).status, 302);
}

#[test]
fn a_new_sign_in_has_a_new_session_and_ends_the_one_before() {
    let server = Server::shared();
    let person = server.person("inga");
    let mut browser = Browser::of(server, &person);
    let mut copy = browser.clone();
    // Signed in already: the form is not shown. A page of before may still hold one.
    assert_eq!(browser.open(SIGN_IN).expect(302).header("location"), "/");
    let proof = csrf(&browser.open("/"));
    let fields =
        [("authenticity_token", &*proof), ("user[login]", &person.username), ("user[password]", &person.password)];
    browser.send(Method::POST, SIGN_IN, &fields).expect(303);
    assert_ne!(browser.cookies["jeton_session"], copy.cookies["jeton_session"]);
    assert_eq!(copy.open(TOKENS).status, 302);
    browser.open(TOKENS).expect(200);
}

#[test]
fn a_form_counts_only_with_the_value_of_its_own_browser() {
    let server = Server::shared();
    let person = server.person("ilya");
    let fields = |proof| {
        [("authenticity_token", proof), ("user[login]", &*person.username), ("user[password]", &*person.password)]
    };
    let foreign = csrf(&Browser::new(server).open(SIGN_IN));
    for proof in ["", "guess", &foreign] {
        let mut browser = Browser::new(server);
        browser.open(SIGN_IN).expect(200);
        let refused = browser.send(Method::POST, SIGN_IN, &fields(proof)).expect(422);
        assert!(refused.text().contains("This form is out of date"), "{refused}");
    }
    Browser::new(server).send(Method::POST, SIGN_IN, &fields(&foreign)).expect(422);
}

#[test]
fn over_https_cookies_are_protected() {
    let server = Server::start(&[("JETON_EXTERNAL_URL", "https://jeton.example.com")]);
    let mut browser = Browser::new(&server);
    let root = server.root();
    let done = browser.sign_in(&root.username, &root.password).expect(303);
    let lines: Vec<&str> = done.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap()).collect();
    let session = lines.iter().find(|line| line.starts_with("__Host-jeton_session=")).expect("a session's cookie");
    for attribute in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
        assert!(session.contains(attribute), "{session}");
    }
    assert!(done.header("strict-transport-security").starts_with("max-age="));
    browser.open(TOKENS).expect(200);
    // A neighbouring host can plant a cookie, but not one of the protected name.
    let value = browser.cookies["__Host-jeton_session"].clone();
    let planted = server.anonymous().request(Method::GET, TOKENS).header("Cookie", &format!("jeton_session={value}"));
    planted.send().expect(302);
}
