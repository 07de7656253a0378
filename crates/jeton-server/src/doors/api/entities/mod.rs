//! What the API shows of things: GitLab's entities, field by field and in its order.

mod people;
mod project;
mod user;

use std::fmt;

use jeton_core::{time::Timestamp, token::Expiry};
use jeton_store::tokens::Token;
pub(crate) use people::{
    AvatarUrl, OwnedSshKey, ShownActivity, ShownAttribute, ShownAvatar, ShownEmail, ShownEvent, ShownGpgKey,
    ShownIdentity, ShownPreferences, ShownSshKey, ShownStatus,
};
pub(crate) use project::{Around, BasicProject, FullProject};
use serde::{Serialize, Serializer};
pub(crate) use user::{AccountUser, BasicUser, Detail, ProfiledUser};

/// Something that is shown as its text.
pub(crate) struct Shown<T>(pub(crate) T);

impl<T: fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// The address of a page: the server's public address and a path.
pub(crate) struct Address<'a> {
    base: &'a str,
    path: &'a str,
}

impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.path)
    }
}

/// A field that GitLab has and Jeton does not: `null`.
type Nothing = ();

/// A token, as lists show it.
#[derive(Serialize)]
pub(crate) struct ListedToken<'a> {
    #[serde(flatten)]
    token: AnyToken<'a>,
    last_used_ips: &'a [String],
}

/// A token that was just made, with its text.
#[derive(Serialize)]
pub(crate) struct RevealedToken<'a> {
    #[serde(flatten)]
    token: AnyToken<'a>,
    #[serde(rename = "token")]
    text: String,
}

#[derive(Serialize)]
struct AnyToken<'a> {
    id: i64,
    name: &'a str,
    revoked: bool,
    created_at: Shown<Timestamp>,
    description: Option<&'a str>,
    scopes: &'a [String],
    user_id: i64,
    last_used_at: Option<Shown<Timestamp>>,
    active: bool,
    expires_at: Option<Shown<Expiry>>,
}

impl<'a> AnyToken<'a> {
    fn new(token: &'a Token, now: Timestamp) -> Self {
        Self {
            id: token.id.0,
            name: &token.name,
            revoked: token.ended.is_some(),
            created_at: Shown(token.created_at),
            description: token.description.as_deref(),
            scopes: &token.scopes,
            user_id: token.user.0,
            last_used_at: token.last_used_at.map(Shown),
            active: token.is_active(now),
            expires_at: (token.expiry != Expiry::NEVER).then_some(Shown(token.expiry)),
        }
    }
}

impl<'a> ListedToken<'a> {
    pub(crate) fn new(token: &'a Token, now: Timestamp) -> Self {
        Self { token: AnyToken::new(token, now), last_used_ips: &token.addresses }
    }
}

impl<'a> RevealedToken<'a> {
    pub(crate) fn new(token: &'a Token, text: String, now: Timestamp) -> Self {
        Self { token: AnyToken::new(token, now), text }
    }
}

/// A token that an administrator made to act as somebody else; with its text, where it was just made.
#[derive(Serialize)]
pub(crate) struct ImpersonationToken<'a> {
    #[serde(flatten)]
    token: AnyToken<'a>,
    impersonation: bool,
    #[serde(rename = "token", skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl<'a> ImpersonationToken<'a> {
    pub(crate) fn new(token: &'a Token, text: Option<String>, now: Timestamp) -> Self {
        Self { token: AnyToken::new(token, now), impersonation: token.impersonation, text }
    }
}
