//! Somebody asks around who has an account here, and in which state: by what is answered, and how soon.

use std::time::Duration;

use jeton_server::nature::Stopwatch;
use reqwest::Method;

use super::guessing::{Browser, fetch, server};
use crate::harness::{Answer, Server, Visitor as _, between};

const FORGOTTEN: &str = "/users/password/new";
/// How often each name is tried: fewer times than make strangers wait.
const ROUNDS: usize = 8;

/// Somebody whom a stranger may ask about: what is told of them, and the name that is typed.
struct Asked {
    what: &'static str,
    login: String,
}

/// Nobody, and people in every state. The last character makes the names equally long.
fn everybody(server: &Server) -> Vec<Asked> {
    let (jane, mallory) = (server.person("jane"), server.person("mall"));
    server.jeton(&["user", "block", &mallory.username]).expect_ok();
    server.jeton(&["user", "create", "lazy", "--email", "lazy@example.com"]).expect_ok();
    let asked = |what, login: &str| Asked { what, login: login.to_owned() };
    vec![
        asked("nobody", "nobo"),
        asked("somebody", &jane.username),
        asked("somebody's address", &format!("{}@example.com", server.person("jill").username)),
        asked("somebody who is blocked", &mallory.username),
        asked("somebody without a password", "lazy"),
    ]
}

/// An answer without what differs from one request to the next: what was typed, and the values of forms and requests.
fn told(answer: &Answer, login: &str) -> (u16, String) {
    let differs = ["authenticity_token", "csrf-token"];
    let lines = answer.text().lines().filter(|line| !differs.iter().any(|part| line.contains(part)));
    (answer.status, lines.collect::<Vec<_>>().join("\n").replace(login, "LOGIN"))
}

fn hashes(server: &Server) -> u64 {
    let metrics = server.anonymous().get("/-/metrics").expect(200);
    between(metrics.text(), "\njeton_password_hashes_total ", "\n").unwrap().parse().unwrap()
}

/// Asks about everybody in turns, so that what else the machine does slows all down alike: the answers are the same, and
/// so many passwords are hashed for each. Answers how long the quickest answer about each took.
///
/// A hash takes most of the time of an attempt, at a low priority, so where there is one its time says more of what else
/// this machine does than of the server: there the hashes are counted.
fn expect_alike(server: &Server, runs: u64, ask: impl Fn(&Asked, usize) -> Answer) -> Vec<Duration> {
    let all = everybody(server);
    let mut quickest = vec![Duration::MAX; all.len()];
    let first = told(&ask(&all[0], 900), &all[0].login);
    for round in 0..ROUNDS {
        for (number, asked) in all.iter().enumerate() {
            let before = hashes(server);
            let watch = Stopwatch::start();
            let answer = ask(asked, round * all.len() + number);
            quickest[number] = quickest[number].min(watch.elapsed());
            assert_eq!(told(&answer, &asked.login), first, "{}", asked.what);
            assert_eq!(hashes(server) - before, runs, "hashes for {}", asked.what);
        }
    }
    quickest
}

#[test]
fn the_sign_in_page_tells_nobody_apart() {
    let server = server();
    expect_alike(&server, 1, |asked, number| {
        Browser::at(&server, &format!("198.51.100.{number}")).sign_in(&asked.login, "not-the-password")
    });
}

#[test]
fn git_tells_nobody_apart() {
    let server = server();
    expect_alike(&server, 1, |asked, number| {
        fetch(&server, &format!("198.51.{number}.1"), &asked.login, "not-the-password").expect(401)
    });
}

/// Of people in any state but the ordinary one no mail is sent either, and that too is done behind the answer.
#[test]
fn the_page_of_forgotten_passwords_tells_nobody_apart() {
    let server = server();
    let times = expect_alike(&server, 0, |asked, number| {
        let mut browser = Browser::at(&server, &format!("198.51.100.{number}"));
        let form = browser.send(Method::GET, FORGOTTEN, &[]);
        let proof = between(form.text(), "name=\"authenticity_token\" value=\"", "\"").unwrap().to_owned();
        let fields = [("authenticity_token", &*proof), ("user[email]", &asked.login)];
        browser.send(Method::POST, FORGOTTEN, &fields).expect(303)
    });
    let (least, most) = (times.iter().min().unwrap(), times.iter().max().unwrap());
    // A mail that was queued before the answer would take its writing to the disk.
    assert!(*most <= least.mul_f64(1.25).max(*least + Duration::from_millis(2)), "{times:?}");
}
