//! A handler's "no". The door that the request came through renders it in its own dialect.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use jeton_core::{id::ProjectId, lock::Denial};
use jeton_store::Fault;

use crate::{exchange, limits::Standing, nature::NoChance, passwords::Unhashed};

/// Why a request was not served.
///
/// Guards and handlers return it; as a response it is empty and carries itself as an extension, from which the door's
/// outermost layer makes the answer. So no door can render another door's errors.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// The lock said no.
    Denied(Denial),
    /// The thing has another address by now, which the one who asks may know.
    Moved(ProjectId),
    /// More wait for this already than can be served soon.
    Busy,
    /// The caller asks more often than it may.
    TooOften(Standing),
    /// The caller asked an endpoint as often as it may: the next request is served after so many seconds.
    OverLimit(i64),
    /// Too many attempts were wrong: the next one is judged after so many seconds.
    Held(i64),
    /// The database failed.
    Failed(Arc<Fault>),
    /// Something else of ours failed; the text is for the log.
    Broken(Arc<str>),
}

impl Refusal {
    /// Something of ours failed; `why` is for the log and must hold no secret.
    pub fn broken(why: impl std::fmt::Display) -> Self {
        Self::Broken(why.to_string().into())
    }

    /// The name of the reason, for the log and the metrics.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Denied(denial) => denial.reason(),
            Self::Moved(_) => "moved",
            Self::Busy => "busy",
            Self::TooOften(_) => "too_often",
            Self::OverLimit(_) => "over_limit",
            Self::Held(_) => "held",
            Self::Failed(_) => "failed",
            Self::Broken(_) => "broken",
        }
    }

    /// Whether trying again later can help.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Busy | Self::TooOften(_) | Self::OverLimit(_) | Self::Held(_) => true,
            Self::Failed(fault) => fault.is_passing(),
            Self::Denied(_) | Self::Moved(_) | Self::Broken(_) => false,
        }
    }

    /// The refusal that a response carries, if the response is one.
    pub fn of(response: &Response) -> Option<&Self> {
        response.extensions().get()
    }
}

/// The text for the log.
impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Denied(denial) => write!(f, "{denial:?}"),
            Self::Moved(project) => write!(f, "moved; it is the project {} now", project.0),
            Self::Busy => f.write_str("too much of this at once"),
            Self::TooOften(standing) => write!(f, "over the limit {}", standing.name),
            Self::OverLimit(seconds) => write!(f, "over the endpoint's limit; the next request in {seconds} s"),
            Self::Held(seconds) => write!(f, "too many attempts were wrong; the next one in {seconds} s"),
            Self::Failed(fault) => fault.fmt(f),
            Self::Broken(why) => f.write_str(why),
        }
    }
}

impl From<Denial> for Refusal {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Failed(Arc::new(fault))
    }
}

impl From<NoChance> for Refusal {
    fn from(error: NoChance) -> Self {
        Self::broken(error)
    }
}

impl From<Unhashed> for Refusal {
    fn from(error: Unhashed) -> Self {
        match error {
            Unhashed::Busy => Self::Busy,
            Unhashed::NoChance(_) | Unhashed::Failed(_) => Self::broken(error),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        exchange::note_refusal(&self);
        // A door that forgot to render still refuses.
        let mut response = axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
