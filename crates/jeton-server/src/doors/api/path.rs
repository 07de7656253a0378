//! What varies in a path.

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};

use jeton_core::id::{TokenId, UserId};

use super::error::ApiError;

/// The parameters of a path, decoded.
pub(crate) struct InPath {
    first: String,
    second: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for InPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let all = RawPathParams::from_request_parts(parts, state).await.map_err(|_| ApiError::no_such_route())?;
        let mut values = all.iter().map(|(_, value)| value.to_owned());
        let first = values.next().ok_or_else(ApiError::no_such_route)?;
        Ok(Self { first, second: values.next() })
    }
}

/// A number. One that is too large for any record is the largest, which no record has either.
fn number(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().or_else(|| digits.then_some(i64::MAX))
}

fn invalid(name: &str) -> ApiError {
    ApiError::parameters(&[format!("{name} is invalid")])
}

impl InPath {
    /// As a number; `name` is what a complaint calls it.
    pub(crate) fn number(&self, name: &str) -> Result<i64, ApiError> {
        number(&self.first).ok_or_else(|| invalid(name))
    }

    /// The number of a user, where a path with anything else than digits is no path of ours.
    pub(crate) fn user_or_no_route(&self) -> Result<UserId, ApiError> {
        let digits = self.first.bytes().all(|byte| byte.is_ascii_digit());
        number(&self.first).filter(|_| digits).map(UserId).ok_or_else(ApiError::no_such_route)
    }

    /// The number of a token, which stands second; `name` is what a complaint calls it.
    pub(crate) fn token(&self, name: &str) -> Result<TokenId, ApiError> {
        self.second.as_deref().and_then(number).map(TokenId).ok_or_else(|| invalid(name))
    }

    /// As it stands there.
    pub(crate) fn as_str(&self) -> &str {
        &self.first
    }

    /// The second one, as it stands there.
    pub(crate) fn second(&self) -> &str {
        self.second.as_deref().unwrap_or_default()
    }

    /// The second one as a number; `name` is what a complaint calls it.
    pub(crate) fn second_number(&self, name: &str) -> Result<i64, ApiError> {
        self.second.as_deref().and_then(number).ok_or_else(|| invalid(name))
    }
}
