//! Callers: who stands behind a request, and by what means that is known.

use std::sync::Arc;

use crate::{
    ability::{Abilities, Ability},
    id::SessionId,
    scope::FULL,
    second_factor::Duty,
    time::Timestamp,
    token::LivingToken,
    user::User,
};

/// By what means a caller was identified.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Via {
    /// A token; what it may do is in its scopes.
    Token(LivingToken),
    /// A signed-in browser.
    Session(SessionId),
    /// The account's own password, over Git.
    Password,
}

impl Via {
    /// What the means grants, whoever the user is.
    pub fn abilities(&self) -> Abilities {
        match self {
            Self::Token(token) => token.scopes.abilities(),
            Self::Session(_) => FULL.or(Abilities::of(&[Ability::UsePages, Ability::SetUpFactors])),
            Self::Password => FULL,
        }
    }
}

/// A credential that was identified: on whose behalf the request acts, and by what means. That is not yet permission.
#[derive(Clone, Debug)]
pub struct Caller {
    /// With whose rights the request acts.
    pub user: Arc<User>,
    /// Who really asks, when an administrator acts as `user` (sudo).
    pub actor: Option<Arc<User>>,
    /// How we know.
    pub via: Via,
    /// When the person last proved who they are in this session; none for every other means.
    pub proven_at: Option<Timestamp>,
    /// Which second factor the user owes. It matters to sessions and passwords alone: tokens go on working.
    pub duty: Duty,
}

impl Caller {
    /// A caller who acts as nobody else, owes nothing and has proven nothing lately.
    pub const fn new(user: Arc<User>, via: Via) -> Self {
        Self { user, actor: None, via, proven_at: None, duty: Duty::None }
    }

    /// Whoever signed in in a browser.
    pub const fn by_session(user: Arc<User>, session: SessionId, proven_at: Timestamp, duty: Duty) -> Self {
        Self { user, actor: None, via: Via::Session(session), proven_at: Some(proven_at), duty }
    }

    /// Whoever gave the account's own password.
    pub const fn by_password(user: Arc<User>, duty: Duty) -> Self {
        Self { user, actor: None, via: Via::Password, proven_at: None, duty }
    }

    /// The token that was presented, if it was one.
    pub const fn token(&self) -> Option<&LivingToken> {
        match &self.via {
            Via::Token(token) => Some(token),
            Via::Session(_) | Via::Password => None,
        }
    }

    /// The person who really asks: the actor under sudo, else the user.
    pub fn person(&self) -> &Arc<User> {
        self.actor.as_ref().unwrap_or(&self.user)
    }
}
