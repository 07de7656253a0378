//! One request and its answer, as operators see them: a name in the answer, a line in the log, a part in the metrics.

mod notes;
mod shown;

use std::{
    fmt,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::Body,
    http::{HeaderName, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::FutureExt as _;
use hyper::body::{Body as _, Frame, SizeHint};
use tracing::Level;

use crate::{edge::Client, metrics::DoorMetrics, nature::Stopwatch, refusal::Refusal, request_id::RequestId};
use notes::Notes;
use shown::{Shown, shown_method};

pub(crate) use notes::{note_caller, note_refusal, note_row, note_standing, noted_standing};

/// Makes a refusal of a panic, for a door to put into words like every other failure.
pub(crate) async fn catching_panics<T>(serving: impl Future<Output = T>) -> Result<T, Refusal> {
    // What a panic left half-done is not looked at again: the request and everything that served it are gone.
    let served = AssertUnwindSafe(serving).catch_unwind().await;
    served.map_err(|_| Refusal::broken("it panicked; a line before this one says where"))
}

/// The same, where the answer is a response already.
pub(crate) async fn unless_it_panics(answer: impl Future<Output = Response>) -> Response {
    catching_panics(answer).await.unwrap_or_else(IntoResponse::into_response)
}

/// A request in hand. Whatever becomes of it, it is told when this is dropped.
pub(crate) struct Exchange {
    door: Arc<DoorMetrics>,
    id: RequestId,
    client: Option<Client>,
    method: Method,
    uri: Uri,
    stopwatch: Stopwatch,
    notes: Notes,
    status: Option<StatusCode>,
    end: End,
    bytes: u64,
}

/// How an exchange ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// The client left before there was an answer.
    Unanswered,
    /// The answer ended before its time: the client left, or what it was made from failed.
    Cut,
    /// The whole answer was handed over.
    Answered,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unanswered => "the client left before the answer",
            Self::Cut => "the answer was cut off",
            Self::Answered => "answered",
        })
    }
}

/// The request's name (the header that Rails, nginx and GitLab use).
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

impl Exchange {
    /// Takes a request in hand, at a door.
    pub(crate) fn begin(
        door: Arc<DoorMetrics>,
        (method, uri): (&Method, &Uri),
        id: RequestId,
        client: Option<Client>,
    ) -> Self {
        Self {
            door,
            id,
            client,
            method: method.clone(),
            uri: uri.clone(),
            stopwatch: Stopwatch::start(),
            notes: Notes::default(),
            status: None,
            end: End::Unanswered,
            bytes: 0,
        }
    }

    /// Waits for the answer and names it. One that is still being made when its head is sent is followed to its end.
    pub(crate) async fn carry(mut self, answer: impl Future<Output = Response>) -> Response {
        notes::kept_during(async move {
            let answer = unless_it_panics(answer).await;
            self.notes = notes::taken();
            self.finish(answer)
        })
        .await
    }

    /// Names an answer that was made without asking anybody.
    pub(crate) fn refuse(mut self, answer: Response) -> Response {
        self.notes.refusal = Some("unfit");
        self.finish(answer)
    }

    fn finish(mut self, answer: Response) -> Response {
        let mut answer = self.rendered(answer);
        if let Some(id) = self.id.header() {
            answer.headers_mut().insert(X_REQUEST_ID, id);
        }
        self.status = Some(answer.status());
        match answer.body().size_hint().exact() {
            Some(bytes) => {
                (self.bytes, self.end) = (bytes, End::Answered);
                answer
            }
            None => answer.map(|body| {
                self.end = End::Cut;
                Body::new(Followed { body, exchange: self })
            }),
        }
    }

    /// A refusal that no door has put into words is a bug in that door.
    fn rendered(&self, answer: Response) -> Response {
        let Some(refusal) = Refusal::of(&answer) else { return answer };
        tracing::error!(request_id = %self.id, door = self.door.name, %refusal, "a refusal left its door unrendered");
        (StatusCode::INTERNAL_SERVER_ERROR, "500 Internal Server Error\n").into_response()
    }

    /// A failure of ours is an error; a change is worth a line; everything else is for those who look closely.
    fn level(&self) -> Level {
        match self.status {
            Some(status) if status.is_server_error() => Level::ERROR,
            _ if !self.method.is_safe() => Level::INFO,
            _ => Level::DEBUG,
        }
    }
}

/// An event of the level that is named, whose fields are only looked at if somebody wants it.
macro_rules! line {
    ($level:expr, $exchange:expr, $route:expr, $took:expr) => {
        tracing::event!(
            $level,
            request_id = %$exchange.id,
            method = shown_method(&$exchange.method),
            door = $exchange.door.name,
            route = $route.path,
            path = %Shown($exchange.uri.path()),
            status = $exchange.status.map(|status| status.as_u16()),
            duration_us = u64::try_from($took.as_micros()).unwrap_or(u64::MAX),
            bytes = $exchange.bytes,
            client = $exchange.client.and_then(|client| client.addr).map(tracing::field::display),
            user = $exchange.notes.user.map(|user| user.0),
            token = $exchange.notes.token.map(|token| token.0),
            refusal = $exchange.notes.refusal,
            "{}",
            $exchange.end
        )
    };
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if self.end == End::Unanswered {
            self.notes = notes::taken();
        }
        let route = self.door.route(self.notes.row);
        let took = self.stopwatch.elapsed();
        route.count(self.status, took);
        if let Some(reason) = self.notes.refusal {
            self.door.refused(reason);
        }
        match self.level() {
            Level::ERROR => line!(Level::ERROR, self, route, took),
            Level::INFO => line!(Level::INFO, self, route, took),
            _ => line!(Level::DEBUG, self, route, took),
        }
    }
}

/// The body of an answer that is still being made.
struct Followed {
    body: Body,
    exchange: Exchange,
}

impl hyper::body::Body for Followed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &frame {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            self.exchange.bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
        }
        if matches!(frame, Poll::Ready(None)) || self.body.is_end_stream() {
            self.exchange.end = End::Answered;
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

#[cfg(test)]
mod tests;
