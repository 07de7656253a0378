//! Users as they stand in the database.

use jeton_core::{
    id::{NamespaceId, UserId},
    time::Timestamp,
    user::{Profile, User, UserKind, UserState},
};
use sqlx::FromRow;

use super::identities::identities_in;

/// The columns of a [`User`], with its own namespace as `n`.
macro_rules! user_columns {
    () => {
        "u.id, u.username, u.name, u.email, u.kind, u.state, u.password_expired, u.administrator, u.external,
         u.can_create_group, u.private_profile, u.projects_limit, u.created_by, n.id AS namespace_id, u.created_at,
         u.updated_at, u.confirmed_at, u.current_sign_in_at, u.last_sign_in_at, u.last_activity_at, u.two_factor_since,
         u.two_factor_asked_at, u.avatar,
         (SELECT string_agg(i.provider || '\u{1f}' || i.extern_uid, '\u{1e}' ORDER BY i.id)
          FROM identities i WHERE i.user_id = u.id) AS identities,
         u.bio, u.location, u.website_url, u.linkedin, u.twitter, u.discord, u.github, u.job_title, u.pronouns,
         u.organization, u.public_email, u.commit_email, u.note, u.theme_id, u.color_scheme_id"
    };
}
pub(crate) use user_columns;

/// One row of [`user_columns`].
#[derive(FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "the table has them")]
pub(crate) struct UserRow {
    id: i64,
    username: String,
    name: String,
    email: String,
    kind: String,
    state: String,
    password_expired: bool,
    administrator: bool,
    external: bool,
    can_create_group: bool,
    private_profile: bool,
    projects_limit: i64,
    created_by: Option<i64>,
    namespace_id: i64,
    created_at: i64,
    updated_at: i64,
    confirmed_at: Option<i64>,
    current_sign_in_at: Option<i64>,
    last_sign_in_at: Option<i64>,
    last_activity_at: Option<i64>,
    two_factor_since: Option<i64>,
    two_factor_asked_at: Option<i64>,
    avatar: Option<String>,
    identities: Option<String>,
    #[sqlx(flatten)]
    profile: ProfileRow,
}

#[derive(FromRow)]
struct ProfileRow {
    bio: String,
    location: String,
    website_url: String,
    linkedin: String,
    twitter: String,
    discord: String,
    github: String,
    job_title: String,
    pronouns: String,
    organization: String,
    public_email: String,
    commit_email: String,
    note: String,
    theme_id: i64,
    color_scheme_id: i64,
}

impl From<ProfileRow> for Profile {
    fn from(row: ProfileRow) -> Self {
        Self {
            bio: row.bio,
            location: row.location,
            website_url: row.website_url,
            linkedin: row.linkedin,
            twitter: row.twitter,
            discord: row.discord,
            github: row.github,
            job_title: row.job_title,
            pronouns: row.pronouns,
            organization: row.organization,
            public_email: row.public_email,
            commit_email: row.commit_email,
            note: row.note,
            theme_id: row.theme_id,
            color_scheme_id: row.color_scheme_id,
        }
    }
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        let moment = |micros: Option<i64>| micros.map(Timestamp::from_micros);
        Self {
            id: UserId(row.id),
            username: row.username,
            name: row.name,
            email: row.email,
            kind: UserKind::named(&row.kind),
            state: UserState::named(&row.state),
            password_expired: row.password_expired,
            administrator: row.administrator,
            external: row.external,
            two_factor: row.two_factor_since.is_some(),
            two_factor_asked_at: moment(row.two_factor_asked_at),
            can_create_group: row.can_create_group,
            private_profile: row.private_profile,
            projects_limit: row.projects_limit,
            created_by: row.created_by.map(UserId),
            namespace: NamespaceId(row.namespace_id),
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
            confirmed_at: moment(row.confirmed_at),
            current_sign_in_at: moment(row.current_sign_in_at),
            last_sign_in_at: moment(row.last_sign_in_at),
            last_activity_on: moment(row.last_activity_at).map(Timestamp::date),
            identities: row.identities.as_deref().map(identities_in).unwrap_or_default(),
            avatar: row.avatar,
            profile: Profile::from(row.profile).into(),
        }
    }
}
