//! hyper's view of the service behind the edge.

use std::{
    convert::Infallible,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::body::Body;
use bytes::Bytes;
use futures_util::FutureExt as _;
use hyper::{
    Request, Response, StatusCode, Version,
    body::{Body as _, Frame, Incoming, SizeHint},
    header::{CONTENT_TYPE, HOST, HeaderValue},
};
use tower::ServiceExt as _;

use super::{
    Behind, Peer,
    watch::{InHand, Watch},
};

/// The service behind, for one connection.
pub(super) struct Service<S> {
    pub(super) behind: S,
    pub(super) peer: Peer,
    pub(super) head_bytes: usize,
    pub(super) watch: Arc<Watch>,
}

impl<S: Behind> hyper::service::Service<Request<Incoming>> for Service<S> {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Answer>, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let in_hand = self.watch.begin(request.version() == Version::HTTP_2, !request.body().is_end_stream());
        if let Some(refusal) = self.refuse(&request) {
            return Box::pin(std::future::ready(Ok(refusal.map(|body| Answer { body, _in_hand: in_hand }))));
        }
        request.extensions_mut().insert(self.peer.clone());
        let answer = AssertUnwindSafe(self.behind.clone().oneshot(request)).catch_unwind();
        Box::pin(async move {
            let answer = match answer.await {
                Ok(Ok(answer)) => answer,
                // The panic hook has told the log. Doors catch their own panics and render them; this is for the rest.
                Err(_panic) => plain(StatusCode::INTERNAL_SERVER_ERROR, "500 Internal Server Error\n".to_owned()),
            };
            Ok(answer.map(|body| Answer { body, _in_hand: in_hand }))
        })
    }
}

impl<S> Service<S> {
    /// Says no to what no door should see.
    fn refuse<B>(&self, request: &Request<B>) -> Option<Response<Body>> {
        if head_bytes(request) > self.head_bytes {
            let text = format!("The request's header block is larger than {} bytes.\n", self.head_bytes);
            return Some(plain(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, text));
        }
        if !names_its_host(request) {
            let text = "The request must name its host, once and plainly.\n".to_owned();
            return Some(plain(StatusCode::BAD_REQUEST, text));
        }
        None
    }
}

/// Whether there is one well-formed `Host`, as RFC 9112 section 3.2 demands: where there are two, a proxy and this
/// server may each believe another one. Only HTTP/1.1 must have it.
fn names_its_host<B>(request: &Request<B>) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.as_bytes().iter().all(|byte| is_of_a_host(*byte)),
        (None, _) => request.version() != Version::HTTP_11,
        (Some(_), Some(_)) => false,
    }
}

/// What host and port are made of (RFC 3986 section 3.2.2).
const fn is_of_a_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':' | b'[' | b']' | b'%')
}

/// The size of a request's head as HTTP/1.1 writes it: the first line, `name: value` lines, line ends.
fn head_bytes<B>(request: &Request<B>) -> usize {
    const FIRST_LINE: usize = "  HTTP/1.1\r\n".len();
    const FIELD: usize = ": \r\n".len();
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let fields: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + FIELD).sum();
    request.method().as_str().len() + target + FIRST_LINE + fields + "\r\n".len()
}

/// An answer of the edge's own: it knows no door, so it speaks plain text.
pub(super) fn plain(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// An answer's body; while it lives, its request is in hand.
#[derive(Debug)]
pub(super) struct Answer {
    body: Body,
    _in_hand: InHand,
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
