//! Serves repositories: what git-http-backend(1) does, without a process of its own between the client and git.
//!
//! That a request may be served is proven by the [`Grant`] of which a [`Serving`] is made. Both directions are streamed. The answer's head is sent with the
//! first bytes that git prints, so that a git which fails before them gets a status of its own; one that fails after
//! them has its answer cut, so that no client takes half a repository for a whole one.

use std::{path::Path, sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{StreamExt, future::BoxFuture, stream};
use jeton_core::{
    git::{BranchName, Service, Step},
    id::ProjectId,
    project::Project,
};
use jeton_store::By;
use tokio::{
    process::ChildStdout,
    sync::{OnceCell, OwnedSemaphorePermit, Semaphore, mpsc},
};
use tracing::Instrument;

use super::{
    pipe::{Inlet, Outlet, pass_on},
    protocol::{Encoding, Version},
};
use crate::{
    guard::{FetchCode, Grant, Need, PushCode},
    repositories::{GitProcess, Invocation, Repositories, complaint},
    underway::Place,
};

/// How much is served at once, and for how long one side may keep the other waiting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Git processes that serve requests at once.
    pub(super) at_once: usize,
    /// Requests that may wait for one of them to end; they are served in the order in which they came.
    pub(super) waiting: usize,
    /// For how long one may wait.
    pub(super) wait: Duration,
    /// For how long a client may neither send what it owes nor take what it is sent.
    pub(super) idle: Duration,
    /// Bytes, inflated, of the request of a fetch: some fifty for each commit that it wants or has.
    pub(super) fetch_request: u64,
}

impl Default for Limits {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            at_once: (8 * cores).max(32),
            waiting: 512,
            wait: Duration::from_secs(30),
            idle: Duration::from_mins(2),
            fetch_request: 128 * 1024 * 1024,
        }
    }
}

/// How an exchange ended before its time.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum End {
    /// The client hung up.
    #[error("the client left")]
    ClientLeft,
    /// The client neither sent nor took anything for too long.
    #[error("the client kept still for too long")]
    ClientSilent,
    /// The request's body is no gzip, or only a part of one.
    #[error("the request's body is not valid gzip")]
    BadGzip,
    /// The request's body is larger than a request of this kind ever is.
    #[error("the request's body is too large")]
    TooLarge,
    /// Git understood the request's body as little as its sender. The text is git's, for the log.
    #[error("the request's body is not what git understands")]
    Senseless(String),
    /// What allowed the request was taken away while it was under way.
    #[error("what allowed it was taken away while it was under way")]
    Revoked,
    /// Too many requests are being served and waiting.
    #[error("too many Git requests at once")]
    Busy,
    /// Git failed, or talking to it did. The text is for the log.
    #[error("{0}")]
    Broken(String),
}

/// A need that git can serve.
pub(super) trait Serves: Need<On = Project> {
    /// By which service.
    const SERVICE: Service;
}

impl Serves for FetchCode {
    const SERVICE: Service = Service::UploadPack;
}

impl Serves for PushCode {
    const SERVICE: Service = Service::ReceivePack;
}

/// Which repository is served, and how. Only a grant makes one.
#[derive(Clone, Debug)]
pub(super) struct Serving {
    project: ProjectId,
    service: Service,
    version: Version,
    by: By,
    /// What whoever pushes is told besides.
    hint: Option<String>,
}

impl Serving {
    /// What the lock let in, in the version that the client asks for.
    pub(super) fn granted<N: Serves>(grant: &Grant<N>, version: Version, hint: Option<String>) -> Self {
        Self { hint, ..Self::new(grant.on().id, N::SERVICE, version, grant.by()) }
    }

    fn new(project: ProjectId, service: Service, asked: Version, by: By) -> Self {
        Self { project, service, version: asked.spoken_by(service), by, hint: None }
    }
}

#[cfg(test)]
impl Serving {
    /// What no lock was asked about.
    pub(super) fn unguarded(project: ProjectId, service: Service, asked: Version) -> Self {
        Self::new(project, service, asked, By::local(jeton_store::Means::Server))
    }
}

/// A push that git has done.
#[derive(Debug)]
pub(super) struct Push {
    /// What was pushed to.
    pub(super) project: ProjectId,
    /// Who pushed.
    pub(super) by: By,
    /// The branch that a clone checks out from now on, if this push decided that.
    pub(super) branch: Option<BranchName>,
}

/// What is done with a push before the client learns that it is done.
pub(super) type AfterPush = Arc<dyn Fn(Push) -> BoxFuture<'static, ()> + Send + Sync>;

/// Serves repositories.
#[derive(Clone)]
pub(super) struct Backend {
    repositories: Repositories,
    after_push: AfterPush,
    limits: Limits,
    serving: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    capabilities: Arc<OnceCell<Bytes>>,
}

impl Backend {
    /// Serves these repositories within these limits.
    pub(super) fn new(repositories: Repositories, limits: Limits, after_push: AfterPush) -> Self {
        let serving = Arc::new(Semaphore::new(limits.at_once));
        let waiting = Arc::new(Semaphore::new(limits.waiting));
        Self { repositories, after_push, limits, serving, waiting, capabilities: Arc::default() }
    }

