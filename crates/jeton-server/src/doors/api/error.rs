//! The API's three families of errors, which clients tell apart by their bodies (GitLab API docs, "Status codes" and
//! "Data validation and error reporting").

use std::borrow::Cow;

use axum::{
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use jeton_store::Fault;
use serde_json::{Map, Value, json};

use super::{params::Malformed, reply};
use crate::{edge::Unfit, nature::NoChance, refusal::Refusal};

/// An answer that says no.
#[derive(Debug)]
pub(crate) struct ApiError(Cause);

#[derive(Debug)]
enum Cause {
    /// The endpoint says no.
    Answer(Box<Answer>),
    /// The lock, or something of ours: the door's outermost layer makes the answer.
    Refused(Refusal),
}

#[derive(Debug)]
struct Answer {
    status: StatusCode,
    body: Body,
    header: Option<(HeaderName, HeaderValue)>,
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
    /// `{"message":{"error":"This endpoint has been requested too many times. …"}}`.
    TooMany(&'static str),
    /// `{"error":["You've reached your limit …"]}`: GitLab's shape for a limit on projects.
    Errors(Vec<String>),
    /// Plain text, as GitLab's throttle answers before its API is reached.
    Plain(String),
    /// `{"error":"invalid_token","error_description":"…"}`: what is wrong with a token (RFC 6750 section 3.1).
    Token { error: &'static str, description: &'static str, scope: Option<String> },
}

/// Attributes of a record and what is wrong with each.
pub(crate) type Attributes = Vec<(&'static str, Vec<String>)>;

impl ApiError {
    /// The first family: `message` is the whole text.
    pub(crate) fn message(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(status, Body::Message(message.into()))
    }

    fn new(status: StatusCode, body: Body) -> Self {
        Self(Cause::Answer(Box::new(Answer { status, body, header: None })))
    }

    fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        if let Cause::Answer(answer) = &mut self.0 {
            answer.header = Some((name, value));
        }
        self
    }

    /// The third family: `error` is the whole text.
    pub(crate) fn error(status: StatusCode, error: impl Into<Cow<'static, str>>) -> Self {
        Self::new(status, Body::Error(error.into()))
    }

    /// 400 for attributes of a record that are not valid.
    pub(crate) fn attributes(attributes: Attributes) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Body::Attributes(attributes))
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

    /// 404 without saying for what.
    pub(crate) fn no_such_thing() -> Self {
        Self::message(StatusCode::NOT_FOUND, "404 Not Found")
    }

    /// 404 as GitLab answers when a record is looked up by a number that no record has; with a small f.
    pub(crate) fn no_such_record() -> Self {
        Self::message(StatusCode::NOT_FOUND, "404 Not found")
    }

    /// 404 for an address that is none.
    pub(crate) fn no_such_route() -> Self {
        Self::error(StatusCode::NOT_FOUND, "404 Not Found")
    }

    /// 405 for an address that takes only other methods.
    pub(crate) fn wrong_method() -> Self {
        Self::error(StatusCode::METHOD_NOT_ALLOWED, "405 Not Allowed")
    }

    /// 412: the record is newer than the request supposes.
    pub(crate) fn precondition_failed() -> Self {
        Self::message(StatusCode::PRECONDITION_FAILED, "412 Precondition Failed")
    }

    /// 403 with several reasons.
    pub(crate) fn forbidden_for(reasons: Vec<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, Body::Errors(reasons))
    }

    /// What the edge refuses: 431 or 400.
    pub(crate) fn unfit(unfit: Unfit) -> Self {
        match unfit {
            Unfit::HeadTooLarge { .. } => {
                Self::message(unfit.status(), format!("431 Request Header Fields Too Large - {unfit}"))
            }
            Unfit::NoHost => Self::bad_request(&unfit.to_string()),
        }
    }

    /// 422 with a sentence about a record.
    pub(crate) fn unprocessable(sentence: String) -> Self {
        Self::message(StatusCode::UNPROCESSABLE_ENTITY, sentence)
    }

    /// 500: the log has the reason, under the request's name.
    pub(crate) fn internal() -> Self {
        Self::message(StatusCode::INTERNAL_SERVER_ERROR, "500 Internal Server Error")
    }

    /// 503: trying again later can help.
    pub(crate) fn unavailable() -> Self {
        Self::message(StatusCode::SERVICE_UNAVAILABLE, "503 Service Unavailable")
            .with(RETRY_AFTER, HeaderValue::from_static("5"))
    }

    /// 429: the caller asks more often than it may; `text` is what administrators want it to be told.
    pub(crate) fn too_often(text: &str, seconds_left: i64) -> Self {
        let text = if text.is_empty() { "Retry later" } else { text };
        Self::new(StatusCode::TOO_MANY_REQUESTS, Body::Plain(format!("{text}\n")))
            .with(RETRY_AFTER, seconds_left.into())
    }

    /// 409: somebody else has it.
    pub(crate) fn conflict(what: impl Into<Cow<'static, str>>) -> Self {
        Self::message(StatusCode::CONFLICT, what)
    }

    /// 429: what may be tried only so often was tried too often. GitLab's words.
    pub(crate) fn too_many(seconds: i64) -> Self {
        let told = "This endpoint has been requested too many times. Try again later.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, Body::TooMany(told)).with(RETRY_AFTER, seconds.into())
    }

    /// 401 for a token that was good once.
    pub(crate) fn dead_token(description: &'static str) -> Self {
        let error = "invalid_token";
        let challenge = format!("{BEARER}, error=\"{error}\", error_description=\"{description}\"");
        Self::new(StatusCode::UNAUTHORIZED, Body::Token { error, description, scope: None }).challenging(&challenge)
    }

    /// 403 for a token whose scopes are too small; each of `scopes` would do.
    pub(crate) fn insufficient_scope(scopes: &[&str]) -> Self {
        let (error, scope) = ("insufficient_scope", scopes.join(" "));
        let description = "The request requires higher privileges than provided by the access token.";
        let challenge = format!("{BEARER}, error=\"{error}\", scope=\"{scope}\"");
        Self::new(StatusCode::FORBIDDEN, Body::Token { error, description, scope: Some(scope) }).challenging(&challenge)
    }

    /// 400 for two tokens in one request (RFC 6750 section 2).
    pub(crate) fn two_tokens() -> Self {
        let description = "Both Authorization header and payload includes access token.";
        Self::new(StatusCode::BAD_REQUEST, Body::Token { error: "invalid_request", description, scope: None })
    }

    fn challenging(self, challenge: &str) -> Self {
        match HeaderValue::from_str(challenge) {
            Ok(value) => self.with(WWW_AUTHENTICATE, value),
            Err(_) => self,
        }
    }
}

