//! What is kept of a token: a keyed digest, so that a stolen database alone proves nothing and finds nothing.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// HMAC-SHA-256 of a token's text: what the unique index finds, and the key of every memory of tokens.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenDigest(pub [u8; 32]);

/// Only the first bytes: enough to tell two apart in a log, too little to look one up.
impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenDigest({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

/// The instance's secret under which tokens are digested, with its key schedule ready.
#[derive(Clone)]
pub struct DigestKey {
    id: String,
    keyed: Hmac<Sha256>,
}

impl DigestKey {
    /// The key with those 256 secret bits.
    pub fn new(secret: &Zeroizing<[u8; 32]>) -> Self {
        // HMAC pads a key with zeros to its block of 64 bytes (RFC 2104 section 2).
        let mut block = Zeroizing::new([0; 64]);
        block[..32].copy_from_slice(&**secret);
        let keyed = Hmac::<Sha256>::new(&(*block).into());
        let name = keyed.clone().chain_update(b"jeton digest key id").finalize().into_bytes();
        let id = hex(&name[..8]);
        Self { id, keyed }
    }

    /// 16 hexadecimal characters that name the key without telling anything about it. The database remembers them, so
    /// that a node with another key notices.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The digest of those bytes.
    pub fn digest(&self, text: &[u8]) -> TokenDigest {
        TokenDigest(self.keyed.clone().chain_update(text).finalize().into_bytes().into())
    }

    /// A key for another purpose, derived from this one; `purpose` must differ per use.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Self {
        Self::new(&Zeroizing::new(self.digest(purpose.as_bytes()).0))
    }
}

/// Two lower-case hexadecimal digits a byte.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        text.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])));
        text
    })
}

impl fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DigestKey({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231 has no vector with a 32-byte key and this text; computed with Python's `hmac.digest(bytes(32), b"x", "sha256")`.
    #[test]
    fn the_digest_is_hmac_sha_256() {
        let key = DigestKey::new(&Zeroizing::new([0; 32]));
        assert_eq!(hex(&key.digest(b"x").0), "4cbc96099a6467ce002461f10549b4898265ebe6188b45efacc44293516e62c4");
    }

    #[test]
    fn keys_are_told_apart_and_not_shown() {
        let (one, two) = (DigestKey::new(&Zeroizing::new([1; 32])), DigestKey::new(&Zeroizing::new([2; 32])));
        assert_ne!(one.id(), two.id());
        assert_eq!(one.id().len(), 16);
        assert_ne!(one.digest(b"x"), two.digest(b"x"));
        assert_ne!(one.derive("a").digest(b"x"), one.derive("b").digest(b"x"));
    }
}
