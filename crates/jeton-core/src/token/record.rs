//! What the database knows of a token.

use std::fmt;

use zeroize::Zeroizing;

use super::text::push_base62;
use crate::{
    id::{FamilyId, TokenId, UserId},
    scope::ScopeSet,
    time::{Date, Timestamp},
};

/// Characters of a family's public name.
const HANDLE: usize = 12;

/// A family's public name: 12 characters that may stand in logs, mails and addresses without telling the secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Handle(pub String);

impl Handle {
    /// A new public name from chance.
    pub fn make(entropy: Zeroizing<[u8; 32]>) -> Self {
        let mut name = String::with_capacity(HANDLE);
        push_base62(&mut name, entropy, HANDLE);
        Self(name)
    }
}

/// Why a generation ended before its expiry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EndReason {
    /// Its owner or an administrator revoked it.
    Revoked,
    /// A new generation took its place.
    Rotated,
}

impl EndReason {
    /// The word that is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Rotated => "rotated",
        }
    }

    /// The reason of that stored word. An unknown word comes from a newer program; whatever it says, the token ended.
    pub fn named(name: &str) -> Self {
        match name {
            "rotated" => Self::Rotated,
            _ => Self::Revoked,
        }
    }
}

/// When and why a generation ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: EndReason,
}

/// How a token was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MadeVia {
    /// By its owner on the Access tokens page.
    Page,
    /// Over the API.
    Api,
    /// With the command line.
    CommandLine,
}

impl MadeVia {
    /// The word that is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Api => "api",
            Self::CommandLine => "command_line",
        }
    }
}

/// When a token ends by itself: at a moment, or never.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Expiry(i64);

impl Expiry {
    /// No end.
    pub const NEVER: Self = Self(i64::MAX);

    /// Dead from that moment on.
    pub const fn at(moment: Timestamp) -> Self {
        Self(moment.micros())
    }

    /// Dead from 00:00:00 UTC of that date on; without a date, never.
    pub fn on(date: Option<Date>) -> Self {
        date.map_or(Self::NEVER, |date| Self::at(date.midnight()))
    }

    /// Reads an end: a date stands for its 00:00:00 UTC, a moment of RFC 3339 with its zone for itself. A date with a time
    /// but no zone is its date, as in GitLab.
    pub fn parse(text: &str) -> Option<Self> {
        Timestamp::parse_rfc3339(text).map(Self::at).or_else(|| Date::parse(text).map(|date| Self::on(Some(date))))
    }

    /// The moment, unless it is never.
    pub fn moment(self) -> Option<Timestamp> {
        (self != Self::NEVER).then(|| Timestamp::from_micros(self.0))
    }

    /// The date, unless it is never.
    pub fn date(self) -> Option<Date> {
        self.moment().map(Timestamp::date)
    }

    /// Whether the end has come.
    pub const fn is_over(self, now: Timestamp) -> bool {
        self.0 <= now.micros()
    }
}

/// `YYYY-MM-DD` for the beginning of a date, the whole moment for any other, or `never`.
impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.moment() {
            Some(moment) if moment == moment.date().midnight() => moment.date().fmt(f),
            Some(moment) => moment.fmt(f),
            None => f.write_str("never"),
        }
    }
}

/// What a request needs to know of a generation that has not been ended. Small and copied: a million stay in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LivingToken {
    /// The generation.
    pub id: TokenId,
    /// Its family.
    pub family: FamilyId,
    /// Whose it is.
    pub user: UserId,
    /// When it ends by itself; the lock compares this at each use.
    pub expiry: Expiry,
    /// What it may be used for.
    pub scopes: ScopeSet,
    /// Made by an administrator to act as the user.
    pub impersonation: bool,
}

/// A generation as it was found by its digest: living, or ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TokenRecord {
    /// What it is, or was.
    pub token: LivingToken,
    /// When and why it was ended, if it was.
    pub ended: Option<Ended>,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn an_end_is_a_date_or_a_moment_with_its_zone() {
        for (text, shown) in [
            ("2099-01-31", "2099-01-31"),
            ("2099-01-31T00:00:00Z", "2099-01-31"),
            ("2099-01-31T10:30:00Z", "2099-01-31T10:30:00.000Z"),
            ("2099-01-31T00:30:00+02:00", "2099-01-30T22:30:00.000Z"),
            ("2099-01-31T10:30:00", "2099-01-31"),
            ("2099-01-31 10:30:00", "2099-01-31"),
        ] {
            assert_eq!(Expiry::parse(text).unwrap().to_string(), shown, "{text}");
        }
        for text in ["", "tomorrow", "2099-02-30", "2099-01-31T25:00:00Z"] {
            assert_eq!(Expiry::parse(text), None, "{text}");
        }
        assert_eq!(Expiry::NEVER.to_string(), "never");
    }
}
