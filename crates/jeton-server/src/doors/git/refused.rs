//! What is said instead of an answer: plain text, which git shows its user line by line after `remote:`.
//!
//! A 401 makes git forget the credential that it had stored, so it is said only where another credential can help. The
//! texts of 403 and 404 are GitLab's, word for word.

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{ACCEPT_ENCODING, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use jeton_core::{ability::Ability, lock::Denial, project::Right, token::EndReason, user::Closed};

use super::{
    backend::{End, never_cached},
    try_again_after,
};
use crate::{
    accounts::{ACCESS_TOKENS_PATH, SIGN_IN_PATH, unconfirmed},
    app::App,
    exchange,
    refusal::Refusal,
    request_id::RequestId,
};

/// With this git asks its user, or its credential helper. The realm is GitLab's: helpers and scripts that were set up
/// for one may match it.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"GitLab\"");

/// Why a request was not served.
#[derive(Clone, Debug)]
pub(super) enum Refused {
    /// The lock said no, or something of ours failed.
    Refusal(Refusal),
    /// The exchange ended before it began.
    Ended(End),
    /// Git is not served over HTTP here.
    NoHttp,
    /// The project has no repository.
    NoRepository,
    /// No service of Git's was named.
    UnknownService,
    /// Another site's page sent it.
    Foreign,
    /// The body is encoded in a way that nobody offered.
    Encoding,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

/// Status and text.
type Said = (StatusCode, String);

impl Refused {
    /// The answer. What failed on our side is logged here, once.
    pub(super) fn render(&self, app: &App, request_id: Option<RequestId>) -> Response {
        if let Self::Refusal(refusal) = self {
            exchange::note_refusal(refusal);
        }
        let (status, text) = match self {
            Self::Refusal(Refusal::Denied(denial)) => denied(denial, &app.config.external_url),
            Self::Refusal(Refusal::Busy) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Too many passwords are being checked. Please try again in a few seconds, or use a token, which is checked \
                 at once.\n"
                    .into(),
            ),
            Self::Refusal(Refusal::TooOften(_) | Refusal::OverLimit(_)) => (StatusCode::TOO_MANY_REQUESTS, "Retry later\n".into()),
            Self::Refusal(Refusal::Held(seconds)) => (
                StatusCode::TOO_MANY_REQUESTS,
                format!(
                    "HTTP Basic: Access denied. Too many failed authentication attempts. Please try again in {seconds} \
                     seconds, or use a personal access token, for which there is no such limit.\n\
                     You can make one at {}{ACCESS_TOKENS_PATH}\n",
                    app.config.external_url
                ),
            ),
            Self::Refusal(refusal) => failed(refusal, request_id),
            Self::Ended(end) => ended(end, request_id),
            Self::NoHttp => forbidden("Git access over HTTP is not allowed"),
            Self::NoRepository => not_found("A repository for this project does not exist yet."),
            Self::UnknownService => forbidden("The command you're trying to execute is not allowed."),
            Self::Foreign => forbidden("Requests that come from pages of other sites are not served."),
            Self::Encoding => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Of all encodings only gzip is known here.".into()),
        };
        let mut response = (status, text).into_response();
        if status == StatusCode::UNAUTHORIZED && !self.is_final() {
            response.headers_mut().insert(WWW_AUTHENTICATE, CHALLENGE);
        }
        match self {
            Self::Refusal(Refusal::Held(seconds)) => try_again_after(&mut response, *seconds),
            Self::Refusal(Refusal::Denied(Denial::TooManyAddresses { window })) => {
                try_again_after(&mut response, *window);
            }
            _ if status == StatusCode::SERVICE_UNAVAILABLE => try_again_after(&mut response, 5),
            _ => {}
        }
        if status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
            response.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        }
        never_cached(response.headers_mut());
        response
    }

    /// Whether git shall show the text instead of asking for the password once more: no password will do.
    const fn is_final(&self) -> bool {
        matches!(self, Self::Refusal(Refusal::Denied(Denial::TokenRequired | Denial::PasswordsDisabled)))
    }
}

