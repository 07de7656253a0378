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
    BoxError,
    body::{Body, Bytes},
    http::{HeaderValue, Request, Version, header::CONNECTION},
    response::Response,
};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

/// Whether a request was read to its end, so far. Nothing is watched where it does not matter.
pub(super) struct Reading(Option<Arc<AtomicBool>>);

/// A request whose reading is watched.
pub(super) fn watch<B>(request: Request<B>) -> (Request<Body>, Reading)
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    // In HTTP/2 every request has a stream of its own.
    if request.version() >= Version::HTTP_2 || request.body().is_end_stream() {
        return (request.map(Body::new), Reading(None));
    }
    let ended = Arc::new(AtomicBool::new(false));
    let reading = Reading(Some(Arc::clone(&ended)));
    (request.map(|body| Body::new(Watched { body: Body::new(body), ended })), reading)
}

impl Reading {
    /// Tells the client that the connection ends with this answer, if its request was not read. An answer of success may
    /// well begin before the end of its request.
    pub(super) fn tell(&self, answer: &mut Response) {
        let unread = self.0.as_ref().is_some_and(|ended| !ended.load(Ordering::Acquire));
        if unread && !answer.status().is_success() {
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

/// A request's body that notes its end.
struct Watched {
    body: Body,
    ended: Arc<AtomicBool>,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
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
