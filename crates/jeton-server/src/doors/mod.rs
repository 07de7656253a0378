//! The doors: each turns a request into a credential and a need, and renders what the lock says in its own dialect.
//! No door imports another; this file only sends each request to its door.

mod api;
mod git;
mod ops;
mod unread;
mod web;

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Router,
    extract::Request,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use jeton_core::git::GitRequest;
use tower::Service;

use crate::{
    app::App,
    edge::{Client, Peer, Refuse, Unfit},
    exchange::{Exchange, X_REQUEST_ID},
    guard::Route,
    metrics::DoorMetrics,
    request_id::RequestId,
};

/// Which door a path belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Door {
    Api,
    Git,
    Ops,
    Web,
}

impl Door {
    const ALL: [Self; 4] = [Self::Api, Self::Git, Self::Ops, Self::Web];

    fn of(path: &str) -> Self {
        match path.strip_prefix('/').unwrap_or(path).split('/').next() {
            Some("api") => Self::Api,
            _ if ops::is_address(path) => Self::Ops,
            _ if GitRequest::is_address(path) => Self::Git,
            _ => Self::Web,
        }
    }

    /// For the log and the metrics.
    const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Git => "git",
            Self::Ops => "ops",
            Self::Web => "web",
        }
    }

    fn table(self) -> Vec<Route> {
        match self {
            Self::Api => api::routes(),
            Self::Git => git::table(),
            Self::Ops => ops::routes().table().to_vec(),
            Self::Web => web::routes().table().to_vec(),
        }
    }

    /// What the edge refuses, in the door's own words.
    fn refuse(self, unfit: Unfit, app: &App, id: RequestId) -> Response {
        match self {
            Self::Api => api::refuse(unfit),
            Self::Git => git::refuse(unfit),
            Self::Ops => ops::refuse(unfit),
            Self::Web => web::refuse(unfit, app, id),
        }
    }

    fn open(self, app: &App) -> Router {
        match self {
            Self::Api => api::door(app),
            Self::Git => git::door(app),
            Self::Ops => ops::door(app),
            Self::Web => web::door(app),
        }
    }
}

/// All doors of one server, to be served behind the edge. Cheap to clone: each request does it.
#[derive(Clone)]
pub struct Doors(Arc<House>);

struct House {
    app: App,
    /// In the order of [`Door::ALL`].
    rooms: [Room; Door::ALL.len()],
}

/// What is behind a door.
struct Room {
    router: Router,
    metrics: Arc<DoorMetrics>,
}

impl Doors {
    /// Builds every door.
    pub fn new(app: App) -> Self {
        let tables = || Door::ALL.map(|door| (door.name(), door.table())).into();
        let metrics = app.metrics.doors(tables);
        let rooms =
            Door::ALL.map(|door| Room { router: door.open(&app), metrics: Arc::clone(&metrics[door as usize]) });
        Self(Arc::new(House { app, rooms }))
    }

    /// Every route of every door.
    pub fn routes() -> Vec<Route> {
        Door::ALL.into_iter().flat_map(Door::table).collect()
    }
}

impl House {
    /// Names the request and its client, for everything behind, and takes it in hand.
    fn receive<B>(&self, request: &mut Request<B>, room: &Room) -> Exchange {
        let (id, client) = self.name(request);
        let extensions = request.extensions_mut();
        extensions.insert(id);
        if let Some(client) = client {
            extensions.insert(client);
        }
        Exchange::begin(Arc::clone(&room.metrics), (request.method(), request.uri()), id, client)
    }

    fn name<B>(&self, request: &Request<B>) -> (RequestId, Option<Client>) {
        let trusted = &self.app.config.trusted_proxies;
        let (headers, peer) = (request.headers(), request.extensions().get::<Peer>());
        let client: Option<Client> = peer.map(|peer| peer.client(headers, trusted));
        // A trusted proxy may have named the request already: then its log and ours agree.
        let given = peer.filter(|peer| trusted.holds(peer.addr)).and_then(|_| headers.get(X_REQUEST_ID));
        let given = given.and_then(|name| RequestId::parse(name.to_str().ok()?));
        (given.unwrap_or_else(|| self.app.request_ids.next()), client)
    }
}

impl Refuse for Doors {
    fn refuse(&self, request: &Request<()>, unfit: Unfit) -> Response {
        let door = Door::of(request.uri().path());
        let (id, client) = self.0.name(request);
        let metrics = Arc::clone(&self.0.rooms[door as usize].metrics);
        let exchange = Exchange::begin(metrics, (request.method(), request.uri()), id, client);
        exchange.refuse(door.refuse(unfit, &self.0.app, id))
    }
}

impl<B> Service<Request<B>> for Doors
where
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let room = &self.0.rooms[Door::of(request.uri().path()) as usize];
        let exchange = self.0.receive(&mut request, room);
        let mut router = room.router.clone();
        let (request, reading) = unread::watch(request);
        let answer = async move {
            let mut answer = router.call(request).await.into_response();
            reading.tell(&mut answer);
            answer
        };
        Box::pin(async move { Ok(exchange.carry(answer).await) })
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
