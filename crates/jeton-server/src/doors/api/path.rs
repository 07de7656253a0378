//! What varies in a path.

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};

use super::error::ApiError;

/// The parameters of a path that has one or two, decoded.
pub(crate) struct InPath(String, Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for InPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let all = RawPathParams::from_request_parts(parts, state).await.map_err(|_| ApiError::no_such_route())?;
        let mut values = all.iter().map(|(_, value)| value.to_owned());
        let first = values.next().ok_or_else(ApiError::no_such_route)?;
        Ok(Self(first, values.next()))
    }
}

impl InPath {
    /// As a number; `name` is what a complaint calls it.
    pub(crate) fn number(&self, name: &str) -> Result<i64, ApiError> {
        self.0.parse().map_err(|_| ApiError::parameters(&[format!("{name} is invalid")]))
    }

    /// As it stands there.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// The second one, as it stands there.
    pub(crate) fn second(&self) -> &str {
        self.1.as_deref().unwrap_or_default()
    }

    /// The second one as a number; `name` is what a complaint calls it.
    pub(crate) fn second_number(&self, name: &str) -> Result<i64, ApiError> {
        self.second().parse().map_err(|_| ApiError::parameters(&[format!("{name} is invalid")]))
    }

    /// As a number, where a path with anything else is no path of ours.
    pub(crate) fn number_or_no_route(&self) -> Result<i64, ApiError> {
        self.0.parse().map_err(|_| ApiError::no_such_route())
    }
}
