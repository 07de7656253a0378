//! The lock: the one place that says yes or no, with reasons.
//!
//! It turns in two halves. [`may_ask`] judges the credential before anything is looked up, so that a bad or narrow one
//! learns nothing about what exists. [`may_act`] judges the user against the thing that was loaded. What a request may
//! do is what the user may, cut down to what the credential grants; no path adds.

use std::sync::Arc;

use crate::{
    ability::{Abilities, Ability},
    caller::{Caller, Via},
    id::TokenId,
    project::{Project, Right, Standing, Visibility},
    scope::SCOPES,
    second_factor::{self, Duty},
    time::Timestamp,
    token::{Ended, LivingToken, Malformed, TokenRecord},
    user::User,
};

/// Who can ask at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asker {
    /// Everybody, also without a credential.
    Anyone,
    /// Whoever is identified.
    SignedIn,
    /// Administrators.
    Administrator,
    /// Whoever is identified; in a session, only who proved lately who they are.
    Proven,
    /// Administrators; in a session, only who proved lately who they are.
    ProvenAdministrator,
}

impl Asker {
    const fn is_administrator(self) -> bool {
        matches!(self, Self::Administrator | Self::ProvenAdministrator)
    }

    const fn is_proven(self) -> bool {
        matches!(self, Self::Proven | Self::ProvenAdministrator)
    }
}

/// What a route asks the lock for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Act {
    /// Who can ask.
    pub asker: Asker,
    /// What the credential must grant; none where every good credential will do.
    pub ability: Option<Ability>,
    /// What the user must have in the project that the route is about, if it is about one.
    pub right: Option<Right>,
}

impl Act {
    /// What everybody may do, whatever they present or do not present.
    pub const OPEN: Self = Self { asker: Asker::Anyone, ability: None, right: None };
}

/// What an anonymous request is granted where it can ask at all.
const ANONYMOUS: Abilities =
    Abilities::of(&[Ability::ReadUsers, Ability::ReadApi, Ability::PullCode, Ability::PullImage]);

/// Why not. For callers: each door renders it in its own dialect.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Denial {
    /// No credential where one is needed.
    Anonymous,
    /// The credential cannot be a token.
    Malformed(Malformed),
    /// The credential is nobody's.
    Unknown,
    /// Two credentials that must not come together (RFC 6750 section 2).
    TwoCredentials,
    /// User name or password is wrong.
    WrongPassword,
    /// The password is right, but this account needs a token here.
    TokenRequired,
    /// The account must have a second factor first.
    FactorRequired,
    /// The person has to prove once more who they are.
    NotProven,
    /// The token's end has come.
    Expired {
        /// From when on it was dead.
        at: Timestamp,
    },
    /// The token was ended.
    Revoked {
        /// Which it was.
        token: TokenId,
        /// When and why.
        ended: Ended,
    },
    /// An impersonation token, on an instance that does not want them.
    ImpersonationDisabled,
    /// A token, on an instance that wants none.
    TokensDisabled,
    /// A password for Git, on an instance that does not want them there. Whether it is the right one was not looked at.
    PasswordsDisabled,
    /// The user came from as many addresses already as one may.
    TooManyAddresses {
        /// Seconds for which an address counts.
        window: i64,
    },
    /// The account cannot be used.
    Account(Arc<User>),
    /// A session's request that changes something and does not prove that it comes from our own page.
    NotFromOurPage,
    /// The token does not grant this.
    Scope {
        /// What it would have to grant.
        missing: Ability,
    },
    /// Sudo without being an administrator.
    SudoNotAdministrator,
    /// Sudo with something else than a token.
    SudoWithoutToken,
    /// Sudo as a user who does not exist; holds what was asked for.
    SudoUnknownUser(String),
    /// For administrators only.
    NotAdministrator,
    /// The thing does not exist, or the caller must not learn that it does.
    Hidden,
    /// The user may see the thing but not do this to it.
    Right(Right),
}

impl Denial {
    /// The name of the reason, for the log and the metrics: the same for every request that is refused for it, so it
    /// tells nothing of who asked for what.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Malformed(_) => "malformed",
            Self::Unknown => "unknown",
            Self::TwoCredentials => "two_credentials",
            Self::WrongPassword => "wrong_password",
            Self::TokenRequired => "token_required",
            Self::FactorRequired => "factor_required",
            Self::NotProven => "not_proven",
            Self::Expired { .. } => "expired",
            Self::Revoked { .. } => "revoked",
            Self::ImpersonationDisabled => "impersonation_disabled",
            Self::TokensDisabled => "tokens_disabled",
            Self::PasswordsDisabled => "passwords_disabled",
            Self::TooManyAddresses { .. } => "too_many_addresses",
            Self::Account(_) => "account",
            Self::NotFromOurPage => "not_from_our_page",
            Self::Scope { .. } => "scope",
            Self::SudoNotAdministrator => "sudo_not_administrator",
            Self::SudoWithoutToken => "sudo_without_token",
            Self::SudoUnknownUser(_) => "sudo_unknown_user",
            Self::NotAdministrator => "not_administrator",
            Self::Hidden => "hidden",
            Self::Right(_) => "right",
        }
    }
}

/// Rules of the instance that the lock obeys.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Tokens count at all.
    pub tokens: bool,
    /// Impersonation tokens count.
    pub impersonation: bool,
}

