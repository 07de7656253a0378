//! Answers to requests that were not read to their end: refusals, and the way to the sign-in form.
//!
//! In HTTP/1.1 the rest of such a request stands in the way of the next one, so the server closes the connection. The
//! client has to know (RFC 9112 section 9.6): else it may send its next request into a connection that is going away.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, Request, Version, header::CONNECTION},
    response::Response,
};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

/// Whether a request was read to its end, so far.
#[derive(Clone)]
pub(super) struct Reading {
    ended: Arc<AtomicBool>,
    matters: bool,
}

/// A request whose reading is watched.
pub(super) fn watch(request: Request<Incoming>) -> (Request<Body>, Reading) {
    let ended = Arc::new(AtomicBool::new(request.body().is_end_stream()));
    // In HTTP/2 every request has a stream of its own.
    let matters = request.version() < Version::HTTP_2;
    let reading = Reading { ended: Arc::clone(&ended), matters };
    (request.map(|body| Body::new(Watched { body, ended })), reading)
}

impl Reading {
    /// Tells the client that the connection ends with this answer, if its request was not read. An answer of success may
    /// well begin before the end of its request.
    pub(super) fn tell(&self, answer: &mut Response) {
        if self.matters && !answer.status().is_success() && !self.ended.load(Ordering::Acquire) {
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

/// A request's body that notes its end.
struct Watched {
    body: Incoming,
    ended: Arc<AtomicBool>,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let frame = Pin::new(&mut this.body).poll_frame(cx);
        if this.body.is_end_stream() || matches!(frame, Poll::Ready(None)) {
            this.ended.store(true, Ordering::Release);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