    /// Answers `GET …/info/refs?service=…`.
    pub(super) async fn advertise(&self, serving: Serving) -> Result<Response, End> {
        let service = serving.service.name();
        let body = match serving.version {
            Version::V0 | Version::V1 => {
                self.start(serving, None, Step::Advertise, self.nothing()).await?.body(announcement(service))
            }
            // The same for every repository, so git is asked once: a fetch that brings nothing costs one process, not two.
            Version::V2 => self.capabilities.get_or_try_init(|| self.capabilities(serving)).await?.clone().into(),
        };
        Ok(respond(&format!("application/x-{service}-advertisement"), body))
    }

    /// What git can do in the second version of the protocol.
    async fn capabilities(&self, serving: Serving) -> Result<Bytes, End> {
        const MOST: usize = 64 * 1024;
        let body = self.start(serving, None, Step::Advertise, self.nothing()).await?.body(Bytes::new());
        axum::body::to_bytes(body, MOST).await.map_err(|error| End::Broken(error.to_string()))
    }

    fn nothing(&self) -> Inlet {
        Inlet { body: Body::empty(), encoding: Encoding::Identity, limit: None, idle: self.limits.idle }
    }

    /// Answers `POST …/git-upload-pack` and `POST …/git-receive-pack`.
    pub(super) async fn exchange(
        &self,
        serving: Serving,
        place: Place,
        encoding: Encoding,
        body: Body,
    ) -> Result<Response, End> {
        let limit = (serving.service == Service::UploadPack).then_some(self.limits.fetch_request);
        let inlet = Inlet { body, encoding, limit, idle: self.limits.idle };
        let content_type = format!("application/x-{}-result", serving.service.name());
        let hint = serving.hint.clone().filter(|_| serving.service == Service::ReceivePack);
        let answer = self.start(serving, Some(place), Step::Exchange, inlet).await?;
        let before = hint.filter(|_| answer.comes_in_bands()).map(|hint| progress(&hint)).unwrap_or_default();
        Ok(respond(&content_type, answer.body(before)))
    }

    /// Starts git and waits for the first thing that it says.
    async fn start(&self, serving: Serving, place: Option<Place>, step: Step, inlet: Inlet) -> Result<Answer, End> {
        let permit = self.permit().await?;
        let directory = self.repositories.directory(serving.project);
        let process = self.spawn(&directory, &serving, step)?;
        let (outlet, mut rest) = mpsc::channel(1);
        let exchange = Exchange {
            process,
            repositories: self.repositories.clone(),
            after_push: Arc::clone(&self.after_push),
            serving,
            place,
            idle: self.limits.idle,
            _permit: permit,
        };
        tokio::spawn(exchange.run(inlet, outlet).in_current_span());
        let first = rest.recv().await.transpose()?.unwrap_or_default();
        Ok(Answer { first, rest })
    }

    fn spawn(&self, directory: &Path, serving: &Serving, step: Step) -> Result<GitProcess, End> {
        let command = Invocation::new(serving.service.command());
        let command = command.protocol(serving.version.environment()).arg("--stateless-rpc");
        let command = match step {
            Step::Advertise => command.arg("--http-backend-info-refs"),
            Step::Exchange => command,
        };
        self.repositories.git().start(command.arg("--").arg(directory)).map_err(|error| {
            tracing::error!(request_id = serving.by.request_id, %error, "git cannot serve");
            End::Broken(error.to_string())
        })
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, End> {
        if let Ok(permit) = Arc::clone(&self.serving).try_acquire_owned() {
            return Ok(permit);
        }
        let _place = self.waiting.try_acquire().map_err(|_| End::Busy)?;
        let turn = tokio::time::timeout(self.limits.wait, Arc::clone(&self.serving).acquire_owned()).await;
        // The inner error would mean that the semaphore was closed, which nobody does.
        turn.ok().and_then(Result::ok).ok_or(End::Busy)
    }
}

/// The line with which the older versions announce the service, and the packet that ends the announcement.
fn announcement(service: &str) -> Bytes {
    let line = format!("# service={service}\n");
    format!("{:04x}{line}0000", line.len() + 4).into()
}

/// The packet of the second band that shows its user this text.
fn progress(text: &str) -> Bytes {
    format!("{:04x}\u{2}{text}", text.len() + 5).into()
}

/// What git says: its first piece, and the rest as it comes.
struct Answer {
    first: Bytes,
    rest: mpsc::Receiver<Result<Bytes, End>>,
}

impl Answer {
    /// Whether each packet says to which band it belongs (gitprotocol-common(5), gitprotocol-pack(5)): then others can be
    /// put before it.
    fn comes_in_bands(&self) -> bool {
        matches!(self.first.get(4), Some(1..=3))
    }

