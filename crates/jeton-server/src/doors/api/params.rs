//! What a request says: its parameters, wherever they stand.
//!
//! A query string and a body (form, multipart or JSON) are equal and merged; the body's value counts where both name the
//! same parameter. A request without either costs nothing: nothing is parsed, copied or allocated for it.

mod form;
mod multipart;
mod reader;

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{Extensions, Method, header::CONTENT_TYPE, request::Parts},
};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Body as _;
use jeton_core::secret::Secret;
use serde_json::{Map, Value};

pub(crate) use reader::{Declared, Given, Input, Kind, Reader};

use crate::credentials::InParameters;

/// The longest body, in bytes.
pub(crate) const MAX_BODY: usize = 1 << 20;
/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);
/// The deepest nesting of arrays and objects.
const MAX_DEPTH: usize = 32;
/// The most values in one request, counted through all levels.
const MAX_ELEMENTS: usize = 10_000;

/// Why a request's parameters cannot be read at all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Malformed {
    /// More than [`MAX_BODY`] bytes.
    TooLarge,
    /// More than [`MAX_ELEMENTS`] values.
    TooMany,
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// A broken percent escape, something that is not UTF-8, or a NUL character.
    Encoding,
    /// The same name as a value and as an array or an object.
    Conflict,
    /// The body is not what its content type says.
    Body,
    /// The body was not sent whole.
    Incomplete,
    /// The body took longer than [`PATIENCE`].
    TooSlow,
    /// The body is of a type that nobody here reads; holds the type.
    ContentType(String),
}

/// The parameters of one request. It is made once, before the guard looks for a credential in it.
///
/// There is deliberately no `Debug`: parameters hold secrets.
#[derive(Clone, Default)]
pub(crate) struct Params(Option<Arc<Received>>);

/// What a request says.
struct Received {
    values: Map<String, Value>,
    files: Vec<File>,
}

/// A file that came with a multipart body. Among the values, its name stands in its place.
struct File {
    /// The parameter's name.
    name: String,
    content: Bytes,
}

/// What a request without parameters says.
static NONE: Params = Params(None);

impl Params {
    /// Reads the query string and the body. Credentials are taken out: nothing else shall meet them.
    pub(crate) async fn receive(parts: &Parts, body: Body) -> Result<(Self, Option<InParameters>), Malformed> {
        let mut files = Vec::new();
        let mut params = match parts.uri.query() {
            None | Some("") => Map::new(),
            Some(query) => form::parse(query)?,
        };
        if !body.is_end_stream() {
            // Kept out of the way of requests without a body, all of whose futures would be as large as this one.
            let read = Box::pin(read_body(parts, body)).await?;
            params.extend(read.values);
            files = read.files;
        }
        let credentials = take_credentials(&mut params);
        Ok((Self::new(params, files), credentials))
    }

    /// Leaves the parameters with the request, for the guard and the handler. Without any, there is nothing to leave.
    pub(crate) fn leave_in(self, extensions: &mut Extensions) {
        if self.0.is_some() {
            extensions.insert(self);
        }
    }

    /// The parameters that were left with the request.
    pub(crate) fn of(extensions: &Extensions) -> &Self {
        extensions.get().unwrap_or(&NONE)
    }

    /// The value of that name; its absence and `null` are different things.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.as_ref()?.values.get(name)
    }

    /// The content of the file of that name.
    pub(crate) fn file(&self, name: &str) -> Option<Bytes> {
        let files = &self.0.as_ref()?.files;
        files.iter().rfind(|file| file.name == name).map(|file| file.content.clone())
    }

    /// Every parameter as a form writes it (`a`, `a[]`, `a[b]`), sorted by name.
    pub(crate) fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        for (name, value) in self.0.iter().flat_map(|params| params.values.iter()) {
            flatten(name.clone(), value, &mut pairs);
        }
        pairs.sort_by(|one, other| one.0.cmp(&other.0));
        pairs
    }
}

impl Params {
    fn new(values: Map<String, Value>, files: Vec<File>) -> Self {
        Self((!values.is_empty()).then(|| Arc::new(Received { values, files })))
    }
}

impl From<Map<String, Value>> for Params {
    fn from(values: Map<String, Value>) -> Self {
        Self::new(values, Vec::new())
    }
}