/// Judges a token that was found. Where tokens count, the order is GitLab's: expired, then revoked, then impersonation.
pub fn admit(record: TokenRecord, rules: Rules, now: Timestamp) -> Result<LivingToken, Denial> {
    if !rules.tokens {
        return Err(Denial::TokensDisabled);
    }
    not_expired(&record.token, now)?;
    if let Some(ended) = record.ended {
        return Err(Denial::Revoked { token: record.token.id, ended });
    }
    if record.token.impersonation && !rules.impersonation {
        return Err(Denial::ImpersonationDisabled);
    }
    Ok(record.token)
}

fn not_expired(token: &LivingToken, now: Timestamp) -> Result<(), Denial> {
    match token.expiry.moment() {
        Some(at) if token.expiry.is_over(now) => Err(Denial::Expired { at }),
        _ => Ok(()),
    }
}

/// Proof that the first half of the lock turned; the second half takes nothing else.
#[derive(Debug)]
pub struct Asked<'c> {
    caller: Option<&'c Caller>,
    act: Act,
}

/// The first half: is the credential good, and does it grant the act?
pub fn may_ask(caller: Option<&Caller>, act: Act, now: Timestamp) -> Result<Asked<'_>, Denial> {
    let Some(someone) = caller else {
        let granted = act.ability.is_none_or(|ability| ANONYMOUS.has(ability));
        return if act.asker == Asker::Anyone && granted { Ok(Asked { caller, act }) } else { Err(Denial::Anonymous) };
    };
    stands(someone, now)?;
    if matches!(someone.via, Via::Session(_))
        && someone.duty == Duty::Overdue
        && act.ability != Some(Ability::SetUpFactors)
    {
        return Err(Denial::FactorRequired);
    }
    match act.ability {
        // Under sudo the right to act as the user was proven instead.
        Some(missing) if someone.actor.is_none() && !someone.via.abilities().has(missing) => {
            return Err(Denial::Scope { missing });
        }
        _ => {}
    }
    if act.asker.is_administrator() && !someone.user.administrator {
        return Err(Denial::NotAdministrator);
    }
    if act.asker.is_proven() && !is_proven(someone, now) {
        return Err(Denial::NotProven);
    }
    Ok(Asked { caller, act })
}

/// Whether the caller's credential and account are in force, whatever is asked.
pub fn stands(caller: &Caller, now: Timestamp) -> Result<(), Denial> {
    match &caller.via {
        Via::Token(token) => not_expired(token, now)?,
        Via::Password if caller.user.two_factor || caller.duty == Duty::Overdue => return Err(Denial::TokenRequired),
        Via::Password | Via::Session(_) => {}
    }
    let person = caller.person();
    if person.closed().is_none() { Ok(()) } else { Err(Denial::Account(Arc::clone(person))) }
}

/// Whether the caller may do what asks for a fresh proof. Only sessions grow stale: a token is presented anew each time.
pub fn is_proven(caller: &Caller, now: Timestamp) -> bool {
    !matches!(caller.via, Via::Session(_)) || second_factor::is_proven(caller.proven_at, now)
}

/// Whether the API takes the caller for nobody: in the session of somebody who must set up a second factor first, which
/// its browser sends whether the person wants to or not.
pub fn is_nobody_to_the_api(caller: &Caller) -> bool {
    matches!(caller.via, Via::Session(_)) && caller.duty == Duty::Overdue
}

/// Whether the caller may act as another user at all.
pub fn may_sudo(caller: &Caller, now: Timestamp) -> Result<(), Denial> {
    stands(caller, now)?;
    if !caller.user.administrator {
        return Err(Denial::SudoNotAdministrator);
    }
    match &caller.via {
        Via::Token(token) if token.scopes.abilities().has(Ability::Sudo) => Ok(()),
        Via::Token(_) => Err(Denial::Scope { missing: Ability::Sudo }),
        Via::Session(_) | Via::Password => Err(Denial::SudoWithoutToken),
    }
}

/// What an act is done to.
#[derive(Clone, Copy, Debug)]
pub enum On<'a> {
    /// The server, or things whose owner stands in the store's WHERE clause.
    Server,
    /// One project.
    Project(&'a Project),
}

/// The second half: may this user do it to this thing? Nobody learns of a thing that they may not see.
pub fn may_act(asked: &Asked<'_>, on: On<'_>) -> Result<(), Denial> {
    match (asked.act.right, on) {
        (None, _) | (Some(_), On::Server) => Ok(()),
        (Some(right), On::Project(project)) => {
            let standing = standing(asked.caller.map(|caller| &*caller.user), project);
            judge(right, project.visibility, standing)
        }
    }
}

fn judge(right: Right, visibility: Visibility, standing: Standing) -> Result<(), Denial> {
    if !Right::See.is_allowed(visibility, standing) {
        Err(Denial::Hidden)
    } else if right.is_allowed(visibility, standing) {
        Ok(())
    } else {
        Err(Denial::Right(right))
    }
}

/// What a user is to a project.
pub fn standing(user: Option<&User>, project: &Project) -> Standing {
    match user {
        None => Standing::Anonymous,
        Some(user) if user.administrator => Standing::Administrator,
        Some(user) => project.role_of(user.id).map_or(Standing::Stranger { external: user.external }, Standing::Member),
    }
}

/// The scopes each of which would grant `ability`, in the table's order.
pub fn scopes_granting(ability: Ability) -> impl Iterator<Item = &'static str> {
    SCOPES.iter().filter(move |scope| scope.grants.has(ability)).map(|scope| scope.name)
}

#[cfg(test)]
mod tests;