    /// Everything that git says, after `before`.
    fn body(self, before: Bytes) -> Body {
        let start = stream::iter([before, self.first]).filter(|piece| std::future::ready(!piece.is_empty())).map(Ok);
        let rest = stream::unfold(self.rest, async |mut rest| rest.recv().await.map(|piece| (piece, rest)));
        Body::from_stream(start.chain(rest))
    }
}

fn respond(content_type: &str, body: Body) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    if let Ok(content_type) = HeaderValue::from_str(content_type) {
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    never_cached(headers);
    response
}

/// The headers with which git-http-backend forbids caching.
pub(super) fn never_cached(headers: &mut HeaderMap) {
    const FORBIDDEN: [(HeaderName, &str); 3] = [
        (header::EXPIRES, "Fri, 01 Jan 1980 00:00:00 GMT"),
        (header::PRAGMA, "no-cache"),
        (header::CACHE_CONTROL, "no-cache, max-age=0, must-revalidate"),
    ];
    headers.extend(FORBIDDEN.map(|(name, value)| (name, HeaderValue::from_static(value))));
}

/// Whether git gave up because of what the client sent, by the words that it has for that. Git ends with the same status
/// whatever happens, and a stranger's nonsense must not look like a failure of the server.
fn blames_the_request(complaint: &str) -> bool {
    const WORDS: [&str; 7] = [
        "protocol error",
        "the remote end hung up unexpectedly",
        "invalid command",
        "unknown object format",
        "expected flush after",
        "unexpected line",
        "not our ref",
    ];
    WORDS.iter().any(|words| complaint.contains(words))
}

/// Bytes of the request with which git finds out whether it may push, before it sends much: an empty packet.
const PROBE: u64 = 4;

/// A client that does not take its answer does not get this either.
async fn tell(outlet: &Outlet, end: End, idle: Duration) {
    let _ = tokio::time::timeout(idle, outlet.send(Err(end))).await;
}

/// Waits until what allowed the request is taken away.
async fn revoked(place: Option<&Place>) {
    match place {
        Some(place) => place.revoked().await,
        None => std::future::pending().await,
    }
}

/// One git at work for one request.
struct Exchange {
    process: GitProcess,
    repositories: Repositories,
    after_push: AfterPush,
    serving: Serving,
    /// What a change that takes authority away asks, and waits for. An announcement is over before it could.
    place: Option<Place>,
    idle: Duration,
    _permit: OwnedSemaphorePermit,
}

impl Exchange {
    /// Carries the exchange to its end: git's own, or the client's leaving.
    async fn run(mut self, inlet: Inlet, outlet: Outlet) {
        let place = self.place.take();
        let end = tokio::select! {
            () = revoked(place.as_ref()) => Err(End::Revoked),
            () = outlet.closed() => Err(End::ClientLeft),
            end = self.transfer(inlet, &outlet) => end,
        };
        let Err(end) = end else { return };
        self.note(&end);
        let Self { process, idle, .. } = self;
        if end == End::Revoked {
            // Whoever took the authority away waits for git's end, and not for a client that may keep still.
            process.end().await;
            drop(place);
            tell(&outlet, end, idle).await;
        } else {
            tell(&outlet, end, idle).await;
            drop(outlet);
            process.end().await;
        }
    }

    async fn transfer(&mut self, inlet: Inlet, outlet: &Outlet) -> Result<(), End> {
        let (Some(stdin), Some(stdout)) = (self.process.stdin.take(), self.process.stdout.take()) else {
            return Err(End::Broken("git was started without pipes".into()));
        };
        let (fed, ()) = tokio::try_join!(inlet.feed(stdin), self.answer(stdout, outlet))?;
        if self.serving.service == Service::ReceivePack && fed > PROBE {
            self.after_push().await;
        }
        Ok(())
    }

    /// Passes on what git says, and judges how it ended. If it failed, nobody waits for the rest of the request.
    async fn answer(&mut self, stdout: ChildStdout, outlet: &Outlet) -> Result<(), End> {
        let complaint = complaint(self.process.stderr.take());
        let (passed, complaint) = tokio::join!(pass_on(stdout, outlet, self.idle), complaint);
        passed?;
        match self.process.wait().await {
            Ok(status) if status.success() => Ok(()),
            Ok(_) if blames_the_request(&complaint) => Err(End::Senseless(complaint)),
            Ok(status) => Err(End::Broken(format!("git ended with {status}: {complaint}"))),
            Err(error) => Err(End::Broken(format!("waiting for git failed: {error}"))),
        }
    }

    /// The client is told that its push is done only after this.
    async fn after_push(&self) {
        let project = self.serving.project;
        let branch = self.repositories.after_push(project).await.unwrap_or_else(|error| {
            tracing::warn!(project = project.0, %error, "a pushed repository could not be looked after");
            None
        });
        (self.after_push)(Push { project, by: self.serving.by.clone(), branch }).await;
    }

    fn note(&self, end: &End) {
        let (project, service) = (self.serving.project.0, self.serving.service.name());
        let request_id = self.serving.by.request_id.as_deref();
        if let End::Broken(_) = end {
            tracing::warn!(request_id, project, service, %end, "git failed");
        } else if let End::Senseless(complaint) = end {
            tracing::debug!(request_id, project, service, complaint, "git did not understand the request");
        } else {
            tracing::debug!(request_id, project, service, %end, "an exchange ended early");
        }
    }
}
