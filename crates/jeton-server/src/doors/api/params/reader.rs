//! Typed reading of parameters, with the words and the order of complaints that GitLab's clients know.
//!
//! A handler names what it takes as a type that implements [`Input`] and gets it by the extractor [`Given`]:
//!
//! ```text
//! struct Rename { id: i64, name: String }
//!
//! impl Input for Rename {
//!     fn read(from: &mut Reader<'_>) -> Self {
//!         Self { id: from.required_integer("id"), name: from.required_text("name") }
//!     }
//! }
//!
//! async fn rename(grant: Grant<Owner>, Given(wanted): Given<Rename>) -> Response { … }
//! ```
//!
//! Complaints are collected and answered together, in the order of reading; what `read` returns is used only when there
//! was none. The same function, run over no parameters at all, tells which parameters there are ([`Input::declared`]).

use axum::{extract::FromRequestParts, http::request::Parts};
use bytes::Bytes;
use jeton_core::{
    time::{Date, Timestamp},
    token::Expiry,
};
use serde_json::Value;

use super::Params;
use crate::doors::api::error::ApiError;

/// The parameters of one endpoint.
pub(crate) trait Input: Sized {
    /// Reads them all.
    fn read(from: &mut Reader<'_>) -> Self;

    /// Which there are.
    fn declared() -> Vec<Declared> {
        let mut reader = Reader { params: &super::NONE, problems: Vec::new(), declared: Some(Vec::new()) };
        Self::read(&mut reader);
        reader.declared.unwrap_or_default()
    }
}

/// The parameters of a request, read and found good.
pub(crate) struct Given<I>(pub(in crate::doors::api) I);

impl<I: Input, S: Sync> FromRequestParts<S> for Given<I> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Params::of(&parts.extensions).read().map(Self)
    }
}

/// One parameter that an endpoint takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Declared {
    /// Its name.
    pub(crate) name: &'static str,
    /// Of which kind its value is.
    pub(crate) kind: Kind,
    /// Whether it must be there.
    pub(crate) required: bool,
}

/// Kinds of values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// Yes or no.
    Boolean,
    /// `YYYY-MM-DD`.
    Date,
    /// A date, or a moment with its zone (RFC 3339).
    End,
    /// A moment.
    Moment,
    /// One of these words.
    Word(&'static [&'static str]),
    /// An array of texts.
    Texts,
    /// Values by names.
    TextsByName,
    /// A file in a multipart body.
    File,
}

impl Params {
    /// Reads what an endpoint takes.
    pub(crate) fn read<I: Input>(&self) -> Result<I, ApiError> {
        let mut reader = Reader { params: self, problems: Vec::new(), declared: None };
        let input = I::read(&mut reader);
        if reader.problems.is_empty() { Ok(input) } else { Err(ApiError::parameters(&reader.problems)) }
    }
}

/// Reads parameters one by one and remembers what is wrong with them.
pub(crate) struct Reader<'p> {
    params: &'p Params,
    problems: Vec<String>,
    declared: Option<Vec<Declared>>,
}

/// What is wrong with one value, as GitLab says it.
const INVALID: &str = "is invalid";
const MISSING: &str = "is missing";
const NO_SUCH_VALUE: &str = "does not have a valid value";

