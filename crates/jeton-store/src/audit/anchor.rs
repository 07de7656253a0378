//! How far the chain of audit events had come, noted where nobody who writes to the database can write.
//!
//! The chain in the database must be at least as long as the anchor says, and be the same there. It may be longer: an
//! anchor is written after the database has committed, and each of several nodes writes one.

use std::fmt::Write as _;

use crate::{Fault, Store};

/// A point of the chain that was reached once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Anchor {
    /// How many events were chained.
    pub position: i64,
    pub(super) chain: [u8; 32],
}

impl Store {
    /// The anchor as a line of text, sealed with the instance's key.
    ///
    /// # Errors
    /// [`Fault::NoKey`].
    pub fn write_anchor(&self, anchor: &Anchor) -> Result<String, Fault> {
        let seal = self.audit_keys()?.seal(b"anchor", anchor.position, &anchor.chain);
        Ok(format!("{} {} {}\n", anchor.position, hex(&anchor.chain), hex(&seal)))
    }

    /// The anchor that the text holds; none if it holds none that was sealed with the instance's key.
    ///
    /// # Errors
    /// [`Fault::NoKey`].
    pub fn read_anchor(&self, text: &str) -> Result<Option<Anchor>, Fault> {
        let mut words = text.split_ascii_whitespace();
        let position = words.next().and_then(|word| word.parse().ok());
        let chain = words.next().and_then(bytes);
        let (Some(position), Some(chain)) = (position, chain) else { return Ok(None) };
        let anchor = Anchor { position, chain };
        Ok((self.write_anchor(&anchor)? == text).then_some(anchor))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn bytes(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(bytes)
}
