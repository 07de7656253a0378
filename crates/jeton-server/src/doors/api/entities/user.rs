//! Users as the API shows them.

use jeton_core::{
    time::{Date, Timestamp},
    user::User,
};
use jeton_store::users::attributes::Attribute;
use serde::Serialize;

use super::{Address, AvatarUrl, Nothing, Shown, ShownAttribute, ShownIdentity};

/// Whoever can see a user at all sees this.
#[derive(Serialize)]
pub(crate) struct BasicUser<'a> {
    id: i64,
    username: &'a str,
    public_email: Option<&'a str>,
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
            public_email: told(&user.profile.public_email),
            name: &user.name,
            state: user.state.name(),
            locked: false,
            avatar_url: AvatarUrl::new(external_url, user.id, user.avatar.as_deref()),
            web_url: Shown(Address { base: external_url, path: &user.username }),
            custom_attributes: None,
        }
    }
}

/// A text that is told; an empty one is none.
fn told(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// A user's profile.
#[derive(Serialize)]
pub(crate) struct ProfiledUser<'a> {
    #[serde(flatten)]
    basic: BasicUser<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<Shown<Timestamp>>,
    bio: &'a str,
    location: &'a str,
    linkedin: &'a str,
    twitter: &'a str,
    discord: &'a str,
    website_url: &'a str,
    github: &'a str,
    job_title: &'a str,
    pronouns: Option<&'a str>,
    organization: &'a str,
    bot: bool,
    work_information: Option<String>,
    followers: u32,
    following: u32,
    is_followed: bool,
    local_time: Nothing,
}

impl<'a> ProfiledUser<'a> {
    /// As somebody else sees it: since when a user with a private profile is here is shown to nobody but itself.
    pub(crate) fn new(user: &'a User, external_url: &'a str, viewer: &User) -> Self {
        let hidden = user.private_profile && user.id != viewer.id;
        Self { created_at: (!hidden).then_some(Shown(user.created_at)), ..Self::whole(user, external_url) }
    }

    fn whole(user: &'a User, external_url: &'a str) -> Self {
        let profile = &*user.profile;
        Self {
            basic: BasicUser::new(user, external_url),
            created_at: Some(Shown(user.created_at)),
            bio: &profile.bio,
            location: &profile.location,
            linkedin: &profile.linkedin,
            twitter: &profile.twitter,
            discord: &profile.discord,
            website_url: &profile.website_url,
            github: &profile.github,
            job_title: &profile.job_title,
            pronouns: told(&profile.pronouns),
            organization: &profile.organization,
            bot: false,
            work_information: profile.work_information(),
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
    theme_id: i64,
    color_scheme_id: i64,
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
    administration: Option<Administration<'a>>,
    #[serde(flatten)]
    detail: Option<Detail>,
}

/// What only administrators see.
#[derive(Serialize)]
struct Administration<'a> {
    is_admin: bool,
    note: Option<&'a str>,
    namespace_id: i64,
    created_by: Option<BasicUser<'a>>,
}

/// What administrators see who look at one user.
#[derive(Serialize)]
pub(crate) struct Detail {
    /// The number of the highest role that the user has anywhere; 0 for none.
    pub(crate) highest_role: i64,
    /// From where it signed in, the last time.
    pub(crate) current_sign_in_ip: Option<String>,
    /// From where it signed in, the time before.
    pub(crate) last_sign_in_ip: Option<String>,
    /// How often it signed in.
    pub(crate) sign_in_count: i64,
}

impl<'a> AccountUser<'a> {
    /// For the user itself.
    pub(crate) fn own(user: &'a User, external_url: &'a str) -> Self {
        Self {
            profile: ProfiledUser::whole(user, external_url),
            last_sign_in_at: user.last_sign_in_at.map(Shown),
            confirmed_at: user.confirmed_at.map(Shown),
            last_activity_on: user.last_activity_on.map(Shown),
            email: &user.email,
            theme_id: user.profile.theme_id,
            color_scheme_id: user.profile.color_scheme_id,
            projects_limit: user.projects_limit,
            current_sign_in_at: user.current_sign_in_at.map(Shown),
            identities: user.identities.iter().map(ShownIdentity::new).collect(),
            can_create_group: user.can_create_group,
            can_create_project: !user.external && user.projects_limit > 0,
            two_factor_enabled: user.two_factor,
            external: user.external,
            private_profile: user.private_profile,
            commit_email: told(&user.profile.commit_email).unwrap_or(&user.email),
            preferred_language: "en",
            administration: None,
            detail: None,
        }
    }

    /// With what only administrators see; `creator` is the administrator who made the user.
    pub(crate) fn for_administrator(user: &'a User, external_url: &'a str, creator: Option<&'a User>) -> Self {
        let administration = Administration {
            is_admin: user.administrator,
            note: told(&user.profile.note),
            namespace_id: user.namespace.0,
            created_by: creator.map(|creator| BasicUser::new(creator, external_url)),
        };
        Self { administration: Some(administration), ..Self::own(user, external_url) }
    }

    /// The same in detail.
    pub(crate) fn in_detail(self, detail: Detail) -> Self {
        Self { detail: Some(detail), ..self }
    }

    /// With what administrators noted about the user.
    pub(crate) fn with_attributes(mut self, attributes: &'a [Attribute]) -> Self {
        self.profile.basic.custom_attributes = Some(attributes.iter().map(ShownAttribute::new).collect());
        self
    }
}
