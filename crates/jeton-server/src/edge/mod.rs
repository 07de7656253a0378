//! The server's edge: from a listening socket to a [`tower::Service`] call.
//!
//! `axum::serve` has no timeouts, no connection limit, no stop with a deadline and no TLS, so the accept loop is our
//! own, over hyper. What it promises to everything behind it:
//!
//! * a request arrives whole in its head, within [`Limits::head_bytes`] and [`Limits::head_time`], carrying a [`Peer`]
//!   among its extensions. Its body is still on the wire: how long a body may take is for the door that reads it;
//! * a connection that waits for nothing, or whose client does not read, is closed after a limit;
//! * a panic ends one request, and at worst one connection;
//! * [`Edge::serve`] ends within [`Limits::stop_time`] of being asked to, with the requests in hand finished.
//!
//! The rooms: `address` (what to listen on), `listener` (sockets), `tls` (certificates), `peer` (who is at the
//! other end), `watch` (what one connection is doing), `keeper` (ends those that do it for too long), `wire` (a
//! connection's bytes), `service` (hyper's view of the service behind) and `connection` (drives one connection).

mod address;
mod connection;
mod keeper;
mod listener;
mod open_files;
mod peer;
mod service;
#[cfg(test)]
mod tests;
mod tls;
mod watch;
mod wire;

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::body::Body;
use hyper::{Request, Response, body::Incoming};
use rustls::ServerConfig;
use tokio::{sync::Semaphore, task::JoinSet};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use address::{Address, BadListen, Listen};
pub use keeper::Keeper;
pub use listener::BindError;
pub use open_files::raise_open_files;
pub use peer::{BadNetworks, Client, Networks, Peer};
pub use service::{Refuse, Unfit};
pub use tls::{BadCertificate, Certificate};

use listener::Listener;

/// What one connection may cost. Every limit holds for every listener.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections open at once. Further ones wait unanswered in the kernel's queue until one ends: a client that
    /// waits a moment is served, where a 503 would make it fail. So that the wait is short, the longest idle
    /// connections are closed as soon as the limit is reached.
    pub connections: usize,
    /// Bytes of a request's head: its first line and its header block. More is answered with a 431.
    pub head_bytes: usize,
    /// From the first byte of a head (on a new connection: from its start) to the head's end.
    pub head_time: Duration,
    /// Between the end of one answer and the first byte of the next request.
    pub idle_time: Duration,
    /// For how long a client may leave a piece of an answer unread.
    pub write_time: Duration,
    /// From accept to the end of the TLS handshake.
    pub handshake_time: Duration,
    /// For how long the rest of a request that was answered early is read and thrown away. Closing at once would reset
    /// the connection, and the client would never see the answer.
    pub linger_time: Duration,
    /// From the call to stop until the requests in hand are given up.
    pub stop_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 8192,
            head_bytes: 32 * 1024,
            head_time: Duration::from_secs(15),
            idle_time: Duration::from_secs(75),
            write_time: Duration::from_mins(1),
            handshake_time: Duration::from_secs(10),
            linger_time: Duration::from_secs(2),
            stop_time: Duration::from_secs(30),
        }
    }
}

/// What the edge asks of the service behind it; an [`axum::Router`] fits.
pub trait Behind:
    tower::Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send>
    + Refuse
    + Clone
    + Send
    + 'static
{
}

impl<S> Behind for S where
    S: tower::Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send>
        + Refuse
        + Clone
        + Send
        + 'static
{
}

/// Whether the stop was clean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// Every request in hand was answered.
    Clean,
    /// This many connections were still busy after [`Limits::stop_time`] and were cut.
    Cut(usize),
}

/// Bound sockets, ready to serve.
#[derive(Debug)]
pub struct Edge {
    listeners: Vec<Listener>,
    tls: Option<Arc<ServerConfig>>,
    limits: Limits,
    keeper: Arc<Keeper>,
}

