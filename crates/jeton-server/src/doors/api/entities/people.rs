//! What stands around a user.

use std::fmt;

use jeton_core::{
    id::UserId,
    time::{Date, Timestamp},
    user::{Identity, User},
};
use jeton_store::{
    events::Event,
    users::{
        activity::Activity,
        attributes::Attribute,
        emails::Email,
        gpg_keys::GpgKey,
        ssh_keys::SshKey,
        status::{Preferences, Status},
    },
};
use serde::Serialize;

use super::{AccountUser, BasicUser, Nothing, Shown};
use crate::published;

/// Where a user's picture is found.
#[derive(Clone, Copy)]
pub(crate) struct AvatarUrl<'a> {
    base: &'a str,
    user: UserId,
    file: &'a str,
}

impl<'a> AvatarUrl<'a> {
    /// None without a picture.
    pub(crate) fn new(base: &'a str, user: UserId, file: Option<&'a str>) -> Option<Shown<Self>> {
        file.map(|file| Shown(Self { base, user, file }))
    }
}

impl fmt::Display for AvatarUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/uploads/-/system/user/avatar/{}/{}", self.base, self.user, self.file)
    }
}

/// A picture's address alone.
#[derive(Serialize)]
pub(crate) struct ShownAvatar<'a> {
    pub(crate) avatar_url: Option<Shown<AvatarUrl<'a>>>,
}

/// An SSH key.
#[derive(Serialize)]
pub(crate) struct ShownSshKey<'a> {
    id: i64,
    title: &'a str,
    created_at: Shown<Timestamp>,
    expires_at: Option<Shown<Timestamp>>,
    last_used_at: Option<Shown<Timestamp>>,
    key: String,
    usage_type: &'static str,
}

impl<'a> ShownSshKey<'a> {
    pub(crate) fn new(key: &'a SshKey, owner: &User, external_url: &str) -> Self {
        Self {
            id: key.id.0,
            title: &key.title,
            created_at: Shown(key.created_at),
            expires_at: key.expires_at.map(Shown),
            last_used_at: key.last_used_at.map(Shown),
            key: published::ssh_line(key, owner, external_url),
            usage_type: key.usage.name(),
        }
    }
}

/// An SSH key, and whose it is.
#[derive(Serialize)]
pub(crate) struct OwnedSshKey<'a> {
    #[serde(flatten)]
    key: ShownSshKey<'a>,
    user: AccountUser<'a>,
}

impl<'a> OwnedSshKey<'a> {
    pub(crate) const fn new(key: ShownSshKey<'a>, user: AccountUser<'a>) -> Self {
        Self { key, user }
    }
}

/// An OpenPGP key.
#[derive(Serialize)]
pub(crate) struct ShownGpgKey<'a> {
    id: i64,
    key: &'a str,
    created_at: Shown<Timestamp>,
}

impl<'a> ShownGpgKey<'a> {
    pub(crate) fn new(key: &'a GpgKey) -> Self {
        Self { id: key.id.0, key: &key.key, created_at: Shown(key.created_at) }
    }
}

/// A further e-mail address.
#[derive(Serialize)]
pub(crate) struct ShownEmail<'a> {
    id: i64,
    email: &'a str,
    confirmed_at: Option<Shown<Timestamp>>,
}

impl<'a> ShownEmail<'a> {
    pub(crate) fn new(email: &'a Email) -> Self {
        Self { id: email.id.0, email: &email.email, confirmed_at: email.confirmed_at.map(Shown) }
    }
}

/// Who a user is to another identity provider.
#[derive(Serialize)]
pub(crate) struct ShownIdentity<'a> {
    provider: &'a str,
    extern_uid: &'a str,
}

impl<'a> ShownIdentity<'a> {
    pub(crate) fn new(identity: &'a Identity) -> Self {
        Self { provider: &identity.provider, extern_uid: &identity.extern_uid }
    }
}

/// A custom attribute.
#[derive(Serialize)]
pub(crate) struct ShownAttribute<'a> {
    key: &'a str,
    value: &'a str,
}

impl<'a> ShownAttribute<'a> {
    pub(crate) fn new(attribute: &'a Attribute) -> Self {
        Self { key: &attribute.key, value: &attribute.value }
    }
}

/// When a user did something for the last time.
#[derive(Serialize)]
pub(crate) struct ShownActivity<'a> {
    username: &'a str,
    last_activity_on: Shown<Date>,
    /// GitLab's older name for the same.
    last_activity_at: Shown<Date>,
}

impl<'a> ShownActivity<'a> {
    pub(crate) fn new(activity: &'a Activity) -> Self {
        let Activity { username, on } = activity;
        Self { username, last_activity_on: Shown(*on), last_activity_at: Shown(*on) }
    }
}

/// A user's status; without one, nothing in every field.
#[derive(Default, Serialize)]
pub(crate) struct ShownStatus<'a> {
    emoji: Option<&'a str>,
    message: Option<&'a str>,
    availability: Option<&'static str>,
    message_html: Option<String>,
    clear_status_at: Option<Shown<Timestamp>>,
}

impl<'a> ShownStatus<'a> {
    pub(crate) fn new(status: Option<&'a Status>) -> Self {
        let Some(status) = status else { return Self::default() };
        Self {
            emoji: Some(&status.emoji),
            message: status.message.as_deref(),
            availability: Some(status.availability()),
            message_html: status.message.as_deref().map(escape),
            clear_status_at: status.clear_at.map(Shown),
        }
    }
}

/// A text as HTML shows it.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A user's preferences.
#[derive(Serialize)]
pub(crate) struct ShownPreferences {
    id: i64,
    user_id: i64,
    view_diffs_file_by_file: bool,
    show_whitespace_in_diffs: bool,
    pass_user_identities_to_ci_jwt: bool,
}

impl ShownPreferences {
    pub(crate) const fn new(user: UserId, preferences: Preferences) -> Self {
        Self {
            // Every user has one set of them, so both have one number.
            id: user.0,
            user_id: user.0,
            view_diffs_file_by_file: preferences.view_diffs_file_by_file,
            show_whitespace_in_diffs: preferences.show_whitespace_in_diffs,
            pass_user_identities_to_ci_jwt: preferences.pass_user_identities_to_ci_jwt,
        }
    }
}

/// Something that somebody did.
#[derive(Serialize)]
pub(crate) struct ShownEvent<'a> {
    id: i64,
    project_id: Option<i64>,
    action_name: &'a str,
    target_id: Nothing,
    target_iid: Nothing,
    target_type: Nothing,
    author_id: i64,
    target_title: Nothing,
    created_at: Shown<Timestamp>,
    author: BasicUser<'a>,
    imported: bool,
    imported_from: &'static str,
    author_username: &'a str,
}

impl<'a> ShownEvent<'a> {
    pub(crate) fn new(event: &'a Event, author: &'a User, external_url: &'a str) -> Self {
        Self {
            id: event.id.0,
            project_id: event.project.map(|project| project.0),
            action_name: if event.action == "pushed" { "pushed to" } else { &event.action },
            target_id: (),
            target_iid: (),
            target_type: (),
            author_id: event.author.0,
            target_title: (),
            created_at: Shown(event.at),
            author: BasicUser::new(author, external_url),
            imported: false,
            imported_from: "none",
            author_username: &author.username,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_no_markup() {
        assert_eq!(escape("<b>\"Q&A\"</b> it's"), "&lt;b&gt;&quot;Q&amp;A&quot;&lt;/b&gt; it&#39;s");
    }
}
