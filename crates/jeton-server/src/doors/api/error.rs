//! The API's three families of errors, which clients tell apart by their bodies (GitLab API docs, "Status codes" and
//! "Data validation and error reporting").

use std::borrow::Cow;

use axum::{
    http::{HeaderValue, StatusCode, header::ALLOW},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::{params::Malformed, reply};

/// An answer that says no.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    body: Body,
    allow: Option<HeaderValue>,
}

/// What its body says.
#[derive(Debug)]
enum Body {
    /// `{"message":"404 Project Not Found"}`: what the endpoint itself answers.
    Message(Cow<'static, str>),
    /// `{"message":{"name":["can't be blank"]}}`: what is wrong with the attributes of a record.
    Attributes(Attributes),
    /// `{"error":"name is missing"}`: what is wrong with the request before the endpoint sees it.
    Error(Cow<'static, str>),
}

/// Attributes of a record and what is wrong with each.
pub(crate) type Attributes = Vec<(&'static str, Vec<String>)>;

impl ApiError {
    /// The first family: `message` is the whole text.
    pub(crate) fn message(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, body: Body::Message(message.into()), allow: None }
    }

    /// The third family: `error` is the whole text.
    pub(crate) fn error(status: StatusCode, error: impl Into<Cow<'static, str>>) -> Self {
        Self { status, body: Body::Error(error.into()), allow: None }
    }

    /// 400 for attributes of a record that are not valid.
    pub(crate) fn attributes(attributes: Attributes) -> Self {
        Self { status: StatusCode::BAD_REQUEST, body: Body::Attributes(attributes), allow: None }
    }

    /// 400 for parameters that are not valid, each with its complaint.
    pub(crate) fn parameters(problems: &[String]) -> Self {
        Self::error(StatusCode::BAD_REQUEST, problems.join(", "))
    }

    /// 400 with a reason.
    pub(crate) fn bad_request(reason: &str) -> Self {
        Self::message(StatusCode::BAD_REQUEST, format!("400 Bad request - {reason}"))
    }

    /// 401: also where the existence of a thing is hidden behind it.
    pub(crate) fn unauthorized() -> Self {
        Self::message(StatusCode::UNAUTHORIZED, "401 Unauthorized")
    }

    /// 403 without a reason.
    pub(crate) fn forbidden() -> Self {
        Self::message(StatusCode::FORBIDDEN, "403 Forbidden")
    }

    /// 403 with a reason.
    pub(crate) fn forbidden_because(reason: &str) -> Self {
        Self::message(StatusCode::FORBIDDEN, format!("403 Forbidden - {reason}"))
    }

    /// 404 for a kind of thing: `404 Project Not Found`.
    pub(crate) fn not_found(thing: &str) -> Self {
        Self::message(StatusCode::NOT_FOUND, format!("404 {thing} Not Found"))
    }

    /// 404 as GitLab answers when a record is looked up by a number that no record has; with a small f.
    pub(crate) fn no_such_record() -> Self {
        Self::message(StatusCode::NOT_FOUND, "404 Not found")
    }

    /// 404 for an address that is none.
    pub(crate) fn no_such_route() -> Self {
        Self::error(StatusCode::NOT_FOUND, "404 Not Found")
    }

    /// 405 for an address that takes only the methods in `allow`.
    pub(crate) fn wrong_method(allow: HeaderValue) -> Self {
        Self { allow: Some(allow), ..Self::error(StatusCode::METHOD_NOT_ALLOWED, "405 Not Allowed") }
    }

    /// 412: the record is newer than the request supposes.
    pub(crate) fn precondition_failed() -> Self {
        Self::message(StatusCode::PRECONDITION_FAILED, "412 Precondition Failed")
    }

    /// 422 with sentences about a record.
    pub(crate) fn unprocessable(sentence: String) -> Self {
        Self::message(StatusCode::UNPROCESSABLE_ENTITY, sentence)
    }
}

impl From<Malformed> for ApiError {
    fn from(malformed: Malformed) -> Self {
        let text: Cow<'static, str> = match malformed {
            Malformed::TooLarge => {
                return Self::message(StatusCode::PAYLOAD_TOO_LARGE, "413 Request Entity Too Large");
            }
            Malformed::ContentType(kind) => {
                let text = format!("The provided content-type '{kind}' is not supported.");
                return Self::error(StatusCode::UNSUPPORTED_MEDIA_TYPE, text);
            }
            Malformed::TooMany => "Too many total parameters".into(),
            Malformed::TooDeep => "Parameters nested too deeply".into(),
            Malformed::Encoding => "params contain an invalid format or byte sequence".into(),
            Malformed::Conflict => "params contain conflicting types".into(),
            Malformed::Body => "message body does not match declared format".into(),
            Malformed::Incomplete => "message body is incomplete".into(),
        };
        Self::error(StatusCode::BAD_REQUEST, text)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = match self.body {
            Body::Message(text) => json!({ "message": text }),
            Body::Error(text) => json!({ "error": text }),
            Body::Attributes(attributes) => {
                let attributes = attributes.into_iter().map(|(name, texts)| (name.to_owned(), Value::from(texts)));
                json!({ "message": attributes.collect::<Map<_, _>>() })
            }
        };
        let mut response = reply::json(self.status, &body);
        if let Some(allow) = self.allow {
            response.headers_mut().insert(ALLOW, allow);
        }
        response
    }
}

/// Several clauses as one English sentence: "A", "A and B", "A, B, and C".
pub(crate) fn sentence(clauses: &[String]) -> String {
    match clauses {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [most @ .., last] => format!("{}, and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    async fn body(error: ApiError) -> (u16, String) {
        let response = error.into_response();
        let status = response.status().as_u16();
        assert_eq!(response.headers()["content-type"], "application/json");
        let bytes = axum::body::to_bytes(response.into_body(), 4096).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn each_family_has_its_own_shape() {
        let blank = vec![("name", vec!["can't be blank".to_owned()])];
        for (error, status, expected) in [
            (ApiError::not_found("Project"), 404, r#"{"message":"404 Project Not Found"}"#),
            (ApiError::no_such_record(), 404, r#"{"message":"404 Not found"}"#),
            (ApiError::no_such_route(), 404, r#"{"error":"404 Not Found"}"#),
            (ApiError::unauthorized(), 401, r#"{"message":"401 Unauthorized"}"#),
            (ApiError::forbidden(), 403, r#"{"message":"403 Forbidden"}"#),
            (ApiError::forbidden_because("no"), 403, r#"{"message":"403 Forbidden - no"}"#),
            (ApiError::bad_request("Not permitted"), 400, r#"{"message":"400 Bad request - Not permitted"}"#),
            (ApiError::precondition_failed(), 412, r#"{"message":"412 Precondition Failed"}"#),
            (ApiError::attributes(blank), 400, r#"{"message":{"name":["can't be blank"]}}"#),
            (
                ApiError::parameters(&["a is missing".into(), "b is invalid".into()]),
                400,
                r#"{"error":"a is missing, b is invalid"}"#,
            ),
            (Malformed::TooLarge.into(), 413, r#"{"message":"413 Request Entity Too Large"}"#),
            (
                Malformed::ContentType("application/xml".into()).into(),
                415,
                r#"{"error":"The provided content-type 'application/xml' is not supported."}"#,
            ),
        ] {
            assert_eq!(body(error).await, (status, expected.to_owned()));
        }
    }

    #[test]
    fn a_wrong_method_names_the_right_ones() {
        let response = ApiError::wrong_method(HeaderValue::from_static("GET, HEAD")).into_response();
        assert_eq!((response.status().as_u16(), response.headers()["allow"].to_str().unwrap()), (405, "GET, HEAD"));
    }

    #[test]
    fn sentences_are_joined_as_people_do() {
        let clauses = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(sentence(&clauses(&["A"])), "A");
        assert_eq!(sentence(&clauses(&["A", "B"])), "A and B");
        assert_eq!(sentence(&clauses(&["A", "B", "C"])), "A, B, and C");
    }
}
