//! A real browser: Chromium, driven by Playwright (`tests/browser`).

use std::{path::Path, process::Command};

use crate::harness::{Outcome, Person, Server};

/// Runs one file of tests against the server; what it prints about a failure is shown.
#[track_caller]
fn run(file: &str, person: &str) {
    run_as(file, &Server::shared().person(person));
}

#[track_caller]
fn run_as(file: &str, person: &Person) {
    let server = Server::shared();
    // An hour ago, this person proved in all their sessions who they are; not since.
    let ages = format!(
        "UPDATE sessions SET proven_at = proven_at - 3600000000
         WHERE user_id = (SELECT id FROM users WHERE username = '{}')",
        person.username
    );
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/browser");
    let output = Command::new("node")
        .args(["--test", file])
        .current_dir(directory)
        .env("JETON_URL", server.url(""))
        .env("JETON_MAIL_DIR", server.data_dir().join("mail"))
        .env("JETON_AGE_PROOFS", serde_json::json!(server.query_command(&ages)).to_string())
        .env("JETON_USERNAME", &person.username)
        .env("JETON_PASSWORD", &person.password)
        .output()
        .expect("node is installed");
    let outcome = Outcome::of(&output);
    assert!(outcome.ok, "{}{}", outcome.stdout, outcome.stderr);
}

#[test]
fn people_use_their_tokens_in_a_browser() {
    run("tokens.test.mjs", "bea");
}

#[test]
fn people_follow_the_links_in_their_mails() {
    run("mail.test.mjs", "mia");
}

#[test]
fn people_use_second_factors_in_a_browser() {
    run("factors.test.mjs", "bix");
}

#[test]
fn every_page_is_accessible_on_phones_and_desks_in_light_and_dark() {
    run("look.test.mjs", "bob");
}

#[test]
fn people_are_asked_again_who_they_are() {
    run("stale.test.mjs", "stan");
}

#[test]
fn people_look_after_their_account_in_a_browser() {
    run("account.test.mjs", "bix");
}

#[test]
fn administrators_do_their_work_in_a_browser() {
    run_as("admin.test.mjs", &Server::shared().administrator("ada"));
}
