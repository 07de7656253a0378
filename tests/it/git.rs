//! Git over HTTP as a protocol: statuses, headers and streams of the running program. What real git makes of them is in
//! `clients/git.rs`.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::blocking::Response;
use serde_json::json;

use crate::harness::{Answer, Bearer, Git, Server, Visitor, http, pause, wait_for};

/// A new project of this token's user: its path.
pub(crate) fn project(token: &Bearer<'_>, name: &str, visibility: &str, readme: bool) -> String {
    let fields = json!({ "name": name, "visibility": visibility, "initialize_with_readme": readme });
    let made = token.post("/api/v4/projects", &fields).expect(201).json();
    format!("/{}", made["path_with_namespace"].as_str().unwrap())
}

/// Asks with Basic credentials, or without any where the password is empty.
fn ask(server: &Server, method: reqwest::Method, path: &str, password: &str) -> Answer {
    let request = server.anonymous().request(method, path);
    if password.is_empty() {
        return request.send();
    }
    request.header("Authorization", &format!("Basic {}", BASE64_STANDARD.encode(format!("x:{password}")))).send()
}

fn refs(server: &Server, project: &str, service: &str, password: &str) -> Answer {
    ask(server, reqwest::Method::GET, &format!("{project}.git/info/refs?service={service}"), password)
}

#[test]
fn who_fetches_and_pushes_what() {
    let server = Server::shared();
    let (jane, joe) = (server.person("jane"), server.person("joe"));
    let (owner, stranger, root) = (jane.token("api"), joe.token("api"), server.root().token("api"));
    let callers = ["", &stranger.token, &owner.token, &root.token];
    for (visibility, fetch, push) in [
        ("public", [200, 200, 200, 200], [401, 403, 200, 200]),
        ("internal", [401, 200, 200, 200], [401, 403, 200, 200]),
        ("private", [401, 404, 200, 200], [401, 404, 200, 200]),
        ("missing", [401, 404, 404, 404], [401, 404, 404, 404]),
    ] {
        let path = match visibility {
            "missing" => format!("/{}/missing", jane.username),
            _ => project(&owner, &format!("{visibility}-table"), visibility, false),
        };
        for (service, expected) in [("git-upload-pack", fetch), ("git-receive-pack", push)] {
            for (caller, status) in callers.iter().zip(expected) {
                let answer = refs(server, &path, service, caller);
                assert_eq!(answer.status, status, "{visibility} {service}: {answer}");
                let challenge = answer.header("www-authenticate");
                assert_eq!(challenge, if status == 401 { "Basic realm=\"GitLab\"" } else { "" });
            }
        }
    }
}

/// Whoever may not see a project gets, byte for byte, the answer for one that does not exist.
#[test]
fn what_is_hidden_does_not_exist() {
    let server = Server::shared();
    let path = project(&server.person("jane").token("api"), "hidden", "private", true);
    let stranger = server.person("joe").token("api");
    for password in ["", &stranger.token] {
        for service in ["git-upload-pack", "git-receive-pack", "git-x"] {
            let hidden = refs(server, &path, service, password);
            let missing = refs(server, &format!("{path}-not"), service, password);
            assert_eq!((hidden.status, hidden.body), (missing.status, missing.body), "{service}");
            let names = |answer: &reqwest::header::HeaderMap| {
                answer.keys().map(ToString::to_string).collect::<std::collections::BTreeSet<_>>()
            };
            assert_eq!(names(&hidden.headers), names(&missing.headers));
        }
    }
}

#[test]
fn the_advertisement_is_never_cached() {
    let server = Server::shared();
    let token = server.person("jane").token("read_repository,api");
    let path = project(&token, "headers", "private", true);
    let answer = refs(server, &path, "git-upload-pack", &token.token).expect(200);
    assert_eq!(answer.header("content-type"), "application/x-git-upload-pack-advertisement");
    assert_eq!(answer.header("cache-control"), "no-cache, max-age=0, must-revalidate");
    assert_eq!(answer.header("expires"), "Fri, 01 Jan 1980 00:00:00 GMT");
    assert_eq!(answer.header("pragma"), "no-cache");
    assert!(answer.text().starts_with("001e# service=git-upload-pack\n0000"));
    assert!(answer.text().contains(" HEAD\0") && answer.text().contains("symref=HEAD:refs/heads/main"));
}

#[test]
fn an_address_without_the_suffix_leads_to_the_one_with_it() {
    let server = Server::shared();
    let token = server.person("jane").token("api");
    let path = project(&token, "moved", "public", true);
    let query = "service=git-upload-pack";
    let get = |path: &str| ask(server, reqwest::Method::GET, path, "");
    let moved = get(&format!("{path}/info/refs?{query}&private_token={}", token.token)).expect(301);
    assert_eq!(moved.header("location"), format!("{path}.git/info/refs?{query}"));
    assert_eq!(get(&format!("{path}/info/refs")).expect(301).header("location"), format!("{path}.git/info/refs"));
    assert_eq!(get(&format!("{path}/info/refs?service=x")).expect(302).header("location"), "/users/sign_in");
    ask(server, reqwest::Method::POST, &format!("{path}/git-upload-pack"), "").expect(404);
    let head = ask(server, reqwest::Method::HEAD, &format!("{path}.git/info/refs?{query}"), "").expect(403);
    assert!(head.body.is_empty());
    get(&format!("{path}.git/HEAD")).expect(404);
    get(&format!("{path}.git/objects/info/packs")).expect(404);
}