impl Edge {
    /// Binds every address of `listen`. With `tls`, TCP listeners speak TLS; unix sockets, whose peers are on this
    /// machine, always speak plain HTTP.
    pub async fn bind(listen: &[Listen], tls: Option<&Certificate>, limits: Limits) -> Result<Self, BindError> {
        let mut listeners = Vec::with_capacity(listen.len());
        for one in listen {
            listeners.push(Listener::bind(one, tls.is_some()).await?);
        }
        let keeper = Arc::new(Keeper::new(&limits));
        Ok(Self { listeners, tls: tls.map(Certificate::config), limits, keeper })
    }

    /// The addresses as bound, in the order in which they were asked for: port 0 has become a real port.
    pub fn addresses(&self) -> Vec<Arc<Address>> {
        self.listeners.iter().map(|listener| Arc::clone(listener.address())).collect()
    }

    /// The count of open connections, for metrics.
    pub fn keeper(&self) -> Arc<Keeper> {
        Arc::clone(&self.keeper)
    }

    /// Serves until `stop` resolves, then stops accepting, lets the requests in hand finish (HTTP/2 clients are told
    /// by GOAWAY), and returns when the last connection has ended or [`Limits::stop_time`] has passed.
    pub async fn serve<S: Behind>(self, behind: S, stop: impl Future<Output = ()>) -> Stopped {
        let stop_time = self.limits.stop_time;
        let stopping = CancellationToken::new();
        let connections = TaskTracker::new();
        let shared = Arc::new(connection::Shared::new(self.limits, self.tls, Arc::clone(&self.keeper)));
        let room = Arc::new(Semaphore::new(shared.limits.connections));
        // Everything in this set ends with this function, however it ends.
        let mut loops = JoinSet::new();
        for listener in self.listeners {
            let accept = Accept { listener, shared: Arc::clone(&shared), room: Arc::clone(&room) };
            let accepting = accept.run(behind.clone(), connections.clone());
            loops.spawn(stopping.clone().run_until_cancelled_owned(accepting));
        }
        let keeper = Arc::clone(&self.keeper);
        let _keeping = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(async move { keeper.run().await }));

        stop.await;
        stopping.cancel();
        while loops.join_next().await.is_some() {}
        self.keeper.finish_all();
        connections.close();
        if tokio::time::timeout(stop_time, connections.wait()).await.is_ok() {
            return Stopped::Clean;
        }
        let cut = self.keeper.drop_all();
        connections.wait().await;
        Stopped::Cut(cut)
    }
}

/// One listener's accept loop.
struct Accept {
    listener: Listener,
    shared: Arc<connection::Shared>,
    room: Arc<Semaphore>,
}

/// The wait after an `accept()` that failed for want of something (file descriptors, memory): long enough not to spin,
/// short enough not to be noticed once it is there again.
const ACCEPT_BACK_OFF: Duration = Duration::from_millis(100);

impl Accept {
    /// Accepts for ever. May be dropped at any time: whoever is pending has not been promised anything.
    async fn run<S: Behind>(self, behind: S, connections: TaskTracker) {
        loop {
            let (stream, peer) = match self.listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    self.back_off(&error).await;
                    continue;
                }
            };
            let Some(place) = self.place().await else { return };
            let member = self.shared.keeper.admit();
            let connection = connection::carry(stream, peer, Arc::clone(&self.shared), member, behind.clone());
            connections.spawn(async move {
                connection.await;
                drop(place);
            });
        }
    }

    async fn back_off(&self, error: &std::io::Error) {
        if listener::is_the_clients(error) {
            return;
        }
        tracing::warn!(listener = %self.listener.address(), %error, "cannot accept a connection; trying again");
        tokio::time::sleep(ACCEPT_BACK_OFF).await;
    }

    /// A place among the connections, waiting for one if there is none. The place is taken after `accept()` and not
    /// before, so that a quiet listener does not sit on a place that a busy one needs.
    async fn place(&self) -> Option<tokio::sync::OwnedSemaphorePermit> {
        if let Ok(place) = Arc::clone(&self.room).try_acquire_owned() {
            return Some(place);
        }
        let _crowded = self.shared.keeper.crowded();
        // Err only if the semaphore were closed, which nobody does.
        Arc::clone(&self.room).acquire_owned().await.ok()
    }
}
