//! The way of a mail out of the program.

use std::{fs, os::unix::fs::PermissionsExt as _};

use super::{
    CERTIFICATE,
    catcher::{Catcher, USER},
    read,
};
use crate::harness::{Person, Server, Visitor as _, wait_for};

/// A server that sends its mails there.
pub(super) fn sending_to(url: &str) -> Server {
    Server::start(&[
        ("JETON_SMTP_URL", url),
        ("JETON_MAIL_FROM", "Tokens <tokens@git.example.com>"),
        ("SSL_CERT_FILE", CERTIFICATE),
    ])
}

fn doctor(server: &Server) -> String {
    let outcome = server.jeton(&["doctor"]);
    let line = outcome.stdout.lines().find(|line| line.starts_with("mail")).map(str::to_owned);
    line.unwrap_or_else(|| panic!("no line about mails in {}", outcome.stdout))
}

/// Somebody with that address.
fn person<'s>(server: &'s Server, address: &str) -> Person<'s> {
    let name = address.split('@').next().unwrap().to_owned();
    Person::create(server, name, &["--name", "Jürgen Groß"])
}

#[test]
fn mails_go_to_the_mail_server_encrypted_and_with_a_login() {
    let catcher = Catcher::start();
    for (scheme, port) in [("smtp", "starttls"), ("smtps", "tls")] {
        let server = sending_to(&catcher.url(scheme, port, &catcher.password));
        let address = format!("{port}@example.com");
        person(&server, &address).token("api");
        let mail = catcher.wait_for(&address);
        assert_eq!((&mail["tls"], &mail["login"]), (&true.into(), &USER.into()), "{mail}");
        assert_eq!(mail["sender"], "tokens@git.example.com");
        assert_eq!(mail["from"], serde_json::json!(["Tokens", "tokens@git.example.com"]));
        assert_eq!(mail["subject"], "A new personal access token has been created");
        assert!(mail["body"].as_str().unwrap().starts_with("Hi Jürgen Groß!\n"), "{mail}");
        assert_eq!(mail["defects"], serde_json::json!([]), "{mail}");
        wait_for("the mail to be struck off", || (server.count("SELECT count(*) FROM mails") == 0).then_some(()));
        assert!(doctor(&server).contains("ok"), "{}", doctor(&server));
        assert!(fs::read_dir(server.data_dir().join("mail")).unwrap().next().is_none(), "and not into files");
        let metrics = server.anonymous().get("/-/metrics").expect(200);
        assert!(metrics.text().contains("jeton_mails_sent_total 1"), "{metrics}");
    }
}

#[test]
fn a_mail_that_is_not_wanted_now_waits_and_one_that_is_never_wanted_is_given_up() {
    let catcher = Catcher::start();
    let server = sending_to(&catcher.url("smtp", "starttls", &catcher.password));
    for name in ["bounce", "later", "fine"] {
        person(&server, &format!("{name}@example.com")).token("api");
    }
    catcher.wait_for("fine@example.com");
    let rows = wait_for("the mail to be tried", || {
        let rows = server.query("SELECT recipient, tries, last_error FROM mails");
        (rows.len() == 1 && rows[0].contains("451")).then_some(rows)
    });
    assert!(rows[0].starts_with("later@example.com|1|") && rows[0].contains("try again later"), "{rows:?}");
    let told = server.query("SELECT details FROM audit_events WHERE action = 'mail.give_up' AND subject = 'user'");
    assert!(told.len() == 1 && told[0].contains("550") && told[0].contains("token_created"), "{told:?}");
    assert!(server.log().contains("a mail is given up"));
    assert_eq!(catcher.mails().len(), 1);
}

#[test]
fn a_server_that_does_not_encrypt_or_does_not_know_us_gets_nothing() {
    let catcher = Catcher::start();
    for url in [
        catcher.plain_url("plain"),
        catcher.url("smtp", "starttls", "not-the-password"),
        catcher.url("smtps", "tls", "not-the-password"),
    ] {
        let server = sending_to(&url);
        person(&server, "jane@example.com").token("api");
        wait_for("the mail to be tried", || {
            let rows = server.query("SELECT tries FROM mails WHERE last_error IS NOT NULL");
            (rows == ["1"]).then_some(())
        });
        assert!(doctor(&server).contains("WRONG"), "{}", doctor(&server));
        assert!(!server.log().contains("not-the-password"));
    }
    assert!(catcher.mails().is_empty());
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_not_believed() {
    let catcher = Catcher::start();
    let url = catcher.url("smtps", "tls", &catcher.password);
    let server = Server::start(&[("JETON_SMTP_URL", &*url)]);
    person(&server, "jane@example.com").token("api");
    wait_for("the mail to be tried", || {
        let rows = server.query("SELECT tries FROM mails WHERE last_error IS NOT NULL");
        (rows == ["1"]).then_some(())
    });
    assert!(catcher.mails().is_empty());
}

#[test]
fn what_is_queued_is_sent_before_the_server_stops_and_after_it_starts() {
    let mut server = Server::start(&[]);
    server.stop();
    // The command queues a mail that nobody can send yet.
    Person::create(&server, "jane".to_owned(), &[]).token("api");
    assert_eq!(server.count("SELECT count(*) FROM mails"), 1);
    server.start_again();
    server.wait_for_mail("jane@example.com", "A new personal access token has been created", 1);
    server.jeton(&["token", "create", "--user", "jane", "--name", "x", "--scopes", "api"]).expect_ok();
    server.stop();
    assert_eq!(server.count("SELECT count(*) FROM mails"), 0);
    assert_eq!(server.mails_to("jane@example.com").len(), 2);
}

#[test]
fn without_a_mail_server_a_mail_is_a_file_that_other_programs_read() {
    let server = Server::start(&[]);
    assert!(doctor(&server).contains("written to `mail`"), "{}", doctor(&server));
    let name = "Jürgen \"der Große\" O'Neill, 漢字 <x@y>";
    Person::create(&server, "juergen".to_owned(), &["--name", name]).token("api");
    server.wait_for_mail("juergen@example.com", "A new personal access token has been created", 1);
    let path = fs::read_dir(server.data_dir().join("mail")).unwrap().next().unwrap().unwrap().path();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mail = read(&path);
    assert_eq!(mail["defects"], serde_json::json!([]), "{mail}");
    assert_eq!(mail["from"], serde_json::json!(["Jeton", "jeton@localhost"]));
    assert_eq!(mail["to"], serde_json::json!(["juergen@example.com"]));
    assert_eq!((&mail["type"], &mail["charset"]), (&"text/plain".into(), &"utf-8".into()));
    assert_eq!(mail["encoding"], "quoted-printable");
    assert!(mail["body"].as_str().unwrap().starts_with(&format!("Hi {name}!\n\n")), "{mail}");
    assert!(mail["longest_line"].as_u64().unwrap() <= 78, "{mail}");
    assert_eq!(mail["headers"]["auto-submitted"], "auto-generated");
    assert!(mail["headers"]["message-id"].as_str().unwrap().ends_with("@localhost>"), "{mail}");
}
