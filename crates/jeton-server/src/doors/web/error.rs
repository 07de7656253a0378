//! What a page says when it cannot do what was asked.

use axum::{
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use jeton_core::lock::Denial;

use super::{views::ErrorPage, visit::Visit};
use crate::{app::App, refusal::Refusal, request_id::RequestId};

/// Why a request did not reach its page, or the page could not serve it. As a response it is empty and carries itself
/// as an extension, from which the outermost layer of this door makes the page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Problem {
    /// There is nothing here, or nothing that this person may see.
    NotFound,
    /// The address does not take this method.
    WrongMethod,
    /// A request that changes something came from another site.
    Foreign,
    /// The form does not carry the value that this browser's forms have: it is older than the sign-in, for example.
    Stale,
    /// The form is larger than any form of ours.
    TooLarge,
    /// The form did not arrive in time.
    TooSlow,
    /// The body is of another type than a form.
    NoForm,
    /// The form is not readable.
    Malformed,
    /// The one-time link was used, replaced or is too old.
    DeadLink,
    /// The account cannot be used.
    Account,
    /// The person may not do this.
    Forbidden,
    /// Too many sign in at once.
    Busy,
    /// The database is away for the moment.
    Away,
    /// Something of ours failed.
    Failed,
}

/// The texts of one problem.
struct Texts {
    status: StatusCode,
    heading: &'static str,
    explanation: &'static str,
}

impl Problem {
    fn texts(self) -> Texts {
        let (status, heading, explanation) = match self {
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "There is nothing here",
                "The page does not exist, or you may not see it. Check the address, or sign in with another account.",
            ),
            Self::WrongMethod => (
                StatusCode::METHOD_NOT_ALLOWED,
                "This page cannot be used like that",
                "The address exists, but not for this kind of request.",
            ),
            Self::Foreign => (
                StatusCode::FORBIDDEN,
                "This form was sent from another site",
                "Nothing was changed. If you meant to do this, do it on a page of this server.",
            ),
            Self::Stale => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "This form is out of date",
                "Nothing was changed. You may have signed in or out since it was shown, or your browser keeps no cookies. \
                 Go back, reload the page and try again.",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "This form is too large",
                "Nothing was changed. Shorten what you entered.",
            ),
            Self::TooSlow => {
                (StatusCode::REQUEST_TIMEOUT, "The form took too long to arrive", "Nothing was changed. Try again.")
            }
            Self::NoForm => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "This is no form",
                "Pages take forms of the type application/x-www-form-urlencoded. For JSON there is the API.",
            ),
            Self::Malformed => {
                (StatusCode::BAD_REQUEST, "This request cannot be read", "It holds bytes that are no text.")
            }
            Self::DeadLink => (
                StatusCode::NOT_FOUND,
                "This link does not work any more",
                "It was used, a newer one has replaced it, or it is too old. Ask for a new one on the sign-in page, or ask an \
                 administrator.",
            ),
            Self::Account => (StatusCode::FORBIDDEN, "Your account has been blocked", "Ask an administrator for help."),
            Self::Forbidden => (StatusCode::FORBIDDEN, "You may not do this", "Ask an administrator for help."),
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Too many people are signing in",
                "Checking passwords takes time on purpose, and many are waiting. Try again in a few seconds.",
            ),
            Self::Away => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Not available for the moment",
                "The database does not answer. Try again in a few seconds.",
            ),
            Self::Failed => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong on our side",
                "It has been logged. Trying again may help.",
            ),
        };
        Texts { status, heading, explanation }
    }

    /// What a refusal means on a page. Nobody being signed in is not a problem but a way to the sign-in form.
    fn of_refusal(refusal: &Refusal) -> Option<Self> {
        Some(match refusal {
            Refusal::Denied(Denial::Anonymous) => return None,
            Refusal::Denied(Denial::Hidden) => Self::NotFound,
            Refusal::Denied(Denial::Account(_)) => Self::Account,
            Refusal::Denied(_) => Self::Forbidden,
            Refusal::Busy => Self::Busy,
            Refusal::Failed(_) if refusal.is_passing() => Self::Away,
            Refusal::Failed(_) | Refusal::Broken(_) => Self::Failed,
        })
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.texts().status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// What an answer that is not a page yet has to become.
pub(super) enum Unsaid {
    /// The way to the sign-in form.
    SignIn,
    /// A page about this problem.
    Problem(Problem),
}

impl Unsaid {
    /// Finds it in a response; none if the response is whole. What went wrong on our side is logged here, once.
    pub(super) fn of(response: &Response, id: Option<&RequestId>) -> Option<Self> {
        if let Some(problem) = response.extensions().get::<Problem>() {
            return Some(Self::Problem(*problem));
        }
        let refusal = Refusal::of(response)?;
        if matches!(refusal, Refusal::Failed(_) | Refusal::Broken(_)) {
            tracing::error!(request_id = id.map(tracing::field::display), %refusal, "a page failed");
        }
        Some(Problem::of_refusal(refusal).map_or(Self::SignIn, Self::Problem))
    }
}

/// The page about a problem.
pub(super) async fn page(
    app: &App,
    visit: &Visit,
    problem: Problem,
    id: Option<&RequestId>,
) -> Result<Response, Refusal> {
    let texts = problem.texts();
    // Where our own side fails, the page does not ask it once more.
    let is_ours = texts.status.is_server_error();
    let caller = if is_ours { None } else { visit.caller(app).await? };
    let viewer = caller.as_ref().map(|caller| &*caller.user);
    let id = id.map(ToString::to_string);
    let page = ErrorPage {
        frame: visit.frame(texts.heading, viewer, &[]),
        status: texts.status.as_u16(),
        heading: texts.heading,
        explanation: texts.explanation,
        request_id: id.as_deref(),
    };
    let mut response = visit.page(texts.status, &page)?;
    if matches!(problem, Problem::Away | Problem::Busy) {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    Ok(response)
}
