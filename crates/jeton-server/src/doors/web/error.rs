//! What a page says when it cannot do what was asked.

use std::borrow::Cow;

use axum::{
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use jeton_core::{lock::Denial, user::User};

use super::{moments, views::ErrorPage, visit::Visit};
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
    /// The request's head is larger than any of a browser's.
    HeadTooLarge,
    /// The request names no host, several, or a malformed one.
    NoHost,
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
    /// Too many attempts were wrong: the next one is judged after so many seconds.
    Held(i64),
    /// The database is away for the moment.
    Away,
    /// Something of ours failed.
    Failed,
}

/// The texts of one problem.
struct Texts {
    status: StatusCode,
    heading: &'static str,
    explanation: Cow<'static, str>,
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
            Self::HeadTooLarge => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "This request is too large",
                "Its address and headers take more than 32 KiB. Deleting this site's cookies may help.",
            ),
            Self::NoHost => (
                StatusCode::BAD_REQUEST,
                "This request does not say which host it is for",
                "It must name its host, once and plainly. A browser does; a proxy in between may have to be set up.",
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
            Self::Held(_) => (
                StatusCode::TOO_MANY_REQUESTS,
                "Too many attempts were wrong",
                "The last one was not looked at any more, and nothing was changed.",
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
        let explanation = match self {
            Self::Held(seconds) => format!("{explanation} Try again in {}.", moments::seconds(seconds)).into(),
            _ => explanation.into(),
        };
        Texts { status, heading, explanation }
    }

    /// What a refusal means on a page. Nobody being signed in is not a problem but a way to the sign-in form.
    fn of_refusal(refusal: &Refusal) -> Option<Self> {
        Some(match refusal {
            Refusal::Denied(Denial::Anonymous) => return None,
            // To everybody else the administrators' pages do not exist.
            Refusal::Moved(_) | Refusal::Denied(Denial::Hidden | Denial::NotAdministrator) => Self::NotFound,
            Refusal::Denied(Denial::Account(_)) => Self::Account,
            Refusal::Denied(_) => Self::Forbidden,
            Refusal::Busy | Refusal::TooOften(_) | Refusal::OverLimit(_) => Self::Busy,
            Refusal::Held(seconds) => Self::Held(*seconds),
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
    /// The way to the page of second factors.
    TwoFactor,
    /// The question who somebody is.
    Confirm,
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
        match refusal {
            Refusal::Denied(Denial::FactorRequired) => return Some(Self::TwoFactor),
            Refusal::Denied(Denial::NotProven) => return Some(Self::Confirm),
            _ => {}
        }
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
    // Where our own side fails, the page does not ask it once more.
    let is_ours = problem.texts().status.is_server_error();
    let caller = if is_ours { None } else { visit.caller(app).await? };
    render(visit, problem, caller.as_ref().map(|caller| &*caller.user), id)
}

/// The page about a problem, for somebody of whom nothing is known.
pub(super) fn strangers_page(visit: &Visit, problem: Problem, id: Option<&RequestId>) -> Result<Response, Refusal> {
    render(visit, problem, None, id)
}

fn render(visit: &Visit, problem: Problem, viewer: Option<&User>, id: Option<&RequestId>) -> Result<Response, Refusal> {
    let texts = problem.texts();
    let id = id.map(ToString::to_string);
    let page = ErrorPage {
        frame: visit.frame(texts.heading, viewer, &[]),
        status: texts.status.as_u16(),
        heading: texts.heading,
        explanation: &texts.explanation,
        request_id: id.as_deref(),
    };
    let mut response = visit.page(texts.status, &page)?;
    let later = match problem {
        Problem::Away | Problem::Busy => Some(5),
        Problem::Held(seconds) => Some(seconds),
        _ => None,
    };
    if let Some(seconds) = later {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}
