//! Clients that leave, keep still or send nonsense, and repositories that are broken.

use std::{io::Write as _, time::Duration};

use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// The request of a whole clone, protocol version 2.
fn whole_clone(commit: &str) -> String {
    let line = |text: &str| format!("{:04x}{text}\n", text.len() + 5);
    format!("{}0001{}{}0000", line("command=fetch"), line(&format!("want {commit}")), line("done"))
}

/// The processes that work on the server's repository.
fn gits(server: &Server) -> Vec<String> {
    let mark = server.data.path().to_str().unwrap().to_owned();
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let command = |entry: std::fs::DirEntry| std::fs::read_to_string(entry.path().join("cmdline")).ok();
    processes.filter_map(command).filter(|command| command.contains(&mark) && command.starts_with("git")).collect()
}

async fn none_left(server: &Server) {
    for _ in 0..500 {
        if gits(server).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("still there: {:?}", gits(server));
}

fn post(service: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(format!("/n/p.git/{service}")).header("git-protocol", "version=2").body(body.into()).unwrap()
}

fn compressed(service: &str, body: Vec<u8>) -> Request<Body> {
    let mut request = post(service, body);
    request.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
    request
}

/// A body that begins and never goes on.
fn endless(start: &'static str) -> Body {
    use futures_util::StreamExt;
    let start = futures_util::stream::iter([Ok::<_, std::io::Error>(start)]);
    Body::from_stream(start.chain(futures_util::stream::pending()))
}

async fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = async_compression::tokio::write::GzipEncoder::new(Vec::new());
    encoder.write_all(bytes).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

async fn pushed(server: &Server, megabytes: usize) -> String {
    let copy = server.working_copy(0).await;
    commit(&copy, "noise", &noise(megabytes << 20)).await;
    git(&copy, &["push", "--quiet", "origin", "main"]).await;
    git(&copy, &["rev-parse", "HEAD"]).await
}

#[tokio::test]
async fn a_client_that_leaves_takes_git_with_it() {
    let server = serve(Limits { at_once: 1, ..Limits::default() }).await;
    let commit = pushed(&server, 30).await;
    let body = whole_clone(&commit);
    let address = server.url.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = "POST /n/p.git/git-upload-pack HTTP/1.1\r\nHost: x\r\nGit-Protocol: version=2\r\n";
    socket.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).await.unwrap();
    let mut first = [0; 10_000];
    socket.read_exact(&mut first).await.unwrap();
    assert!(first.starts_with(b"HTTP/1.1 200 OK\r\n"));
    assert!(!gits(&server).is_empty());
    drop(socket);
    none_left(&server).await;
    let again = server.request(post("git-upload-pack", whole_clone(&commit))).await;
    assert_eq!(again.status(), StatusCode::OK, "its place is free again");
}

#[tokio::test]
async fn a_killed_push_leaves_nothing_behind() {
    let server = serve(Limits::default()).await;
    let commands = "0000000000000000000000000000000000000000 95e5a1d4f4dcb0cf0c3b4e9e6ab1a5cb5ba5d1e5 refs/heads/x\0";
    let start: &'static str = format!("{:04x}{commands}0000PACK", commands.len() + 4).leak();
    let request = Request::post("/n/p.git/git-receive-pack").body(endless(start)).unwrap();
    let answer = tokio::time::timeout(Duration::from_millis(500), server.request(request)).await;
    assert!(answer.is_err(), "git waits for the rest");
    none_left(&server).await;
    let objects = std::fs::read_dir(server.repository().join("objects")).unwrap();
    let names: Vec<_> = objects.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!names.iter().any(|name| name.starts_with("tmp")), "{names:?}");
}

