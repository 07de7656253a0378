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
        request.extensions_mut().insert(self.peer.clone());
        if let Some(unfit) = self.unfit(&request) {
            let refusal = self.behind.refuse(&request.map(drop), unfit);
            return Box::pin(std::future::ready(Ok(refusal.map(|body| Answer { body, _in_hand: in_hand }))));
        }
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
    /// Finds what no door should see.
    fn unfit<B>(&self, request: &Request<B>) -> Option<Unfit> {
        if head_bytes(request) > self.head_bytes {
            Some(Unfit::HeadTooLarge { limit: self.head_bytes })
        } else if !names_its_host(request) {
            Some(Unfit::NoHost)
        } else {
            None
        }
    }
}

/// Whether one well-formed host is named, as RFC 9112 section 3.2 and RFC 9113 section 8.3.1 demand: where there are two,
/// a proxy and this server may each believe another one. Only HTTP/1.0 may do without.
fn names_its_host<B>(request: &Request<B>) -> bool {
    let target = request.uri().authority().map(|authority| authority.as_str().as_bytes());
    let mut hosts = request.headers().get_all(HOST).iter().map(HeaderValue::as_bytes);
    let named = match (hosts.next(), hosts.next()) {
        (Some(_), Some(_)) => return false,
        // In HTTP/1.1 an absolute target is for proxies, and replaces the header's value.
        (Some(host), None) if request.version() == Version::HTTP_2 && target.is_some_and(|target| target != host) => {
            return false;
        }
        (host, _) if request.version() == Version::HTTP_2 => host.or(target),
        (host, _) => host,
    };
    match named {
        Some(host) => host.iter().all(|byte| is_of_a_host(*byte)) && has_a_port_or_none(host),
        None => request.version() == Version::HTTP_10,
    }
}

fn has_a_port_or_none(host: &[u8]) -> bool {
    // Of an address in brackets, what follows them.
    let after = host.iter().rposition(|byte| *byte == b']').map_or(host, |bracket| &host[bracket..]);
    let Some(colon) = after.iter().position(|byte| *byte == b':') else { return true };
    let port = &after[colon + 1..];
    port.is_empty() || std::str::from_utf8(port).is_ok_and(|port| port.parse::<u16>().is_ok())
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

/// Why the edge lets a request go no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// Its head has more bytes than this.
    HeadTooLarge {
        /// [`Limits::head_bytes`](super::Limits::head_bytes).
        limit: usize,
    },
    /// It names no host, several, or a malformed one.
    NoHost,
}

impl Unfit {
    /// The status that says so.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::HeadTooLarge { .. } => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::NoHost => StatusCode::BAD_REQUEST,
        }
    }
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::HeadTooLarge { limit } => write!(f, "The request's header block is larger than {limit} bytes"),
            Self::NoHost => f.write_str("The request must name its host, once and plainly"),
        }
    }
}

/// How a service says no to what the edge does not let through.
pub trait Refuse {
    /// The answer. The request's extensions hold its [`Peer`]; its headers are not to be believed.
    fn refuse(&self, request: &Request<()>, unfit: Unfit) -> Response<Body>;
}

/// In plain text.
impl Refuse for axum::Router {
    fn refuse(&self, _: &Request<()>, unfit: Unfit) -> Response<Body> {
        plain(unfit.status(), format!("{unfit}.\n"))
    }
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn named(version: Version, target: &str, hosts: &[&str]) -> bool {
        let mut request = Request::get(target).version(version);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        names_its_host(&request.body(()).unwrap())
    }

    #[test]
    fn one_host_is_named_once_and_plainly() {
        for (hosts, fine) in [
            (&["a"][..], true),
            (&["a.example:8080"], true),
            (&["[::1]:8080"], true),
            (&["a:"], true),
            (&[""], true),
            (&["a:99999"], false),
            (&["a:b"], false),
            (&["u@h"], false),
            (&["a b"], false),
            (&["a", "a"], false),
            (&[], false),
        ] {
            assert_eq!(named(Version::HTTP_11, "/", hosts), fine, "{hosts:?}");
        }
        assert!(named(Version::HTTP_10, "/", &[]));
    }

    #[test]
    fn in_http_2_the_target_names_it() {
        for (target, hosts, fine) in [
            ("http://a/", &[][..], true),
            ("http://a/", &["a"], true),
            ("/", &["a"], true),
            ("http://a/", &["b"], false),
            ("http://u@h/", &[], false),
            ("/", &[], false),
        ] {
            assert_eq!(named(Version::HTTP_2, target, hosts), fine, "{target} {hosts:?}");
        }
    }
}
