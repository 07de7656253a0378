//! Abilities: what can be done at all. Scopes grant them; they exist in memory only and are never stored.

/// One thing that can be done, whoever does it and to whatever thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Ability {
    /// Read users, the own user and what the server says of itself (`GET /user`, `/users/**`, `/version`, `/metadata`).
    ReadUsers,
    /// Every other reading of the API.
    ReadApi,
    /// Every changing of the API.
    WriteApi,
    /// Ask about and revoke the very token that asks.
    OwnToken,
    /// Replace the very token that asks by a new one.
    RotateOwnToken,
    /// Clone and fetch.
    PullCode,
    /// Push.
    PushCode,
    /// Pull container images.
    PullImage,
    /// Push container images.
    PushImage,
    /// Act as another user (administrators).
    Sudo,
    /// Use the pages on which people manage their account and their tokens.
    UsePages,
    /// Sign out, prove who one is, and set up second factors: all that is left to whoever must set one up first.
    SetUpFactors,
}

/// A set of abilities.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Abilities(u32);

impl Abilities {
    /// No ability at all.
    pub const NONE: Self = Self(0);

    /// The set of the listed abilities.
    pub const fn of(list: &[Ability]) -> Self {
        let mut bits = 0;
        let mut next = 0;
        while next < list.len() {
            bits |= 1 << list[next] as u32;
            next += 1;
        }
        Self(bits)
    }

    /// Whether `ability` is in the set.
    pub const fn has(self, ability: Ability) -> bool {
        self.0 & (1 << ability as u32) != 0
    }

    /// Whether everything in this set is in `other`, too.
    pub const fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// What is in either set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
