//! What varies in a path.

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};

use super::error::ApiError;

/// The parameter of a path that has one, decoded.
pub(crate) struct InPath(String);

impl<S: Send + Sync> FromRequestParts<S> for InPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let all = RawPathParams::from_request_parts(parts, state).await.map_err(|_| ApiError::no_such_route())?;
        all.iter().next().map(|(_, value)| Self(value.to_owned())).ok_or_else(ApiError::no_such_route)
    }
}

impl InPath {
    /// As a number; `name` is what a complaint calls it.
    pub(crate) fn number(&self, name: &str) -> Result<i64, ApiError> {
        self.0.parse().map_err(|_| ApiError::parameters(&[format!("{name} is invalid")]))
    }

    /// As a number, where a path with anything else is no path of ours.
    pub(crate) fn number_or_no_route(&self) -> Result<i64, ApiError> {
        self.0.parse().map_err(|_| ApiError::no_such_route())
    }
}