/// The challenge that GitLab sends with its refusals of tokens.
const BEARER: &str = "Bearer realm=\"Protected by OAuth 2.0\"";

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self(Cause::Refused(refusal))
    }
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        Refusal::from(fault).into()
    }
}

impl From<NoChance> for ApiError {
    fn from(error: NoChance) -> Self {
        Refusal::from(error).into()
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
            Malformed::TooSlow => return Self::message(StatusCode::REQUEST_TIMEOUT, "408 Request Timeout"),
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
        match self.0 {
            Cause::Refused(refusal) => refusal.into_response(),
            Cause::Answer(answer) => {
                let mut response = match answer.body {
                    Body::Plain(text) => (answer.status, text).into_response(),
                    body => reply::json(answer.status, &body.json()),
                };
                response.headers_mut().extend(answer.header);
                response
            }
        }
    }
}

impl Body {
    fn json(self) -> Value {
        match self {
            Self::Plain(text) => json!(text),
            Self::Message(text) => json!({ "message": text }),
            Self::Error(text) => json!({ "error": text }),
            Self::Errors(texts) => json!({ "error": texts }),
            Self::TooMany(text) => json!({ "message": { "error": text } }),
            Self::Attributes(attributes) => {
                let attributes = attributes.into_iter().map(|(name, texts)| (name.to_owned(), Value::from(texts)));
                json!({ "message": attributes.collect::<Map<_, _>>() })
            }
            Self::Token { error, description, scope: None } => {
                json!({ "error": error, "error_description": description })
            }
            Self::Token { error, description, scope: Some(scope) } => {
                json!({ "error": error, "error_description": description, "scope": scope })
            }
        }
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
            (ApiError::wrong_method(), 405, r#"{"error":"405 Not Allowed"}"#),
            (ApiError::unauthorized(), 401, r#"{"message":"401 Unauthorized"}"#),
            (ApiError::forbidden(), 403, r#"{"message":"403 Forbidden"}"#),
            (ApiError::forbidden_because("no"), 403, r#"{"message":"403 Forbidden - no"}"#),
            (ApiError::bad_request("Not permitted"), 400, r#"{"message":"400 Bad request - Not permitted"}"#),
            (
                ApiError::too_many(9),
                429,
                r#"{"message":{"error":"This endpoint has been requested too many times. Try again later."}}"#,
            ),
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
}
