//! The name of a request: in its answer, in every line of the log about it, and in the audit log.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::nature::{self, NoChance};

/// Names one request, written as 32 hexadecimal digits; an extension of the request, and `X-Request-Id` of its answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestId {
    process: u64,
    count: u64,
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
    fn ids_differ_and_have_one_form() {
        let ids = RequestIds::new().unwrap();
        let (one, two) = (ids.next().to_string(), ids.next().to_string());
        assert_ne!(one, two);
        assert!(one.len() == 32 && one.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
