//! An instance behind its doors, and what it logs, for tests of what the doors have in common.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, Method},
    response::Response,
};
use http_body_util::BodyExt as _;
use jeton_core::{
    scope::ScopeSet,
    time::Timestamp,
    token::{Expiry, MadeVia},
    user::User,
};
use jeton_store::tokens::{NewToken, Token};
use serde_json::Value;
use tower::ServiceExt as _;
use tracing::{level_filters::LevelFilter, subscriber::DefaultGuard};
use tracing_subscriber::{filter::Targets, fmt::MakeWriter, layer::SubscriberExt as _};

use crate::{
    app::App,
    doors::Doors,
    edge::{Address, Peer},
    test_instance::{BY, Instance, NOW},
};

/// A [`Instance`] behind all its doors.
pub(crate) struct World {
    pub(crate) app: App,
    doors: Doors,
    instance: Instance,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl World {
    /// As an operator gets it who decides nothing.
    pub(crate) async fn new() -> Self {
        let instance = Instance::new().await;
        Self { app: instance.app.clone(), doors: Doors::new(instance.app.clone()), instance }
    }

    /// Moves the clock.
    pub(crate) fn set_clock(&self, to: Timestamp) {
        self.instance.set_clock(to);
    }

    pub(crate) async fn user(&self, username: &str, administrator: bool) -> User {
        self.instance.user(username, administrator).await
    }

    /// A token and its text.
    pub(crate) async fn token(&self, user: &User, scopes: &str) -> (Token, String) {
        let (text, digest) = self.app.make_token().unwrap();
        let new = NewToken {
            user: user.id,
            handle: App::make_handle().unwrap(),
            name: "test".into(),
            description: None,
            scopes: ScopeSet::parse(scopes.split(' ')).unwrap(),
            expiry: Expiry::NEVER,
            impersonation: false,
            made_via: MadeVia::Api,
            digest,
            limit: 10,
        };
        (self.app.store.create_token(new, BY, NOW).await.unwrap(), text.reveal())
    }

    /// Revokes a token.
    pub(crate) async fn revoke(&self, token: &Token) {
        self.app.revoke_token(token.id, None, BY).await.unwrap().unwrap();
    }

    /// Sends a request through the entry of all doors.
    pub(crate) async fn send(&self, request: Request) -> Told {
        told(self.doors.clone().oneshot(request).await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Told {
        self.send(request(Method::GET, path)).await
    }
}

/// Reads an answer to its end.
pub(crate) async fn told(answer: Response) -> Told {
    let (head, body) = answer.into_parts();
    let text = body.collect().await.unwrap().to_bytes();
    Told { status: head.status.as_u16(), headers: head.headers, text: String::from_utf8(text.to_vec()).unwrap() }
}

impl Told {
    /// A header; empty if it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

/// A request without a body, from nowhere.
pub(crate) fn request(method: Method, path: &str) -> Request {
    Request::builder().method(method).uri(path).body(Body::empty()).unwrap()
}

/// A request from an address; what is none stands for a unix socket.
pub(crate) fn request_from(address: &str, path: &str) -> Request {
    let local = Arc::new(Address::Unix("/run/jeton.sock".into()));
    let mut request = request(Method::GET, path);
    request.extensions_mut().insert(Peer { addr: address.parse().ok(), local, tls: false });
    request
}

/// What this thread logs while this lives, as JSON.
pub(crate) struct Log {
    written: Written,
    _listening: DefaultGuard,
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Our own lines, down to this level.
    pub(crate) fn listen(level: LevelFilter) -> Self {
        let written = Written::default();
        let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(written.clone());
        let ours = Targets::new().with_target("jeton_server", level);
        let subscriber = tracing_subscriber::registry().with(ours).with(lines);
        Self { written, _listening: tracing::subscriber::set_default(subscriber) }
    }

    /// Everything so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.written.0.lock().unwrap().clone()).unwrap()
    }

    /// The only line so far.
    pub(crate) fn only_line(&self) -> Value {
        let [line] = self.lines().try_into().unwrap_or_else(|_| panic!("not one line: {}", self.text()));
        line
    }

    /// Every line so far.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Written {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
