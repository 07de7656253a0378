//! The doors: each turns a request into a credential and a need, and renders what the lock says in its own dialect.
//! No door imports another; this file only sends each request to its door.

mod api;
mod git;
mod journal;
mod ops;
mod unread;
mod web;

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{Router, body::Body, http::Request, response::Response};
use hyper::body::Incoming;
use jeton_core::git::GitRequest;
use tower::Service;

use crate::{
    app::App,
    edge::{Client, Peer},
    guard::Route,
    request_id::RequestId,
};

use journal::{Entry, X_REQUEST_ID};

/// All doors of one server, to be served behind the edge. Cheap to clone: each request does it.
#[derive(Clone)]
pub struct Doors(Arc<Inner>);

struct Inner {
    app: App,
    api: Router,
    git: Router,
    ops: Router,
    web: Router,
}

/// Which door a path belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Door {
    Api,
    Git,
    Ops,
    Web,
}

impl Door {
    /// The name in the log and the metrics.
    const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Git => "git",
            Self::Ops => "ops",
            Self::Web => "web",
        }
    }

    fn of(path: &str) -> Self {
        match path.strip_prefix('/').unwrap_or(path).split('/').next() {
            Some("api") => Self::Api,
            _ if is_ops(path) => Self::Ops,
            _ if GitRequest::is_address(path) => Self::Git,
            _ => Self::Web,
        }
    }
}

fn is_ops(path: &str) -> bool {
    matches!(path, "/-/health" | "/-/liveness" | "/-/readiness" | "/-/metrics")
}

impl Doors {
    /// Builds every door.
    pub fn new(app: App) -> Self {
        let (api, git, ops, web) = (api::door(&app), git::door(&app), ops::door(&app), web::door(&app));
        Self(Arc::new(Inner { app, api, git, ops, web }))
    }

    /// Every route of every door, and what it needs.
    pub fn routes() -> Vec<Route> {
        [api::routes(), git::table(), ops::routes().table().to_vec(), web::routes().table().to_vec()].concat()
    }
}

impl Inner {
    fn router(&self, door: Door) -> Router {
        match door {
            Door::Api => &self.api,
            Door::Git => &self.git,
            Door::Ops => &self.ops,
            Door::Web => &self.web,
        }
        .clone()
    }

    /// Names the request and its client, for everything behind.
    fn receive(&self, request: &mut Request<Body>, door: Door) -> Entry {
        let trusted = &self.app.config.trusted_proxies;
        let (headers, peer) = (request.headers(), request.extensions().get::<Peer>());
        let client: Option<Client> = peer.map(|peer| peer.client(headers, trusted));
        // A trusted proxy may have named the request already, so that both logs agree on it.
        let given = peer.filter(|peer| trusted.holds(peer.addr)).and_then(|_| headers.get(X_REQUEST_ID));
        let given = given.and_then(|value| RequestId::parse(value.to_str().ok()?));
        let id = given.unwrap_or_else(|| self.app.request_ids.next());
        let entry = Entry::begin(request, id, door.name(), client);
        let extensions = request.extensions_mut();
        extensions.insert(id);
        if let Some(client) = client {
            extensions.insert(client);
        }
        entry
    }
}

impl Service<Request<Incoming>> for Doors {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let (mut request, reading) = unread::watch(request);
        let door = Door::of(request.uri().path());
        let inner = Arc::clone(&self.0);
        let entry = inner.receive(&mut request, door);
        let answer = inner.router(door).call(request);
        Box::pin(async move {
            let mut answer = answer.await?;
            reading.tell(&mut answer);
            entry.finish(&mut answer, &inner.app.metrics);
            Ok(answer)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_has_its_door() {
        for (path, door) in [
            ("/api/v4/user", Door::Api),
            ("/api", Door::Api),
            ("/apis/x", Door::Web),
            ("/-/health", Door::Ops),
            ("/-/metrics", Door::Ops),
            ("/-/user_settings/personal_access_tokens", Door::Web),
            ("/jane/app.git/info/refs", Door::Git),
            ("/jane/app.git/git-upload-pack", Door::Git),
            ("/jane/app.git/HEAD", Door::Git),
            ("/jane/app/info/refs", Door::Git),
            ("/jane/app", Door::Web),
            ("/jane/app.git", Door::Web),
            ("/jane/app/-/blob/main/x.git/HEAD", Door::Web),
            ("/", Door::Web),
        ] {
            assert_eq!(Door::of(path), door, "{path}");
        }
    }
}
