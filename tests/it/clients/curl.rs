//! curl, as documentation shows it: a token in each of the places where GitLab takes one.

use std::{ffi::OsStr, process::Command};

use crate::harness::{Outcome, Server};

/// Runs curl and returns the status and the body of the answer.
fn curl<A: AsRef<OsStr>>(arguments: &[A]) -> (String, String) {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--write-out", "\n%{http_code}"]).args(arguments);
    let printed = Outcome::of(&command.output().unwrap()).expect_ok();
    let (body, status) = printed.rsplit_once('\n').unwrap();
    (status.to_owned(), body.to_owned())
}

/// The words of a command line; what they name is put in: `~` is a space.
fn words(line: &str, named: &[(&str, &str)]) -> Vec<String> {
    let word = |word: &str| named.iter().fold(word.to_owned(), |word, (name, value)| word.replace(name, value));
    line.split(' ').map(word).collect()
}

#[test]
fn a_token_counts_in_every_place_where_gitlab_takes_one() {
    let server = Server::shared();
    let jane = server.person("jane");
    let token = jane.token("api").token;
    let reading = [("SECRET", &*token), ("URL", &server.url("/api/v4/user")), ("~", " ")];
    for line in [
        "--header PRIVATE-TOKEN:~SECRET URL",
        "--header private-token:~SECRET URL",
        "--header Authorization:~Bearer~SECRET URL",
        "URL?private_token=SECRET",
        "URL?access_token=SECRET",
        "URL?bearer_token=SECRET",
    ] {
        let (status, body) = curl(&words(line, &reading));
        assert_eq!(status, "200", "{line}: {body}");
        assert!(body.contains(&format!("\"username\":\"{}\"", jane.username)), "{line}: {body}");
    }
    let writing = [("SECRET", &*token), ("URL", &server.url("/api/v4/projects"))];
    for line in [
        "--data name=form --data private_token=SECRET URL",
        "--form name=multipart --form private_token=SECRET URL",
        "--header Content-Type:application/json --data {\"name\":\"json\",\"private_token\":\"SECRET\"} URL",
    ] {
        let (status, body) = curl(&words(line, &writing));
        assert_eq!(status, "201", "{line}: {body}");
        assert!(!body.contains(&token), "the answer repeats the token: {body}");
    }
}

#[test]
fn a_token_counts_nowhere_else() {
    let server = Server::shared();
    let token = server.person("jane").token("api").token;
    let named = [("SECRET", &*token), ("URL", &server.url("/api/v4/user")), ("~", " ")];
    for line in [
        "--user jane:SECRET URL",
        "--header Authorization:~Token~SECRET URL",
        "--header X-Private-Token:~SECRET URL",
        "--cookie private-token=SECRET URL",
        "URL?token=SECRET",
        "URL#private_token=SECRET",
    ] {
        let (status, body) = curl(&words(line, &named));
        assert_eq!(status, "401", "{line}: {body}");
    }
}

#[test]
fn two_credentials_that_must_not_come_together_are_refused() {
    let server = Server::shared();
    let token = server.person("jane").token("api").token;
    let bearer = format!("Authorization: Bearer {token}");
    let address = format!("{}?access_token={token}", server.url("/api/v4/user"));
    let (status, body) = curl(&["--header", &bearer, &address]);
    assert_eq!(status, "400", "{body}");
    assert!(body.contains("\"error\":\"invalid_request\""), "{body}");
}

#[test]
fn head_answers_wherever_get_does() {
    let server = Server::shared();
    let token = server.person("jane").token("read_user").token;
    let header = format!("PRIVATE-TOKEN: {token}");
    let (status, head) = curl(&["--head", "--header", &header, &server.url("/api/v4/user")]);
    assert_eq!(status, "200", "{head}");
    let head = head.to_ascii_lowercase();
    assert!(head.contains("content-type: application/json") && head.contains("content-length: "), "{head}");
}
