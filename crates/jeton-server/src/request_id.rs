//! The name of a request: in its answer, in every line of the log about it, and in the audit log.

use std::fmt;

use crate::nature::{self, NoChance};

/// What names one request; an extension of the request and the header `X-Request-Id` of its answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestId(std::sync::Arc<str>);

impl RequestId {
    /// A new one.
    pub fn new() -> Result<Self, NoChance> {
        let chance = u128::from_le_bytes(*nature::chance::<16>()?);
        Ok(Self(format!("{chance:032x}").into()))
    }

    /// Takes one over from a client or a proxy, if it is 1 to 64 letters, digits, `-` and `_`.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        (plain && (1..=64).contains(&text.len())).then(|| Self(text.into()))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