impl<'p> Reader<'p> {
    /// A text. Empty is a text, too; numbers and booleans are taken as they are written.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<String> {
        self.declare(name, Kind::Text, false);
        self.coerce(name, as_text)
    }

    /// A text that must be named; `null` counts as empty.
    pub(crate) fn required_text(&mut self, name: &'static str) -> String {
        self.require(name, Kind::Text);
        self.coerce(name, as_text).unwrap_or_default()
    }

    /// A text to filter by: an empty one is none.
    pub(crate) fn filter(&mut self, name: &'static str) -> Option<String> {
        self.text(name).filter(|text| !text.trim().is_empty())
    }

    /// A whole number.
    pub(crate) fn integer(&mut self, name: &'static str) -> Option<i64> {
        self.declare(name, Kind::Integer, false);
        self.coerce_filled(name, as_integer)
    }

    /// Yes or no, in any of the spellings that Ruby's clients and forms use.
    pub(crate) fn boolean(&mut self, name: &'static str) -> Option<bool> {
        self.declare(name, Kind::Boolean, false);
        self.coerce_filled(name, |value| as_boolean(&as_text(value)?))
    }

    /// A date; of a date with a time, the date part.
    pub(crate) fn date(&mut self, name: &'static str) -> Option<Date> {
        self.declare(name, Kind::Date, false);
        self.coerce_filled(name, |value| Date::parse(value.as_str()?))
    }

    /// When something is to end: a date, or a moment with its zone; never, if it is not named.
    pub(crate) fn expiry(&mut self, name: &'static str) -> Expiry {
        self.declare(name, Kind::End, false);
        self.coerce_filled(name, |value| Expiry::parse(value.as_str()?)).unwrap_or(Expiry::NEVER)
    }

    /// A moment; without a zone it is UTC, without a time it is midnight.
    pub(crate) fn moment(&mut self, name: &'static str) -> Option<Timestamp> {
        self.declare(name, Kind::Moment, false);
        self.coerce_filled(name, |value| Timestamp::parse(value.as_str()?))
    }

    /// A moment up to which, inclusive, something is looked for: like [`Reader::moment`], with the whole millisecond.
    pub(crate) fn moment_until(&mut self, name: &'static str) -> Option<Timestamp> {
        self.moment(name).map(Timestamp::to_end_of_millisecond)
    }

    /// One of a list of words; an empty one is none.
    pub(crate) fn word(&mut self, name: &'static str, words: &'static [&'static str]) -> Option<&'static str> {
        self.declare(name, Kind::Word(words), false);
        let text = self.coerce_filled(name, as_text)?;
        let known = words.iter().find(|word| **word == text).copied();
        if known.is_none() {
            self.problem(name, NO_SUCH_VALUE);
        }
        known
    }

    /// Texts that must be named: an array, or one text with commas; an array's elements are split at commas too. Elements
    /// are trimmed. Whether it may be none is for the handler.
    pub(crate) fn required_texts(&mut self, name: &'static str) -> Vec<String> {
        self.require(name, Kind::Texts);
        self.coerce(name, as_texts).unwrap_or_default()
    }

    /// The same, where they may be missing.
    pub(crate) fn texts(&mut self, name: &'static str) -> Option<Vec<String>> {
        self.declare(name, Kind::Texts, false);
        self.coerce(name, as_texts)
    }

    /// Complains about a value that is not on its list.
    pub(crate) fn no_such_value(&mut self, name: &'static str) {
        self.problem(name, NO_SUCH_VALUE);
    }

    /// Texts by names: `attributes[key]=value`, or an object.
    pub(crate) fn texts_by_name(&mut self, name: &'static str) -> Vec<(String, String)> {
        self.declare(name, Kind::TextsByName, false);
        let pairs = |value: &Value| {
            let pairs = value.as_object()?.iter().map(|(key, value)| Some((key.clone(), as_text(value)?)));
            pairs.collect::<Option<Vec<_>>>()
        };
        self.coerce_filled(name, pairs).unwrap_or_default()
    }

    /// A file that must be named; an empty text in its place is none.
    pub(crate) fn required_file(&mut self, name: &'static str) -> Option<Bytes> {
        self.require(name, Kind::File);
        let params = self.params;
        self.coerce_filled(name, |_| params.file(name))
    }

    /// A file, where it is named; an empty one if an empty text stands in its place, or nothing.
    pub(crate) fn file(&mut self, name: &'static str) -> Option<Bytes> {
        self.declare(name, Kind::File, false);
        let params = self.params;
        let file = self.coerce_filled(name, |_| params.file(name));
        self.given(name).map(|_| file.unwrap_or_default())
    }

    /// The raw value, where the parameter is named at all.
    pub(crate) fn given(&self, name: &str) -> Option<&'p Value> {
        self.params.get(name)
    }

    /// Complains about a value that is not what it should be.
    pub(crate) fn invalid(&mut self, name: &'static str) {
        self.problem(name, INVALID);
    }

    /// Complains about a value that has the right type but is excluded.
    pub(crate) fn not_allowed(&mut self, name: &'static str) {
        self.problem(name, "has a value not allowed");
    }

    /// At least one of these must be named.
    pub(crate) fn at_least_one_of(&mut self, names: &[&'static str]) {
        if names.iter().all(|name| self.given(name).is_none()) {
            self.problem(&names.join(", "), "are missing, at least one parameter must be provided");
        }
    }

    /// All of these must be named, or none.
    pub(crate) fn all_or_none_of(&mut self, names: &[&'static str]) {
        let count = names.iter().filter(|name| self.given(name).is_some()).count();
        if count != 0 && count != names.len() {
            self.problem(&names.join(", "), "provide all or none of parameters");
        }
    }

    fn require(&mut self, name: &'static str, kind: Kind) {
        self.declare(name, kind, true);
        if self.given(name).is_none() {
            self.problem(name, MISSING);
        }
    }

    fn declare(&mut self, name: &'static str, kind: Kind, required: bool) {
        if let Some(declared) = &mut self.declared {
            declared.push(Declared { name, kind, required });
        }
    }

    fn coerce<T>(&mut self, name: &'static str, how: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        let value = self.given(name).filter(|value| !value.is_null())?;
        let coerced = how(value);
        if coerced.is_none() {
            self.problem(name, INVALID);
        }
        coerced
    }

    /// Like [`Reader::coerce`], for types that have no empty value: there, an empty text is as good as none.
    fn coerce_filled<T>(&mut self, name: &'static str, how: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        let empty = self.given(name).and_then(Value::as_str).is_some_and(|text| text.trim().is_empty());
        if empty { None } else { self.coerce(name, how) }
    }

    fn problem(&mut self, names: &str, what: &str) {
        self.problems.push(format!("{names} {what}"));
    }
}

/// Scalars as they are written; arrays and objects are no texts.
fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn as_integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The words of dry-types' `Params::Bool`, on which GitLab's parameters rest.
fn as_boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "on" | "On" | "ON" | "t" | "true" | "True" | "TRUE" | "T" | "y" | "yes" | "Yes" | "YES" | "Y" => {
            Some(true)
        }
        "0" | "off" | "Off" | "OFF" | "f" | "false" | "False" | "FALSE" | "F" | "n" | "no" | "No" | "NO" | "N" => {
            Some(false)
        }
        _ => None,
    }
}

/// The elements of an array, in which `null` is as good as empty, or of a text with commas. What is neither is invalid,
/// and so is an array that holds something else than texts.
fn as_texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(elements) => {
            let texts = elements.iter().filter(|element| !element.is_null()).map(as_text);
            Some(texts.collect::<Option<Vec<_>>>()?.iter().flat_map(|text| split(text)).collect())
        }
        Value::String(text) => Some(split(text)),
        _ => None,
    }
}

fn split(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|element| !element.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
