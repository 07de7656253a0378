//! What a token may make of tokens: nothing that can do more than itself.
//!
//! A person who proved who they are makes what they like. A token makes tokens for its own user with no ability that it
//! lacks, and none that outlives it. An administrator's token makes tokens for others as GitLab has it, but never one
//! that acts as everybody (`sudo`) unless it may do that itself.

use super::{Expiry, LivingToken};
use crate::{
    caller::{Caller, Via},
    id::{TokenId, UserId},
    scope::ScopeSet,
};

/// What every token may give a new one: it lets that one do nothing but replace itself.
const SELF_ROTATE: &str = "self_rotate";
/// What a token of an administrator gives others only if it has it.
const SUDO: &str = "sudo";

/// By whose authority tokens are made and replaced.
#[derive(Clone, Copy, Debug)]
pub enum Authority<'c> {
    /// A person's.
    Person,
    /// A token's, for its own user.
    Own(&'c LivingToken),
    /// A token's of an administrator, for somebody else.
    Others(&'c LivingToken),
}

impl<'c> Authority<'c> {
    /// That of a caller who wants a token of `target`. A token's user is whoever it was made for, also under sudo.
    pub fn of(caller: &'c Caller, target: UserId) -> Self {
        match &caller.via {
            Via::Token(token) if token.user == target => Self::Own(token),
            Via::Token(token) => Self::Others(token),
            Via::Session(_) | Via::Password => Self::Person,
        }
    }

    /// Those of the scopes that go beyond this authority.
    pub fn beyond(self, wanted: ScopeSet) -> Option<ScopeSet> {
        match self {
            Self::Person => None,
            Self::Own(token) => {
                let held = token.scopes.abilities();
                wanted.filter(|scope| scope.name != SELF_ROTATE && !scope.grants.is_within(held))
            }
            Self::Others(token) => {
                let acts_as_all = token.scopes.names().any(|name| name == SUDO);
                wanted.filter(|scope| scope.name == SUDO && !acts_as_all)
            }
        }
    }

    /// When a token that it makes has to end.
    pub const fn latest(self) -> Expiry {
        match self {
            Self::Own(token) => token.expiry,
            Self::Person | Self::Others(_) => Expiry::NEVER,
        }
    }

    /// When the generation has to end that takes the place of `token`, which would end at `expiry`. A token that replaces
    /// itself is as free as its user; one that replaces another gives it no longer life than either has.
    pub fn latest_after(self, token: TokenId, expiry: Expiry) -> Expiry {
        match self {
            Self::Own(own) if own.id != token => own.expiry.max(expiry),
            Self::Own(_) | Self::Person | Self::Others(_) => Expiry::NEVER,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::id::FamilyId;

    fn token(scopes: &str, expiry: Expiry) -> LivingToken {
        let scopes = ScopeSet::parse(scopes.split(' ')).unwrap();
        LivingToken { id: TokenId(1), family: FamilyId(1), user: UserId(7), expiry, scopes, impersonation: false }
    }

    fn beyond(authority: Authority<'_>, wanted: &str) -> String {
        let wanted = ScopeSet::parse(wanted.split(' ')).unwrap();
        authority.beyond(wanted).map_or_else(String::new, |scopes| scopes.to_string())
    }

    #[test]
    fn no_scope_comes_from_a_token_that_cannot_do_the_same() {
        for (held, wanted, too_much) in [
            ("api", "api read_api read_registry self_rotate", ""),
            ("api", "api sudo", "sudo"),
            ("api sudo", "api sudo", ""),
            ("sudo", "api", "api"),
            ("sudo", "sudo self_rotate", ""),
            ("read_api", "read_user read_repository", ""),
            ("read_api", "api write_repository write_registry", "api write_repository write_registry"),
            ("read_user", "self_rotate", ""),
            ("self_rotate", "read_user", "read_user"),
        ] {
            let token = token(held, Expiry::NEVER);
            assert_eq!(beyond(Authority::Own(&token), wanted), too_much, "{held}: {wanted}");
        }
    }

    #[test]
    fn to_others_an_administrators_token_gives_everything_but_what_acts_as_all() {
        for (held, wanted, too_much) in [
            ("api", "api write_registry", ""),
            ("api", "api sudo", "sudo"),
            ("api sudo", "api sudo", ""),
            ("sudo", "api sudo", ""),
        ] {
            let token = token(held, Expiry::NEVER);
            assert_eq!(beyond(Authority::Others(&token), wanted), too_much, "{held}: {wanted}");
        }
        assert_eq!(beyond(Authority::Person, "api sudo"), "");
    }

    #[test]
    fn what_a_token_makes_does_not_outlive_it() {
        let (soon, late) = (Expiry::parse("2027-01-01").unwrap(), Expiry::parse("2028-01-01").unwrap());
        let token = token("api", soon);
        let (own, others) = (Authority::Own(&token), Authority::Others(&token));
        assert_eq!((own.latest(), others.latest()), (soon, Expiry::NEVER));
        assert_eq!(own.latest_after(TokenId(1), soon), Expiry::NEVER, "itself");
        assert_eq!(own.latest_after(TokenId(2), late), late, "another one keeps what it has");
        assert_eq!(own.latest_after(TokenId(2), Expiry::parse("2026-06-01").unwrap()), soon);
        assert_eq!(others.latest_after(TokenId(2), soon), Expiry::NEVER);
    }
}
