//! The name of a request: in its answer, in every line of the log about it, and in the audit log.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use axum::http::HeaderValue;

use crate::nature::{self, NoChance};

/// Names one request, written as 32 hexadecimal digits; an extension of the request, and `X-Request-Id` of its answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestId {
    process: u64,
    count: u64,
}

impl RequestId {
    /// Takes over the name that a proxy gave: 32 lower-case hexadecimal digits, as nginx's `$request_id` has.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = |part: Option<&str>| u64::from_str_radix(part?, 16).ok();
        if !plain {
            return None;
        }
        Some(Self { process: number(text.get(..16))?, count: number(text.get(16..))? })
    }

    /// The value of `X-Request-Id`.
    pub fn header(&self) -> Option<HeaderValue> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 32];
        let bytes = (u128::from(self.process) << 64 | u128::from(self.count)).to_be_bytes();
        for (two, byte) in text.chunks_exact_mut(2).zip(bytes) {
            two.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
        HeaderValue::from_bytes(&text).ok()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.process, self.count)
    }
}

/// Gives out request ids: chance once per process, then a count. They must differ, not be hard to guess.
#[derive(Debug)]
pub struct RequestIds {
    process: u64,
    next: AtomicU64,
}

impl RequestIds {
    /// The ids of this process.
    pub fn new() -> Result<Self, NoChance> {
        Ok(Self { process: u64::from_le_bytes(*nature::chance()?), next: AtomicU64::new(1) })
    }

    /// The next id.
    pub fn next(&self) -> RequestId {
        RequestId { process: self.process, count: self.next.fetch_add(1, Ordering::Relaxed) }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_proxys_name_is_taken_over_unchanged() {
        let text = "00ff5d3a9b7c4e21f0123456789abcde";
        assert_eq!(RequestId::parse(text).unwrap().to_string(), text);
        for other in ["", "x", "00FF5D3A9B7C4E21F0123456789ABCDE", "0123456789abcdef", &"a".repeat(33), &"é".repeat(16)]
        {
            assert_eq!(RequestId::parse(other), None, "{other}");
        }
    }

    #[test]
    fn ids_differ_and_have_one_form() {
        let ids = RequestIds::new().unwrap();
        let (one, two) = (ids.next().to_string(), ids.next().to_string());
        assert_ne!(one, two);
        let id = ids.next();
        assert_eq!(id.header().unwrap(), id.to_string());
        assert!(one.len() == 32 && one.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
