//! Somebody begins a request, holds its end back, and sends it when the authority that it began with is gone.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::Method;
use serde_json::json;

use crate::harness::{Bearer, Server, SignedIn, Visitor as _, new_password, pause};

/// A request of which the last bytes are missing.
struct Held {
    stream: TcpStream,
    rest: Vec<u8>,
}

impl Held {
    /// Sends a request but for the last bytes of its body, and gives the server time to begin with it.
    fn begin(server: &Server, path: &str, headers: &[(&str, &str)], body: &[u8], held_back: usize) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let (now, rest) = body.split_at(body.len() - held_back);
        write!(stream, "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n", server.port()).unwrap();
        for (name, value) in headers {
            write!(stream, "{name}: {value}\r\n").unwrap();
        }
        write!(stream, "Content-Length: {}\r\n\r\n", body.len()).unwrap();
        stream.write_all(now).unwrap();
        pause(Duration::from_millis(300));
        Self { stream, rest: rest.to_vec() }
    }

    /// Sends the rest; the whole answer, or what came of it.
    fn end(mut self) -> String {
        // The server may have hung up already.
        let _ = self.stream.write_all(&self.rest);
        let mut answer = Vec::new();
        let _ = self.stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }
}

const TOKENS: &str = "/-/user_settings/personal_access_tokens";

fn held_form(server: &Server, browser: &SignedIn<'_>) -> Held {
    let form = format!(
        "authenticity_token={}&personal_access_token[name]=held+back&personal_access_token[scopes][]=api",
        browser.csrf
    );
    let headers = [("Cookie", browser.cookies()), ("Content-Type", "application/x-www-form-urlencoded")];
    Held::begin(server, TOKENS, &headers, form.as_bytes(), 10)
}

fn made_nothing(answer: &str, reader: &Bearer<'_>) {
    assert!(answer.starts_with("HTTP/1.1 303 ") || answer.starts_with("HTTP/1.1 4"), "{answer}");
    assert!(!answer.contains("jeton_") || !answer.contains("Your new personal access token"), "{answer}");
    let listed = reader.get("/api/v4/personal_access_tokens?search=held").expect(200).json();
    assert_eq!(listed, json!([]));
}

/// A cookie was stolen. The thief holds a form half-sent while the owner signs out, or sets a new password, and wants to
/// walk away with a token all the same.
#[test]
fn a_form_that_was_on_its_way_when_the_session_ended_makes_no_token() {
    let server = Server::start(&[]);
    let jane = server.person("jane");
    let reader = jane.token("read_api");

    let browser = jane.session();
    let held = held_form(&server, &browser);
    let signed_out = browser.request(Method::POST, "/users/sign_out").form(&[("authenticity_token", &browser.csrf)]);
    assert_eq!(signed_out.send().status, 303);
    made_nothing(&held.end(), &reader);

    let browser = jane.session();
    let held = held_form(&server, &browser);
    let new = new_password();
    server.jeton_with_input(&["user", "reset-password", &jane.username, "--password-stdin"], &new).expect_ok();
    made_nothing(&held.end(), &reader);
}

/// What creates the branch `held` at a commit that is there already: a command, and a pack of nothing.
fn push_of_a_branch(commit: &str) -> Vec<u8> {
    let command = format!("{} {commit} refs/heads/held\0 report-status", "0".repeat(40));
    let mut body = format!("{:04x}{command}0000", command.len() + 4).into_bytes();
    // `PACK`, version 2, no objects, and the SHA-1 of these twelve bytes (gitformat-pack(5)).
    body.extend(b"PACK\0\0\0\x02\0\0\0\0");
    body.extend(*b"\x02\x9d\x08\x82\x3b\xd8\xa8\xea\xb5\x10\xad\x6a\xc7\x5c\x82\x3c\xfd\x3e\xd3\x1e");
    body
}

struct Repository<'s> {
    server: &'s Server,
    address: String,
    commit: String,
}

impl<'s> Repository<'s> {
    fn of(server: &'s Server, owner: &Bearer<'s>, username: &str, name: &str) -> Self {
        let made = owner.post("/api/v4/projects", &json!({ "name": name, "initialize_with_readme": true })).expect(201);
        let address = format!("/{username}/{}.git", made.json()["path"].as_str().unwrap());
        let refs = advertised(server, &address, &owner.token);
        let before = refs.split_once(" refs/heads/main\n").unwrap().0;
        Self { server, commit: before[before.len() - 40..].to_owned(), address }
    }

    fn held_push(&self, username: &str, password: &str) -> Held {
        let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{username}:{password}")));
        let headers = [("Authorization", &*basic), ("Content-Type", "application/x-git-receive-pack-request")];
        let body = push_of_a_branch(&self.commit);
        Held::begin(self.server, &format!("{}/git-receive-pack", self.address), &headers, &body, 10)
    }

    fn has_the_branch(&self, token: &str) -> bool {
        advertised(self.server, &self.address, token).contains("refs/heads/held")
    }
}

fn advertised(server: &Server, address: &str, token: &str) -> String {
    let path = format!("{address}/info/refs?service=git-upload-pack");
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("any:{token}")));
    server.anonymous().request(Method::GET, &path).header("Authorization", &basic).send().expect(200).text().to_owned()
}

/// A push was begun with a stolen token. Its owner revokes the token, and the thief sends the last bytes afterwards.
#[test]
fn a_push_that_was_under_way_when_its_token_was_revoked_changes_nothing() {
    let server = Server::start(&[]);
    let jane = server.person("jane");
    let owner = jane.token("api");
    let repository = Repository::of(&server, &owner, &jane.username, "one");

    // As it should be: held back for a while and then ended, it is an ordinary push.
    let stolen = jane.token("write_repository");
    let answer = repository.held_push("any", &stolen.token).end();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("ok refs/heads/held"), "{answer}");
    assert!(repository.has_the_branch(&owner.token));

    let repository = Repository::of(&server, &owner, &jane.username, "two");
    let held = repository.held_push("any", &stolen.token);
    owner.delete(&format!("/api/v4/personal_access_tokens/{}", stolen.id())).expect(204);
    let answer = held.end();
    assert!(!answer.contains("ok refs/heads/held"), "{answer}");
    assert!(!repository.has_the_branch(&owner.token));
}

/// The same with an account that is blocked on the command line, and with a password that is replaced.
#[test]
fn a_push_that_was_under_way_when_its_account_was_closed_changes_nothing() {
    let server = Server::start(&[]);
    let (jane, root) = (server.person("jane"), server.root().token("api"));
    let owner = jane.token("api");

    let repository = Repository::of(&server, &owner, &jane.username, "three");
    let held = repository.held_push(&jane.username, &jane.password);
    let new = new_password();
    server.jeton_with_input(&["user", "reset-password", &jane.username, "--password-stdin"], &new).expect_ok();
    assert!(!held.end().contains("ok refs/heads/held"));
    assert!(!repository.has_the_branch(&root.token));

    let held = repository.held_push("any", &owner.token);
    server.jeton(&["user", "block", &jane.username]).expect_ok();
    assert!(!held.end().contains("ok refs/heads/held"));
    assert!(!repository.has_the_branch(&root.token));
}