impl From<Map<String, Value>> for Received {
    fn from(values: Map<String, Value>) -> Self {
        Self { values, files: Vec::new() }
    }
}

/// Takes the credentials out. What stands in such a place and is no text is a wrong credential, and not a missing one.
fn take_credentials(params: &mut Map<String, Value>) -> Option<InParameters> {
    let text = |value: Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    };
    let mut take = |name: &str| params.remove(name).and_then(text).map(Secret::new);
    let (private_token, access_token, bearer_token) =
        (take("private_token"), take("access_token"), take("bearer_token"));
    let sudo = params.get("sudo").cloned().and_then(text);
    let any = private_token.is_some() || access_token.is_some() || bearer_token.is_some() || sudo.is_some();
    any.then_some(InParameters { private_token, access_token, bearer_token, sudo })
}

/// Appends what a form would say for one value.
fn flatten(name: String, value: &Value, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| flatten(format!("{name}[]"), element, pairs)),
        Value::Object(members) => {
            members.iter().for_each(|(key, member)| flatten(format!("{name}[{key}]"), member, pairs));
        }
        Value::String(text) => pairs.push((name, text.clone())),
        Value::Null => pairs.push((name, String::new())),
        Value::Bool(_) | Value::Number(_) => pairs.push((name, value.to_string())),
    }
}

/// Reads the body as its content type says. Without one it is taken for a form, as Rack does.
async fn read_body(parts: &Parts, body: Body) -> Result<Received, Malformed> {
    let content_type = parts.headers.get(CONTENT_TYPE).map_or(Ok(""), |value| value.to_str());
    let content_type = content_type.map_err(|_| Malformed::ContentType(String::new()))?;
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_form = matches!(essence.as_str(), "" | "application/x-www-form-urlencoded" | "multipart/form-data");
    if !is_form && matches!(parts.method, Method::GET | Method::HEAD) {
        // Such a body means nothing (RFC 9110 section 9.3.1); GitLab does not look at it either.
        return Ok(Map::new().into());
    }
    let bytes = collect(body).await?;
    match essence.as_str() {
        _ if bytes.is_empty() => Ok(Map::new().into()),
        "application/json" => read_json(&bytes).map(Received::from),
        "multipart/form-data" => multipart::read(content_type, bytes).await,
        _ if is_form => form::parse(std::str::from_utf8(&bytes).map_err(|_| Malformed::Encoding)?).map(Received::from),
        _ => Err(Malformed::ContentType(essence)),
    }
}

/// Takes the body in, up to the limit. A body that says beforehand that it is longer is not waited for.
async fn collect(body: Body) -> Result<Bytes, Malformed> {
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Err(Malformed::TooLarge);
    }
    let collecting = tokio::time::timeout(PATIENCE, Limited::new(body, MAX_BODY).collect());
    match collecting.await.map_err(|_| Malformed::TooSlow)? {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(Malformed::TooLarge),
        Err(_) => Err(Malformed::Incomplete),
    }
}

/// Reads a JSON body: an object, or nothing (`null` or white space, which some clients send with a DELETE).
fn read_json(bytes: &[u8]) -> Result<Map<String, Value>, Malformed> {
    let text = std::str::from_utf8(bytes).map_err(|_| Malformed::Encoding)?;
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_str(text).map_err(|_| Malformed::Body)? {
        Value::Object(params) => {
            let mut left = MAX_ELEMENTS;
            params.iter().try_for_each(|(name, value)| measure(name, value, 1, &mut left)).map(|()| params)
        }
        Value::Null => Ok(Map::new()),
        _ => Err(Malformed::Body),
    }
}

/// Checks one JSON value against the limits that forms have too; `left` counts down through all levels.
fn measure(name: &str, value: &Value, depth: usize, left: &mut usize) -> Result<(), Malformed> {
    if depth > MAX_DEPTH {
        return Err(Malformed::TooDeep);
    }
    *left = left.checked_sub(1).ok_or(Malformed::TooMany)?;
    if name.contains('\0') || value.as_str().is_some_and(|text| text.contains('\0')) {
        return Err(Malformed::Encoding);
    }
    match value {
        Value::Array(elements) => elements.iter().try_for_each(|element| measure("", element, depth + 1, left)),
        Value::Object(members) => members.iter().try_for_each(|(key, member)| measure(key, member, depth + 1, left)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
