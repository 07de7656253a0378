//! People.

use std::fmt;

use crate::{
    id::{NamespaceId, UserId},
    namespace::{BadPath, check_top_level_path},
    time::{Date, Timestamp},
};

/// Whether an account may be used. Stored as its name, which is also what the API shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UserState {
    /// In use.
    Active,
    /// Closed by an administrator.
    Blocked,
    /// Put to rest by an administrator; signing in on a page wakes it.
    Deactivated,
    /// Closed by an administrator, and what it made is hidden.
    Banned,
}

impl UserState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Active, Self::Blocked, Self::Deactivated, Self::Banned];

    /// The word that is stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Blocked => "blocked",
            Self::Deactivated => "deactivated",
            Self::Banned => "banned",
        }
    }

    /// The state of that stored word. An unknown word comes from a newer program: no authority is read into it.
    pub fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.name() == name).unwrap_or(Self::Blocked)
    }
}

/// A user name: letters, digits, `_`, `-` and `.`; at most 255 characters; compared without regard to case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Username(String);

impl Username {
    /// A user name is the path of the user's own namespace, so it obeys that path's rules.
    pub fn parse(text: &str) -> Result<Self, BadPath> {
        check_top_level_path(text).map(|()| Self(text.to_owned()))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it is compared.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An e-mail address: one `@` with something on both sides, no spaces, at most 254 characters (RFC 5321 section 4.5.3).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Email(String);

/// Why a text is no e-mail address: the one word GitLab has for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadEmail;

impl fmt::Display for BadEmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is invalid")
    }
}

impl Email {
    /// Checks the form. Only a mail that arrives proves an address.
    pub fn parse(text: &str) -> Result<Self, BadEmail> {
        let (local, domain) = text.split_once('@').ok_or(BadEmail)?;
        let plain = |part: &str| !part.is_empty() && part.chars().all(|c| !c.is_whitespace() && !c.is_control());
        let fits = text.len() <= 254 && local.len() <= 64;
        let separators = |c: char| matches!(c, '@' | ',' | ';' | '<' | '>' | '"' | '(' | ')' | '[' | ']' | '\\');
        if fits && plain(local) && plain(domain) && !local.contains(separators) && !domain.contains(separators) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadEmail)
        }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it is compared.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

/// A user, with everything that the API shows of one, so that a request which knows its user asks the database nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// The number.
    pub id: UserId,
    /// The name to sign in with and the path of the own namespace.
    pub username: String,
    /// The name for people.
    pub name: String,
    /// The address for mails.
    pub email: String,
    /// Whether the account may be used.
    pub state: UserState,
    /// May administer the instance.
    pub administrator: bool,
    /// Sees only projects it is a member of.
    pub external: bool,
    /// Signs in with a second factor; the account password is then refused for Git and the registry.
    pub two_factor: bool,
    /// How many projects it may own.
    pub projects_limit: i64,
    /// Its own namespace.
    pub namespace: NamespaceId,
    /// Since when.
    pub created_at: Timestamp,
    /// When the address was confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// When it signed in on a page for the last time.
    pub current_sign_in_at: Option<Timestamp>,
    /// When it signed in the time before.
    pub last_sign_in_at: Option<Timestamp>,
    /// The last date on which it did anything.
    pub last_activity_on: Option<Date>,
}

impl User {
    /// Whether the account can be used: it is active, and its address is confirmed. (Accounts that need no confirmation
    /// are made with their address confirmed.)
    pub fn is_usable(&self) -> bool {
        self.state == UserState::Active && self.confirmed_at.is_some()
    }

    /// Whether only its owner's confirmation of the address is missing, or would be if nothing else were wrong with it.
    pub fn is_unconfirmed(&self) -> bool {
        self.state != UserState::Deactivated && self.confirmed_at.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_follow_gitlabs_rules() {
        for good in ["root", "a", "jane.doe", "_x", "Jane-Doe_2", "1"] {
            assert!(Username::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a.", "a.git", "a.atom", "a b", "a/b", "é", "admin", "API", "..", "a..b\n"] {
            assert!(Username::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_have_one_at_and_no_spaces() {
        for good in ["a@b", "jane.doe+x@example.com", "jürgen@münchen.example"] {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "@", "a@", "@b", "a b@c", "a@b@c", "a@b\r\nBcc: x@y", "<a@b>", "a,b@c"] {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
        assert!(Email::parse(&format!("{}@example.com", "a".repeat(65))).is_err());
    }
}