fn denied(denial: &Denial, url: &str) -> Said {
    let with_page = |why: &str, remedy: &str| access_denied(&format!("{why}\n{remedy} at {url}{ACCESS_TOKENS_PATH}"));
    match denial {
        Denial::Hidden => {
            not_found("The project you were looking for could not be found or you don't have permission to view it.")
        }
        Denial::Scope { missing: Ability::PushCode } => forbidden("You are not allowed to upload code."),
        Denial::Scope { .. } => forbidden("You are not allowed to download code."),
        Denial::Right(Right::Push) => forbidden("You are not allowed to push code to this project."),
        Denial::Right(_) => forbidden("You are not allowed to download code from this project."),
        Denial::PasswordsDisabled => (
            StatusCode::UNAUTHORIZED,
            format!(
                "HTTP Basic: Access denied\n\
                 Passwords are not accepted for Git over HTTP here, please use a personal access token.\n\
                 You can make one at {url}{ACCESS_TOKENS_PATH}\n"
            ),
        ),
        Denial::TooManyAddresses { .. } => (StatusCode::FORBIDDEN, String::new()),
        Denial::TokensDisabled => access_denied("Personal access tokens are not accepted on this server."),
        Denial::Account(user) if user.closed() == Some(Closed::Deactivated) => forbidden(&format!(
            "Your account has been deactivated by your administrator. \
             Please log back in from a web browser to reactivate your account at {url}{SIGN_IN_PATH}"
        )),
        Denial::Account(user) if user.closed() == Some(Closed::Unconfirmed) => access_denied(&unconfirmed(url)),
        Denial::TokenRequired => (
            StatusCode::UNAUTHORIZED,
            format!(
                "HTTP Basic: Access denied\n\
                 You have 2FA enabled, please use a personal access token for Git over HTTP.\n\
                 You can make one at {url}{ACCESS_TOKENS_PATH}\n"
            ),
        ),
        Denial::Account(user) => access_denied(match user.closed() {
            Some(Closed::Internal) => "This action cannot be performed by internal users",
            Some(Closed::PasswordExpired) => {
                "Your password expired. Please sign in with a web browser to choose another one."
            }
            Some(Closed::Deactivated | Closed::Unconfirmed | Closed::Blocked) | None => {
                "Your account has been blocked."
            }
        }),
        Denial::Anonymous => with_page(
            "Sign in with a personal access token as the password; the user name does not matter.",
            "You can make one",
        ),
        Denial::Malformed(_) => {
            with_page("The token is mistyped or incomplete.", "Copy it once more, or make a new one")
        }
        Denial::Unknown => with_page("There is no such token.", "You can make one"),
        Denial::WrongPassword => {
            with_page("The user name, password or token is incorrect.", "You can make a personal access token")
        }
        Denial::Expired { at } => with_page(&format!("The token expired on {}.", at.date()), "You can make a new one"),
        Denial::Revoked { ended, .. } => {
            let how = match ended.reason {
                EndReason::Revoked => "was revoked",
                EndReason::Rotated => "was replaced by a newer one, and so revoked,",
            };
            with_page(&format!("The token {how} on {}.", ended.at.date()), "You can make a new one")
        }
        Denial::ImpersonationDisabled => access_denied("Impersonation tokens are not accepted on this server."),
        Denial::TwoCredentials => access_denied("The request brings two credentials that contradict each other."),
        Denial::FactorRequired
        | Denial::NotProven
        | Denial::NotFromOurPage
        | Denial::SudoNotAdministrator
        | Denial::SudoWithoutToken
        | Denial::SudoUnknownUser(_)
        | Denial::NotAdministrator => forbidden("Forbidden"),
    }
}

fn access_denied(why: &str) -> Said {
    (StatusCode::UNAUTHORIZED, format!("HTTP Basic: Access denied. {why}\n"))
}

fn forbidden(text: &str) -> Said {
    (StatusCode::FORBIDDEN, text.to_owned())
}

fn not_found(text: &str) -> Said {
    (StatusCode::NOT_FOUND, text.to_owned())
}

fn failed(refusal: &Refusal, request_id: Option<RequestId>) -> Said {
    tracing::error!(request_id = request_id.map(tracing::field::display), %refusal, "a Git request failed");
    if refusal.is_passing() {
        (StatusCode::SERVICE_UNAVAILABLE, "The database does not answer. Please try again in a few seconds.\n".into())
    } else {
        internal(request_id)
    }
}

/// An end that is our fault was logged where it happened.
fn ended(end: &End, request_id: Option<RequestId>) -> Said {
    let status = match end {
        End::Broken(_) => return internal(request_id),
        End::Busy => StatusCode::SERVICE_UNAVAILABLE,
        End::Revoked => StatusCode::FORBIDDEN,
        End::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        End::ClientSilent => StatusCode::REQUEST_TIMEOUT,
        End::BadGzip | End::Senseless(_) | End::ClientLeft => StatusCode::BAD_REQUEST,
    };
    let text = match end {
        End::Busy => "The server is busy with other Git requests. Please try again in a few seconds.\n".into(),
        other => format!("The request was not served: {other}.\n"),
    };
    (status, text)
}

fn internal(request_id: Option<RequestId>) -> Said {
    let id = request_id.map(|id| format!(" The request's id is {id}.")).unwrap_or_default();
    (StatusCode::INTERNAL_SERVER_ERROR, format!("Something went wrong on our side.{id}\n"))
}
