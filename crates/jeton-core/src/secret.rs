//! Text that must not be printed.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Parameters that carry a credential, or did in some version of GitLab.
const PARAMETERS: [&str; 4] = ["private_token", "access_token", "bearer_token", "job_token"];

/// Whether a decoded part of an address names a parameter that carries a credential, in any spelling that somebody could
/// have meant: `private_token[]`, `Private_Token`, `a[private_token]`, or behind the `;` that other servers read as `&`.
/// Such a part goes into no other address, no cookie and no log.
pub fn names_a_credential(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.any(|word| PARAMETERS.iter().any(|parameter| word.eq_ignore_ascii_case(parameter)))
}

/// A password or another secret text. It is wiped when dropped, and printing it prints nothing of it.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The secret itself. Every use of this is a place to look at in a review.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Takes time that depends on the lengths alone.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
