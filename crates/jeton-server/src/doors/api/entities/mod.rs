//! What the API shows of things: GitLab's entities, field by field and in its order.

mod people;
mod project;

use std::fmt;

use jeton_core::{
    time::{Date, Timestamp},
    token::Expiry,
    user::User,
};
use jeton_store::{tokens::Token, users::attributes::Attribute};
pub(crate) use people::{
    AvatarUrl, OwnedSshKey, ShownActivity, ShownAttribute, ShownAvatar, ShownEmail, ShownEvent, ShownGpgKey,
    ShownIdentity, ShownPreferences, ShownSshKey, ShownStatus,
};
pub(crate) use project::{Around, BasicProject, FullProject};
use serde::{Serialize, Serializer};

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

/// Whoever can see a user at all sees this.
#[derive(Serialize)]
pub(crate) struct BasicUser<'a> {
    id: i64,
    username: &'a str,
    public_email: Nothing,
    name: &'a str,
    state: &'static str,
    locked: bool,
    avatar_url: Option<Shown<AvatarUrl<'a>>>,
    web_url: Shown<Address<'a>>,
    /// Only where an administrator asked for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_attributes: Option<Vec<ShownAttribute<'a>>>,
}

impl<'a> BasicUser<'a> {
    pub(crate) fn new(user: &'a User, external_url: &'a str) -> Self {
        Self {
            id: user.id.0,
            username: &user.username,
            public_email: (),
            name: &user.name,
            state: user.state.name(),
            locked: false,
            avatar_url: AvatarUrl::new(external_url, user.id, user.avatar.as_deref()),
            web_url: Shown(Address { base: external_url, path: &user.username }),
            custom_attributes: None,
        }
    }
}

/// A user's profile.
#[derive(Serialize)]
pub(crate) struct ProfiledUser<'a> {
    #[serde(flatten)]
    basic: BasicUser<'a>,
    created_at: Shown<Timestamp>,
    bio: &'static str,
    location: &'static str,
    linkedin: &'static str,
    twitter: &'static str,
    discord: &'static str,
    website_url: &'static str,
    github: &'static str,
    job_title: &'static str,
    pronouns: Nothing,
    organization: &'static str,
    bot: bool,
    work_information: Nothing,
    followers: u32,
    following: u32,
    is_followed: bool,
    local_time: Nothing,
}

impl<'a> ProfiledUser<'a> {
    pub(crate) fn new(user: &'a User, external_url: &'a str) -> Self {
        Self {
            basic: BasicUser::new(user, external_url),
            created_at: Shown(user.created_at),
            bio: "",
            location: "",
            linkedin: "",
            twitter: "",
            discord: "",
            website_url: "",
            github: "",
            job_title: "",
            pronouns: (),
            organization: "",
            bot: false,
            work_information: (),
            followers: 0,
            following: 0,
            is_followed: false,
            local_time: (),
        }
    }
}

/// A user's account, for the user itself and for administrators.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "GitLab's entity has them")]
pub(crate) struct AccountUser<'a> {
    #[serde(flatten)]
    profile: ProfiledUser<'a>,
    last_sign_in_at: Option<Shown<Timestamp>>,
    confirmed_at: Option<Shown<Timestamp>>,
    last_activity_on: Option<Shown<Date>>,
    email: &'a str,
    theme_id: u32,
    color_scheme_id: u32,
    projects_limit: i64,
    current_sign_in_at: Option<Shown<Timestamp>>,
    identities: Vec<ShownIdentity<'a>>,
    can_create_group: bool,
    can_create_project: bool,
    two_factor_enabled: bool,
    external: bool,
    private_profile: bool,
    commit_email: &'a str,
    preferred_language: &'static str,
    #[serde(flatten)]
    administration: Option<Administration>,
}

/// What only administrators see.
#[derive(Serialize)]
struct Administration {
    is_admin: bool,
    note: Nothing,
    namespace_id: i64,
    created_by: Nothing,
}

impl<'a> AccountUser<'a> {
    /// With what only administrators see, where an administrator is looking.
    pub(crate) fn new(user: &'a User, external_url: &'a str, to_administrator: bool) -> Self {
        let administration = to_administrator.then_some(Administration {
            is_admin: user.administrator,
            note: (),
            namespace_id: user.namespace.0,
            created_by: (),
        });
        Self {
            profile: ProfiledUser::new(user, external_url),
            last_sign_in_at: user.last_sign_in_at.map(Shown),
            confirmed_at: user.confirmed_at.map(Shown),
            last_activity_on: user.last_activity_on.map(Shown),
            email: &user.email,
            theme_id: 1,
            color_scheme_id: 1,
            projects_limit: user.projects_limit,
            current_sign_in_at: user.current_sign_in_at.map(Shown),
            identities: user.identities.iter().map(ShownIdentity::new).collect(),
            can_create_group: false,
            can_create_project: !user.external && user.projects_limit > 0,
            two_factor_enabled: user.two_factor,
            external: user.external,
            private_profile: false,
            commit_email: &user.email,
            preferred_language: "en",
            administration,
        }
    }

    /// With what administrators noted about the user.
    pub(crate) fn with_attributes(mut self, attributes: &'a [Attribute]) -> Self {
        self.profile.basic.custom_attributes = Some(attributes.iter().map(ShownAttribute::new).collect());
        self
    }
}

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
