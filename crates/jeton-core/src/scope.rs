//! Scopes: the words that a token carries. One scope is one row of [`SCOPES`]; the parser, the form, the API's checks
//! and the documentation read this table.

use std::fmt;

use crate::ability::{Abilities, Ability};

/// Who is offered a scope when a token is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Offered {
    /// Everybody.
    Always,
    /// Everybody, on an instance that has a container registry.
    WithRegistry,
    /// Administrators.
    ToAdministrators,
}

/// A scope: its name is what is stored and sent, never its position in the table.
#[derive(Debug)]
pub struct Scope {
    /// The name on the wire and in the database.
    pub name: &'static str,
    /// One sentence for the person who ticks the box.
    pub description: &'static str,
    /// What a token with this scope may do, as far as its user may.
    pub grants: Abilities,
    /// Who can choose it.
    pub offered: Offered,
}

use Ability::{OwnToken, PullCode, PullImage, PushCode, PushImage, ReadApi, ReadUsers, RotateOwnToken, Sudo, WriteApi};

/// Everything that the API, Git and the registry offer, except acting as somebody else.
pub(crate) const FULL: Abilities =
    Abilities::of(&[ReadUsers, ReadApi, WriteApi, OwnToken, RotateOwnToken, PullCode, PushCode, PullImage, PushImage]);

/// Every scope there is, in the order in which forms show them: reading before writing.
pub static SCOPES: &[Scope] = &[
    Scope {
        name: "api",
        description: "Complete access: reads and changes everything you can over the API, Git and the container registry.",
        grants: FULL,
        offered: Offered::Always,
    },
    Scope {
        name: "read_api",
        description: "Reads everything you can read over the API, clones repositories and pulls images.",
        grants: Abilities::of(&[ReadUsers, ReadApi, OwnToken, PullCode, PullImage]),
        offered: Offered::Always,
    },
    Scope {
        name: "read_user",
        description: "Reads your own profile and the users you can see.",
        grants: Abilities::of(&[ReadUsers, OwnToken]),
        offered: Offered::Always,
    },
    Scope {
        name: "read_repository",
        description: "Clones and fetches repositories over Git.",
        grants: Abilities::of(&[OwnToken, PullCode]),
        offered: Offered::Always,
    },
    Scope {
        name: "write_repository",
        description: "Clones, fetches and pushes over Git.",
        grants: Abilities::of(&[OwnToken, PullCode, PushCode]),
        offered: Offered::Always,
    },
    Scope {
        name: "read_registry",
        description: "Pulls container images of the projects you can pull from.",
        grants: Abilities::of(&[OwnToken, PullImage]),
        offered: Offered::WithRegistry,
    },
    Scope {
        name: "write_registry",
        description: "Pushes container images. Pulling needs read_registry beside it.",
        grants: Abilities::of(&[OwnToken, PushImage]),
        offered: Offered::WithRegistry,
    },
    Scope {
        name: "self_rotate",
        description: "Replaces this very token by a new one, and nothing else.",
        grants: Abilities::of(&[OwnToken, RotateOwnToken]),
        offered: Offered::Always,
    },
    Scope {
        name: "sudo",
        description: "Acts as any user over the API, when the request names one.",
        grants: Abilities::of(&[OwnToken, Sudo]),
        offered: Offered::ToAdministrators,
    },
];

/// What decides which scopes are offered.
#[derive(Clone, Copy, Debug)]
pub struct Offer {
    /// The token's user is an administrator.
    pub administrator: bool,
    /// The instance has a container registry.
    pub registry: bool,
}

impl Scope {
    /// The scope of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        SCOPES.iter().find(|scope| scope.name == name)
    }

    /// Whether a token under these circumstances may be given this scope.
    pub const fn is_offered(&self, to: Offer) -> bool {
        match self.offered {
            Offered::Always => true,
            Offered::WithRegistry => to.registry,
            Offered::ToAdministrators => to.administrator,
        }
    }
}

/// Why names are no set of scopes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BadScopes {
    /// No name at all: a token without scopes is not representable.
    Empty,
    /// This name is no scope.
    Unknown(String),
}

/// One or more scopes. Stored as names, held as bits (positions in [`SCOPES`]) that never leave memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ScopeSet(std::num::NonZeroU32);

impl ScopeSet {
    /// The set of these names; repetitions are harmless.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, BadScopes> {
        let mut bits = 0_u32;
        for name in names {
            let position = SCOPES.iter().position(|scope| scope.name == name);
            bits |= 1 << position.ok_or_else(|| BadScopes::Unknown(name.to_owned()))?;
        }
        std::num::NonZeroU32::new(bits).map(Self).ok_or(BadScopes::Empty)
    }

    /// Reads what [`ScopeSet`]'s `Display` wrote. A name that this program does not know grants nothing; none is left
    /// when there is no other.
    pub fn stored(names: &str) -> Option<Self> {
        Self::parse(names.split(' ').filter(|name| Scope::named(name).is_some())).ok()
    }

    /// The scopes, in the table's order.
    pub fn iter(self) -> impl Iterator<Item = &'static Scope> {
        SCOPES
            .iter()
            .enumerate()
            .filter(move |(position, _)| self.0.get() & (1 << position) != 0)
            .map(|(_, scope)| scope)
    }

    /// The names, in the table's order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.iter().map(|scope| scope.name)
    }

    /// The scopes that satisfy a condition; none where no scope does.
    pub fn filter(self, keep: impl Fn(&'static Scope) -> bool) -> Option<Self> {
        Self::parse(self.iter().filter(|scope| keep(scope)).map(|scope| scope.name)).ok()
    }

    /// What the scopes grant together.
    pub fn abilities(self) -> Abilities {
        self.iter().fold(Abilities::NONE, |all, scope| all.or(scope.grants))
    }

    /// Whether every scope of this set is in `other` too.
    pub const fn is_within(self, other: Self) -> bool {
        self.0.get() & !other.0.get() == 0
    }

    /// What is in either set.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The names, separated by spaces: how a set is stored.
impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, name) in self.names().enumerate() {
            write!(f, "{}{name}", if position == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn no_scopes_is_no_set() {
        assert_eq!(ScopeSet::parse([]), Err(BadScopes::Empty));
        assert_eq!(ScopeSet::parse(["api", "admin"]), Err(BadScopes::Unknown("admin".into())));
    }

    #[test]
    fn a_set_is_stored_as_its_names() {
        let set = ScopeSet::parse(["read_user", "api", "read_user"]).unwrap();
        assert_eq!(set.to_string(), "api read_user");
        assert_eq!(ScopeSet::parse(set.to_string().split(' ')), Ok(set));
    }

    #[test]
    fn every_scope_changes_what_a_token_can_do() {
        for scope in SCOPES {
            let same = SCOPES.iter().filter(|other| other.grants == scope.grants).count();
            assert_eq!(same, 1, "{} grants the same as another scope", scope.name);
        }
    }

    #[test]
    fn the_registry_and_administration_decide_what_is_offered() {
        let offered = |administrator, registry| {
            let offer = Offer { administrator, registry };
            SCOPES.iter().filter(|scope| scope.is_offered(offer)).map(|scope| scope.name).collect::<Vec<_>>()
        };
        let plain = ["api", "read_api", "read_user", "read_repository", "write_repository", "self_rotate"];
        assert_eq!(offered(false, false), plain);
        assert!(offered(false, true).contains(&"write_registry"));
        assert_eq!(offered(true, false).last(), Some(&"sudo"));
    }
}