#[tokio::test]
async fn a_client_that_keeps_still_is_sent_away() {
    let server = serve(Limits { idle: Duration::from_millis(200), ..Limits::default() }).await;
    for service in ["git-upload-pack", "git-receive-pack"] {
        let response = server.request(post(service, endless("00"))).await;
        assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    }
    none_left(&server).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut() {
    let server = serve(Limits { idle: Duration::from_millis(200), ..Limits::default() }).await;
    let commit = pushed(&server, 10).await;
    let response = server.request(post("git-upload-pack", whole_clone(&commit))).await;
    assert_eq!(response.status(), StatusCode::OK);
    none_left(&server).await;
    assert!(response.into_body().collect().await.is_err());
}

#[tokio::test]
async fn nonsense_is_told_apart() {
    let server = serve(Limits { fetch_request: 1 << 20, ..Limits::default() }).await;
    let status = async |request| server.request(request).await.status();
    assert_eq!(status(compressed("git-upload-pack", b"no gzip at all".to_vec())).await, StatusCode::BAD_REQUEST);
    let whole = gzip(b"0000").await;
    assert_eq!(status(compressed("git-receive-pack", whole.clone())).await, StatusCode::OK);
    assert_eq!(status(compressed("git-receive-pack", [&*whole, b"more"].concat())).await, StatusCode::BAD_REQUEST);
    let half = whole[..whole.len() / 2].to_vec();
    assert_eq!(status(compressed("git-receive-pack", half)).await, StatusCode::BAD_REQUEST);
    for body in ["nonsense", "0012command=evil!\n0000"] {
        assert_eq!(status(post("git-upload-pack", body)).await, StatusCode::BAD_REQUEST, "{body}");
    }
    for body in ["", "nonsense", "00b00000"] {
        assert_eq!(status(post("git-receive-pack", body)).await, StatusCode::BAD_REQUEST, "{body}");
    }
    let bomb = gzip(&vec![b'0'; 1 << 26]).await;
    assert!(bomb.len() < 1 << 17);
    assert_eq!(status(compressed("git-upload-pack", bomb)).await, StatusCode::PAYLOAD_TOO_LARGE);
    none_left(&server).await;
}

#[tokio::test]
async fn nobody_waits_in_a_queue_that_is_full() {
    use futures_util::FutureExt;
    let server = serve(Limits { at_once: 1, waiting: 1, ..Limits::default() }).await;
    let ask = |body: Body| Box::pin(server.request(post("git-upload-pack", body)));
    let mut first = ask(endless("0014command=ls-refs\n00"));
    assert!((&mut first).now_or_never().is_none(), "it is served and never ends");
    let mut second = ask("0000".into());
    assert!((&mut second).now_or_never().is_none(), "it waits for the first");
    assert_eq!(ask("0000".into()).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    drop(first);
    assert_eq!(second.await.status(), StatusCode::OK);
}

#[tokio::test]
async fn nobody_waits_for_ever() {
    use futures_util::FutureExt;
    let server = serve(Limits { at_once: 1, wait: Duration::from_millis(50), ..Limits::default() }).await;
    let mut first = Box::pin(server.request(post("git-upload-pack", endless("0014command=ls-refs\n00"))));
    assert!((&mut first).now_or_never().is_none());
    let second = server.request(post("git-upload-pack", "0000")).await;
    assert_eq!(second.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_missing_repository_has_a_status_and_a_broken_one_is_cut() {
    let server = serve(Limits::default()).await;
    let commit = pushed(&server, 3).await;
    damage(&server.repository());
    let response = server.request(post("git-upload-pack", whole_clone(&commit))).await;
    let body = response.into_body().collect().await;
    assert!(body.is_err(), "half a clone must not look like a whole one");
    let output = try_git(server.data.path(), &["clone", &server.url, "clone"]).await;
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains("possible repository corruption on the remote side"), "{told}");

    std::fs::remove_dir_all(server.repository()).unwrap();
    let request = Request::get("/n/p.git/info/refs?service=git-upload-pack").body(Body::empty()).unwrap();
    let response = server.request(request).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

/// Overwrites the middle of every object and pack.
fn damage(repository: &Path) {
    for directory in std::fs::read_dir(repository.join("objects")).unwrap() {
        for file in std::fs::read_dir(directory.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let length = path.metadata().unwrap().len();
            if length > 1 << 20 {
                let mut bytes = std::fs::read(&path).unwrap();
                let middle = bytes.len() / 2;
                bytes[middle..middle + 4096].fill(0);
                std::fs::remove_file(&path).unwrap();
                std::fs::File::create(&path).unwrap().write_all(&bytes).unwrap();
            }
        }
    }
}
