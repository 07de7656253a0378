//! What is said to somebody who did not prove who they are, where the page asks once more.

use axum::{
    http::{StatusCode, header::RETRY_AFTER},
    response::Response,
};
use jeton_core::lock::Denial;

use super::moments;
use crate::{exchange, refusal::Refusal};

/// GitLab's words.
const WRONG_CODE: &str = "Invalid two-factor code.";

/// Why a proof did not count.
#[derive(Debug)]
pub(super) enum NotProven {
    /// It is wrong; the text says what is.
    Wrong(String),
    /// It was not looked at: too many were wrong, and the next one counts in so many seconds.
    Held {
        /// What is counted, in the plural.
        what: &'static str,
        /// How long to wait.
        seconds: i64,
    },
}

impl NotProven {
    /// What is wrong, in words.
    pub(super) fn wrong(text: &str) -> Self {
        Self::Wrong(text.to_owned())
    }

    /// What came of a code; nothing of a right one.
    pub(super) fn of_code(checked: Result<bool, Refusal>) -> Result<Option<Self>, Refusal> {
        Self::of(checked, WRONG_CODE, "two-factor codes")
    }

    /// What came of the account's own password; nothing of the right one.
    pub(super) fn of_password(checked: Result<bool, Refusal>) -> Result<Option<Self>, Refusal> {
        Self::of(checked, "Invalid password.", "passwords")
    }

    fn of(checked: Result<bool, Refusal>, wrong: &str, what: &'static str) -> Result<Option<Self>, Refusal> {
        match checked {
            Ok(true) => Ok(None),
            Ok(false) => Ok(Some(Self::wrong(wrong))),
            Err(Refusal::Held(seconds)) => Ok(Some(Self::Held { what, seconds })),
            Err(other) => Err(other),
        }
    }

    /// For the page.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Wrong(text) => text.clone(),
            Self::Held { what, seconds } => format!(
                "Too many {what} were wrong, so this one was not looked at. The next one counts in {}.",
                moments::seconds(*seconds)
            ),
        }
    }

    /// The status of the page.
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::Wrong(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Held { .. } => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    /// The page, with what programs read, and noted for the log.
    pub(super) fn marked(&self, mut page: Response) -> Response {
        match self {
            Self::Wrong(_) => exchange::note_refusal(&Denial::WrongPassword.into()),
            Self::Held { seconds, .. } => {
                exchange::note_refusal(&Refusal::Held(*seconds));
                page.headers_mut().insert(RETRY_AFTER, (*seconds).into());
            }
        }
        page
    }
}
