//! What the API shows of things: GitLab's entities, field by field and in its order.

mod people;
mod project;
mod token;
mod user;

use std::fmt;

pub(crate) use people::{
    AvatarUrl, OwnedSshKey, ShownActivity, ShownAttribute, ShownAvatar, ShownEmail, ShownEvent, ShownGpgKey,
    ShownIdentity, ShownPreferences, ShownSshKey, ShownStatus,
};
pub(crate) use project::{Around, BasicProject, FullProject};
use serde::{Serialize, Serializer};
pub(crate) use token::{ImpersonationToken, ListedToken, RevealedToken};
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