/// A revocation is in force for Git before it is answered.
#[test]
fn a_revoked_token_is_dead_at_once() {
    let server = Server::shared();
    let jane = server.person("jane");
    let (token, other) = (jane.token("api"), jane.token("api"));
    let path = project(&token, "revoked", "public", true);
    refs(server, &path, "git-upload-pack", &other.token).expect(200);
    token.delete(&format!("/api/v4/personal_access_tokens/{}", other.id())).expect(204);
    let answer = refs(server, &path, "git-upload-pack", &other.token).expect(401);
    assert!(answer.text().starts_with("HTTP Basic: Access denied. The token was revoked on "), "{answer}");
    assert!(answer.text().contains("/-/user_settings/personal_access_tokens"));
}

/// Git's use of a token shows where its owner looks for it.
#[test]
fn using_a_token_for_git_is_a_use() {
    let server = Server::shared();
    let jane = server.person("jane");
    let (api, token) = (jane.token("api"), jane.token("read_repository"));
    let path = project(&api, "used", "private", true);
    refs(server, &path, "git-upload-pack", &token.token).expect(200);
    let tokens = api.get("/api/v4/personal_access_tokens").expect(200).json();
    let used = tokens.as_array().unwrap().iter().filter(|token| !token["last_used_at"].is_null());
    assert_eq!(used.count(), 2, "{tokens}");
}

/// The request of a whole clone, protocol version 2.
fn whole_clone(commit: &str) -> String {
    let line = |text: &str| format!("{:04x}{text}\n", text.len() + 5);
    format!("{}0001{}{}0000", line("command=fetch"), line(&format!("want {commit}")), line("done"))
}

/// A client that is killed takes its git with it.
#[test]
fn a_client_that_is_killed_leaves_no_git_behind() {
    let server = Server::start(&[]);
    let (owner, path, commit) = pushed(&server, "large", 40);
    let body = whole_clone(&commit);
    let mut socket = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    let authorization = BASE64_STANDARD.encode(format!("x:{}", owner.token));
    write!(
        socket,
        "POST {path}.git/git-upload-pack HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {authorization}\r\n\
         Git-Protocol: version=2\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut first = [0; 8192];
    socket.read_exact(&mut first).unwrap();
    assert!(first.starts_with(b"HTTP/1.1 200 OK\r\n"));
    assert!(!gits(&server).is_empty());
    drop(socket);
    wait_for("git to end", || gits(&server).is_empty().then_some(()));
}

/// A repository that is damaged fails at the client, and the log says why.
#[test]
fn a_damaged_repository_reaches_the_client_and_the_log() {
    let server = Server::start(&[]);
    let (owner, path, commit) = pushed(&server, "damaged", 3);
    damage(&server.data_dir().join("repositories"));
    let answer = fetch_all(&server, &owner, &path, &commit).and_then(Response::bytes);
    assert!(answer.is_err(), "half a clone must not look like a whole one");
    wait_for("the log", || server.log().contains("git failed").then_some(()));
    assert!(server.log().contains("git ended with exit status"), "{}", server.log());
}

/// Pushes of hundreds of megabytes go through the server, not into it.
#[test]
fn a_large_push_and_its_clone_take_no_memory() {
    let server = Server::start(&[("JETON_LOG", "info")]);
    let before = peak_memory(&server);
    let (owner, path, commit) = pushed(&server, "huge", 300);
    let mut pack = fetch_all(&server, &owner, &path, &commit).unwrap();
    assert!(std::io::copy(&mut pack, &mut std::io::sink()).unwrap() > 300 << 20);
    let grown = peak_memory(&server) - before;
    assert!(grown < 16 << 10, "the server's memory grew by {grown} KiB");
}

/// Asks for everything below a commit, as a clone does, without a git that looks at it.
fn fetch_all(server: &Server, owner: &Bearer<'_>, path: &str, commit: &str) -> reqwest::Result<Response> {
    let authorization = format!("Basic {}", BASE64_STANDARD.encode(format!("x:{}", owner.token)));
    let request = http().post(server.url(&format!("{path}.git/git-upload-pack"))).body(whole_clone(commit));
    request.header("Authorization", authorization).header("Git-Protocol", "version=2").send()
}

/// A project of a new person's into which so many megabytes of noise were pushed.
fn pushed<'s>(server: &'s Server, name: &str, megabytes: usize) -> (Bearer<'s>, String, String) {
    let token = server.person("jane").token("api");
    let path = project(&token, name, "private", false);
    let git = Git::new();
    git.repository("work", &[]);
    // Stored as it is, so that it is as large on its way.
    git.run("work", &["config", "core.compression", "0"]).expect_ok();
    git.write("work/noise", noise(1 << 20).repeat(megabytes));
    git.commit("work", "Make noise");
    let url = server.url_as("x", &token.token, &format!("{path}.git"));
    git.run("work", &["push", "--quiet", &url, "main"]).expect_ok();
    let commit = git.run("work", &["rev-parse", "HEAD"]).expect_ok().trim().to_owned();
    (token, path, commit)
}

/// Bytes that do not compress, the same in every run. Repeated beyond what zlib looks back to, they do not either.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// The most memory that the server ever held, in KiB.
fn peak_memory(server: &Server) -> u64 {
    // What was just freed or is still on its way is not a leak.
    pause(Duration::from_millis(100));
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The processes that work on the server's repositories.
fn gits(server: &Server) -> Vec<String> {
    let mark = server.data_dir().join("repositories").display().to_string();
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let command = |entry: std::fs::DirEntry| std::fs::read_to_string(entry.path().join("cmdline")).ok();
    processes.filter_map(command).filter(|command| command.contains(&mark) && command.starts_with("git")).collect()
}

/// Overwrites the middle of every large file below a directory.
fn damage(directory: &std::path::Path) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            damage(&path);
        } else if path.metadata().unwrap().len() > 1 << 20 {
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle..middle + 4096].fill(0);
            std::fs::remove_file(&path).unwrap();
            std::fs::write(&path, bytes).unwrap();
        }
    }
}
