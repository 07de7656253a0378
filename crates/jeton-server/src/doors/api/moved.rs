//! Projects that have another path by now (GitLab API docs, "Status codes" and "Namespaced paths").

use axum::{
    http::{HeaderValue, Method, StatusCode, Uri, header::LOCATION},
    response::{IntoResponse, Response},
};
use jeton_core::{id::ProjectId, secret::names_a_credential};
use percent_encoding::percent_decode_str;

use super::error::ApiError;

/// Leads to the same endpoint under the project's number, which stays. What changes something is not led anywhere: it was
/// perhaps meant for what was there before.
pub(super) fn answer(project: ProjectId, method: &Method, uri: &Uri, external_url: &str) -> Response {
    if !matches!(*method, Method::GET | Method::HEAD) {
        let told = "Non GET methods are not allowed for moved projects";
        return ApiError::message(StatusCode::METHOD_NOT_ALLOWED, told).into_response();
    }
    let target = format!("{external_url}{}", by_number(project, uri));
    let told = format!("This resource has been moved permanently to {target}");
    let mut response = (StatusCode::MOVED_PERMANENTLY, told).into_response();
    if let Ok(target) = HeaderValue::try_from(target) {
        response.headers_mut().insert(LOCATION, target);
    }
    response
}

/// Path and query with the number in the place of the path that names the project, and without credentials.
fn by_number(project: ProjectId, uri: &Uri) -> String {
    let (before, named) = uri.path().split_once("/projects/").unwrap_or((uri.path(), ""));
    let rest = named.find('/').map_or("", |end| &named[end..]);
    let is_kept = |pair: &&str| !names_a_credential(&percent_decode_str(pair).decode_utf8_lossy());
    let kept: Vec<_> = uri.query().unwrap_or_default().split('&').filter(is_kept).collect();
    let query = kept.join("&");
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{before}/projects/{}{rest}{mark}{query}", project.0)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn only_the_name_becomes_a_number_and_no_secret_stays() {
        for (asked, expected) in [
            ("/api/v4/projects/jane%2Fbox", "/api/v4/projects/7"),
            ("/api/v4/projects/jane%2Fbox/members/all?page=2", "/api/v4/projects/7/members/all?page=2"),
            ("/api/v4/projects/jane%2Fbox?private_token=x&statistics=1", "/api/v4/projects/7?statistics=1"),
            ("/api/v4/projects/jane%2Fbox?access%5Ftoken=x", "/api/v4/projects/7"),
        ] {
            assert_eq!(by_number(ProjectId(7), &asked.parse().unwrap()), expected, "{asked}");
        }
    }
}
