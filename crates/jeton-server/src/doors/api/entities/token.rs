//! Tokens.

use jeton_core::time::{Date, Timestamp};
use jeton_store::tokens::Token;
use serde::Serialize;

use super::Shown;

/// A token, as lists show it.
#[derive(Serialize)]
pub(crate) struct ListedToken<'a> {
    #[serde(flatten)]
    token: AnyToken<'a>,
    last_used_ips: &'a [String],
    #[serde(flatten)]
    limits: Limits,
}

/// A token that was just made, with its text.
#[derive(Serialize)]
pub(crate) struct RevealedToken<'a> {
    #[serde(flatten)]
    token: AnyToken<'a>,
    #[serde(rename = "token")]
    text: String,
    #[serde(flatten)]
    limits: Limits,
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
    expires_at: Option<Shown<Date>>,
}

/// What Jeton's tokens have beside GitLab's fields.
#[derive(Serialize)]
struct Limits {
    /// The whole moment; GitLab's field has the date alone.
    expires_at_time: Option<Shown<Timestamp>>,
}

impl Limits {
    fn of(token: &Token) -> Self {
        Self { expires_at_time: token.expiry.moment().map(Shown) }
    }
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
            expires_at: token.expiry.date().map(Shown),
        }
    }
}

impl<'a> ListedToken<'a> {
    pub(crate) fn new(token: &'a Token, now: Timestamp) -> Self {
        Self { token: AnyToken::new(token, now), last_used_ips: &token.addresses, limits: Limits::of(token) }
    }
}

impl<'a> RevealedToken<'a> {
    pub(crate) fn new(token: &'a Token, text: String, now: Timestamp) -> Self {
        Self { token: AnyToken::new(token, now), text, limits: Limits::of(token) }
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
    #[serde(flatten)]
    limits: Limits,
}

impl<'a> ImpersonationToken<'a> {
    pub(crate) fn new(token: &'a Token, text: Option<String>, now: Timestamp) -> Self {
        let token_fields = AnyToken::new(token, now);
        Self { token: token_fields, impersonation: token.impersonation, text, limits: Limits::of(token) }
    }
}
