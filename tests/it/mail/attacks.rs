//! Strangers try to write mails of ours, or to have our links lead elsewhere.

use reqwest::Method;

use super::{catcher::Catcher, delivery::sending_to};
use crate::harness::{Person, Server, Visitor as _, between, wait_for};

const FORGOTTEN: &str = "/users/password/new";
const SUBJECT: &str = "Reset password instructions";

/// Asks for a link, with headers of the attacker's choice.
fn ask_for_a_link(server: &Server, login: &str, headers: &[(&str, &str)]) {
    let form = server.anonymous().get(FORGOTTEN).expect(200);
    let csrf = between(form.text(), "<meta name=\"csrf-token\" content=\"", "\"").unwrap().to_owned();
    let cookie = form.header("set-cookie").split(';').next().unwrap().to_owned();
    let mut request = server.anonymous().request(Method::POST, FORGOTTEN).header("Cookie", &cookie);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.form(&[("authenticity_token", &*csrf), ("user[email]", login)]).send().expect(303);
}

/// Mallory asks for jane's link in a way that has other programs write his own host into it, and fills in as the name of
/// the account what other programs take for further headers, or for a link of ours.
#[test]
fn a_link_leads_here_whatever_the_request_says_and_a_name_is_but_a_name() {
    let catcher = Catcher::start();
    let server = sending_to(&catcher.url("smtp", "starttls", &catcher.password));
    let name = "Jane {link} http://evil.example/x Bcc: mallory@evil.example";
    let jane = Person::create(&server, "jane".to_owned(), &["--name", name]);
    let address = "jane@example.com";
    let poison = [
        ("Host", "evil.example"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "gopher"),
        ("Forwarded", "host=evil.example;proto=gopher"),
        ("X-Original-URL", "//evil.example"),
        ("User-Agent", "see http://evil.example/x\tBcc: mallory@evil.example"),
    ];
    ask_for_a_link(&server, &jane.username, &poison);
    let mail = catcher.wait_for(address);
    assert_eq!(mail["recipients"], serde_json::json!([address]), "{mail}");
    assert_eq!(mail["defects"], serde_json::json!([]), "{mail}");
    let body = mail["body"].as_str().unwrap();
    let start = server.url("/users/password/edit?reset_password_token=");
    assert_eq!((body.matches("://").count(), body.matches(&start).count()), (1, 1), "{body}");
    assert!(!body.contains("evil.example"), "{body}");

    // What is typed as an address goes into no header: it only finds an account, or none.
    for typed in ["jane@example.com\r\nBcc: mallory@evil.example", "jane@example.com,mallory@evil.example"] {
        ask_for_a_link(&server, typed, &[]);
    }
    ask_for_a_link(&server, address, &[]);
    let links = || catcher.mails().iter().filter(|mail| mail["subject"] == SUBJECT).count();
    wait_for("the second link", || (links() == 2).then_some(()));
    assert!(catcher.mails().iter().all(|mail| mail["recipients"] == serde_json::json!([address])));
}
