#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
//! The backend with real git at the other end, and with clients that no git would be. Nobody is asked for a
//! credential here.

mod door;
mod exchanges;
mod rude;

use std::{
    path::{Path, PathBuf},
    process::Output,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jeton_core::{
    git::{BranchName, GitRequest, Step},
    id::ProjectId,
};
use tempfile::TempDir;

use super::{
    backend::{Backend, End, Limits, Serving},
    protocol::{Encoding, Version},
};
use crate::{
    repositories::{Git, Repositories},
    underway::Underway,
};

/// The project that every test works on.
const PROJECT: ProjectId = ProjectId(7);

/// A server of one repository, without any lock.
struct Server {
    data: TempDir,
    repositories: Repositories,
    url: String,
    open: Open,
}

/// What the server's handler knows and notes.
#[derive(Clone)]
struct Open {
    backend: Backend,
    /// What each request looked like: `upload-pack gzip`, `receive-pack chunked`.
    seen: Arc<Mutex<Vec<String>>>,
}

async fn serve(limits: Limits) -> Server {
    let data = tempfile::tempdir().unwrap();
    let repositories = Repositories::below(data.path().join("repositories"), Git::default());
    repositories.create(PROJECT, BranchName::parse("main").unwrap(), None).await.unwrap();
    let open = Open {
        backend: Backend::new(repositories.clone(), limits, Arc::new(|_| Box::pin(async {}))),
        seen: Arc::default(),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/n/p.git", listener.local_addr().unwrap());
    let router = router(&open);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    Server { data, repositories, url, open }
}

fn router(open: &Open) -> Router {
    Router::new().fallback(handle).with_state(open.clone())
}

async fn handle(State(open): State<Open>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let asked = GitRequest::parse(parts.method.as_str(), parts.uri.path(), parts.uri.query()).unwrap();
    let mut note = asked.service.command().to_owned();
    for name in ["content-encoding", "transfer-encoding", "git-protocol"] {
        if let Some(value) = parts.headers.get(name) {
            note.push(' ');
            note.push_str(value.to_str().unwrap());
        }
    }
    open.seen.lock().unwrap().push(note);
    let serving = Serving::unguarded(PROJECT, asked.service, Version::asked_for(&parts.headers));
    let answer = match asked.step {
        Step::Advertise => open.backend.advertise(serving).await,
        Step::Exchange => {
            let place = Arc::new(Underway::default()).enter(Box::new(|| Box::pin(std::future::ready(true))));
            open.backend.exchange(serving, place, Encoding::of(&parts.headers).unwrap(), body).await
        }
    };
    answer.unwrap_or_else(|end| (status(&end), end.to_string()).into_response())
}

fn status(end: &End) -> StatusCode {
    match end {
        End::Busy => StatusCode::SERVICE_UNAVAILABLE,
        End::Revoked => StatusCode::FORBIDDEN,
        End::BadGzip | End::Senseless(_) | End::ClientLeft => StatusCode::BAD_REQUEST,
        End::ClientSilent => StatusCode::REQUEST_TIMEOUT,
        End::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        End::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl Server {
    fn repository(&self) -> PathBuf {
        self.repositories.directory(PROJECT)
    }

    fn seen(&self) -> Vec<String> {
        std::mem::take(&mut *self.open.seen.lock().unwrap())
    }

    /// A directory of the client's.
    fn path(&self, name: &str) -> PathBuf {
        self.data.path().join(name)
    }

    /// A working copy with some commits, whose `origin` is the server.
    async fn working_copy(&self, commits: usize) -> PathBuf {
        let copy = self.path("work");
        git(self.data.path(), &["init", "--quiet", "-b", "main", "work"]).await;
        git(&copy, &["remote", "add", "origin", &self.url]).await;
        for number in 0..commits {
            commit(&copy, &format!("file{number}"), format!("content {number}\n").as_bytes()).await;
        }
        copy
    }

    async fn request(&self, request: Request<Body>) -> Response {
        tower::ServiceExt::oneshot(router(&self.open), request).await.unwrap()
    }
}

async fn commit(copy: &Path, name: &str, content: &[u8]) {
    std::fs::write(copy.join(name), content).unwrap();
    git(copy, &["add", name]).await;
    git(copy, &["commit", "--quiet", "-m", name]).await;
}

/// The client's git, as it is on a machine where nobody configured anything.
fn client(directory: &Path, arguments: &[&str]) -> tokio::process::Command {
    let mut command = tokio::process::Command::new("git");
    command.current_dir(directory).args(arguments).kill_on_drop(true);
    for name in ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"] {
        command.env(name, "/dev/null");
    }
    for name in ["GIT_AUTHOR", "GIT_COMMITTER"] {
        command.env(format!("{name}_NAME"), "Jane").env(format!("{name}_EMAIL"), "jane@example.com");
    }
    command.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
    command
}

async fn try_git(directory: &Path, arguments: &[&str]) -> Output {
    client(directory, arguments).output().await.unwrap()
}

async fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = try_git(directory, arguments).await;
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Bytes that do not compress, the same in every run.
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
