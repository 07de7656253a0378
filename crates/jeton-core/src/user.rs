//! People.

mod profile;

use std::fmt;

pub use profile::{Profile, Told};

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

/// What stands behind an account. Stored as its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UserKind {
    /// A person.
    Human,
    /// The one to whom falls what deleted users did in places of others. It cannot do anything.
    Ghost,
}

impl UserKind {
    /// The word that is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Ghost => "ghost",
        }
    }

    /// The kind of that stored word. An unknown word comes from a newer program: no authority is read into it.
    pub fn named(name: &str) -> Self {
        if name == Self::Human.name() { Self::Human } else { Self::Ghost }
    }
}

/// Why an account cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Closed {
    /// It is nobody's: see [`UserKind`].
    Internal,
    /// An administrator put it to rest.
    Deactivated,
    /// Nobody has opened the link yet that confirms its address.
    Unconfirmed,
    /// An administrator closed it.
    Blocked,
    /// An administrator chose its password, and its user has to choose another one.
    PasswordExpired,
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

/// Who a user is to another identity provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The provider's name.
    pub provider: String,
    /// What it calls the user.
    pub extern_uid: String,
}

/// A user, with everything that the API shows of one, so that a request which knows its user asks the database nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a power or a choice of its own")]
pub struct User {
    /// The number.
    pub id: UserId,
    /// The name to sign in with and the path of the own namespace.
    pub username: String,
    /// The name for people.
    pub name: String,
    /// The address for mails.
    pub email: String,
    /// What stands behind the account.
    pub kind: UserKind,
    /// Whether the account may be used.
    pub state: UserState,
    /// An administrator chose the password: before anything else, the user has to choose another one.
    pub password_expired: bool,
    /// May administer the instance.
    pub administrator: bool,
    /// Sees only projects it is a member of.
    pub external: bool,
    /// Signs in with a second factor; the account password is then refused for Git and the registry.
    pub two_factor: bool,
    /// May make groups.
    pub can_create_group: bool,
    /// Shows less of itself to others.
    pub private_profile: bool,
    /// When it first signed in under the rule that everybody must have a second factor; its time of grace began then.
    pub two_factor_asked_at: Option<Timestamp>,
    /// How many projects it may own.
    pub projects_limit: i64,
    /// Which administrator made it.
    pub created_by: Option<UserId>,
    /// Its own namespace.
    pub namespace: NamespaceId,
    /// Since when.
    pub created_at: Timestamp,
    /// When its record changed for the last time.
    pub updated_at: Timestamp,
    /// When the address was confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// When it signed in on a page for the last time.
    pub current_sign_in_at: Option<Timestamp>,
    /// When it signed in the time before.
    pub last_sign_in_at: Option<Timestamp>,
    /// The last date on which it did anything.
    pub last_activity_on: Option<Date>,
    /// What is told of it.
    pub profile: Told,
    /// The name of its picture's file, which begins with the digest of the content.
    pub avatar: Option<String>,
    /// Who it is to other identity providers, in the order in which each was set.
    pub identities: Vec<Identity>,
}

impl User {
    /// Why the account cannot be used; none if it can. The first reason is GitLab's, too. (Accounts that need no
    /// confirmation of their address are made with it confirmed.)
    pub const fn closed(&self) -> Option<Closed> {
        match (self.kind, self.state) {
            (UserKind::Ghost, _) => Some(Closed::Internal),
            (UserKind::Human, UserState::Deactivated) => Some(Closed::Deactivated),
            (UserKind::Human, _) if self.confirmed_at.is_none() => Some(Closed::Unconfirmed),
            (UserKind::Human, UserState::Blocked | UserState::Banned) => Some(Closed::Blocked),
            (UserKind::Human, UserState::Active) if self.password_expired => Some(Closed::PasswordExpired),
            (UserKind::Human, UserState::Active) => None,
        }
    }
}

/// The longest name for people, in characters.
const LONGEST_NAME: usize = 255;

/// Why a text cannot be a name for people, as every listing and commit can show it; in GitLab's words.
pub fn name_flaw(name: &str) -> Option<String> {
    if name.trim().is_empty() {
        Some("can't be blank".to_owned())
    } else if name.chars().count() > LONGEST_NAME {
        Some(format!("is too long (maximum is {LONGEST_NAME} characters)"))
    } else {
        name.contains(char::is_control).then(|| "is invalid".to_owned())
    }
}

/// An account for tests: active, confirmed, without rights, with a name of its own.
#[cfg(test)]
pub(crate) fn for_tests(id: i64) -> User {
    let now = Timestamp::from_micros(0);
    User {
        id: UserId(id),
        username: format!("user{id}"),
        name: "A user".into(),
        email: format!("user{id}@example.com"),
        kind: UserKind::Human,
        state: UserState::Active,
        password_expired: false,
        administrator: false,
        external: false,
        two_factor: false,
        can_create_group: false,
        private_profile: false,
        two_factor_asked_at: None,
        projects_limit: 10,
        created_by: None,
        namespace: NamespaceId(id),
        created_at: now,
        updated_at: now,
        confirmed_at: Some(now),
        current_sign_in_at: None,
        last_sign_in_at: None,
        last_activity_on: None,
        profile: Told::default(),
        avatar: None,
        identities: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The users behind a million tokens are kept in memory.
    #[test]
    fn a_user_is_small() {
        assert!(size_of::<User>() <= 264, "{}", size_of::<User>());
    }

    #[test]
    fn names_are_shown_everywhere() {
        assert_eq!(name_flaw("Jane Doe"), None);
        assert_eq!(name_flaw(" "), Some("can't be blank".into()));
        assert_eq!(name_flaw("a\nb"), Some("is invalid".into()));
        assert_eq!(name_flaw(&"é".repeat(256)), Some("is too long (maximum is 255 characters)".into()));
    }

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
