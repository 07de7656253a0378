//! Projects as the API shows them.

use jeton_core::{
    namespace::NamespaceKind,
    project::{Project, Role},
    time::Timestamp,
    user::User,
};
use serde::Serialize;

use super::{Address, BasicUser, Nothing, Shown};

/// Whoever can see a project at all sees this.
#[derive(Serialize)]
pub(crate) struct BasicProject<'a> {
    id: i64,
    description: Option<&'a str>,
    name: &'a str,
    name_with_namespace: String,
    path: &'a str,
    path_with_namespace: &'a str,
    created_at: Shown<Timestamp>,
    default_branch: &'a str,
    tag_list: [Nothing; 0],
    topics: [Nothing; 0],
    ssh_url_to_repo: Nothing,
    http_url_to_repo: String,
    web_url: Shown<Address<'a>>,
    readme_url: Nothing,
    forks_count: u32,
    avatar_url: Nothing,
    star_count: u32,
    last_activity_at: Shown<Timestamp>,
    visibility: &'static str,
    namespace: ShownNamespace<'a>,
}

#[derive(Serialize)]
struct ShownNamespace<'a> {
    id: i64,
    name: &'a str,
    path: &'a str,
    kind: &'static str,
    full_path: &'a str,
    parent_id: Nothing,
    avatar_url: Nothing,
    web_url: Shown<Address<'a>>,
}

impl<'a> BasicProject<'a> {
    /// `full_path` is the project's own.
    pub(crate) fn new(project: &'a Project, full_path: &'a str, external_url: &'a str) -> Self {
        let namespace = &project.namespace;
        Self {
            id: project.id.0,
            description: project.description.as_deref(),
            name: &project.name,
            name_with_namespace: format!("{} / {}", namespace.name, project.name),
            path: &project.path,
            path_with_namespace: full_path,
            created_at: Shown(project.created_at),
            default_branch: &project.default_branch,
            tag_list: [],
            topics: [],
            ssh_url_to_repo: (),
            http_url_to_repo: format!("{external_url}/{full_path}.git"),
            web_url: Shown(Address { base: external_url, path: full_path }),
            readme_url: (),
            forks_count: 0,
            avatar_url: (),
            star_count: 0,
            last_activity_at: Shown(project.last_activity_at),
            visibility: project.visibility.name(),
            namespace: ShownNamespace {
                id: namespace.id.0,
                name: &namespace.name,
                path: &namespace.path,
                kind: namespace.kind.name(),
                full_path: &namespace.full_path,
                parent_id: (),
                avatar_url: (),
                web_url: Shown(Address { base: external_url, path: &namespace.full_path }),
            },
        }
    }
}

/// What a project offers, in GitLab's words: what Jeton does not have is off.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "GitLab's entity has them")]
struct Features {
    issues_enabled: bool,
    merge_requests_enabled: bool,
    wiki_enabled: bool,
    jobs_enabled: bool,
    snippets_enabled: bool,
    container_registry_enabled: bool,
    packages_enabled: bool,
    lfs_enabled: bool,
    can_create_merge_request_in: bool,
    request_access_enabled: bool,
    shared_runners_enabled: bool,
    repository_access_level: &'static str,
    issues_access_level: &'static str,
    merge_requests_access_level: &'static str,
    forking_access_level: &'static str,
    wiki_access_level: &'static str,
    builds_access_level: &'static str,
    snippets_access_level: &'static str,
    container_registry_access_level: &'static str,
}

impl Features {
    const fn of(registry: bool) -> Self {
        const OFF: &str = "disabled";
        const ON: &str = "enabled";
        Self {
            issues_enabled: false,
            merge_requests_enabled: false,
            wiki_enabled: false,
            jobs_enabled: false,
            snippets_enabled: false,
            container_registry_enabled: registry,
            packages_enabled: false,
            lfs_enabled: false,
            can_create_merge_request_in: false,
            request_access_enabled: false,
            shared_runners_enabled: false,
            repository_access_level: ON,
            issues_access_level: OFF,
            merge_requests_access_level: OFF,
            forking_access_level: OFF,
            wiki_access_level: OFF,
            builds_access_level: OFF,
            snippets_access_level: OFF,
            container_registry_access_level: if registry { ON } else { OFF },
        }
    }
}

/// A project for whoever is signed in, with what they are in it.
#[derive(Serialize)]
pub(crate) struct FullProject<'a> {
    #[serde(flatten)]
    basic: BasicProject<'a>,
    container_registry_image_prefix: Option<String>,
    #[serde(rename = "_links")]
    links: Links,
    empty_repo: bool,
    archived: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<BasicUser<'a>>,
    creator_id: Option<i64>,
    updated_at: Shown<Timestamp>,
    import_status: &'static str,
    open_issues_count: u32,
    #[serde(flatten)]
    features: Features,
    shared_with_groups: [Nothing; 0],
    merge_method: &'static str,
    permissions: Permissions,
}

#[derive(Serialize)]
struct Links {
    #[serde(rename = "self")]
    this: String,
}

#[derive(Serialize)]
struct Permissions {
    project_access: Option<Access>,
    group_access: Option<Access>,
}

#[derive(Serialize)]
struct Access {
    access_level: i64,
    notification_level: u32,
}

/// What is known of a project beside its record.
pub(crate) struct Around<'a> {
    /// Whose namespace it lives in, when that is a user's own.
    pub(crate) owner: Option<&'a User>,
    /// What the viewer is in it.
    pub(crate) role: Option<Role>,
    /// Whether nothing was pushed yet.
    pub(crate) empty: bool,
    /// Whether the instance has a container registry.
    pub(crate) registry: bool,
}

impl<'a> FullProject<'a> {
    /// `full_path` is the project's own.
    pub(crate) fn new(project: &'a Project, full_path: &'a str, external_url: &'a str, around: &Around<'a>) -> Self {
        Self {
            basic: BasicProject::new(project, full_path, external_url),
            container_registry_image_prefix: around.registry.then(|| image_prefix(external_url, full_path)),
            links: Links { this: format!("{external_url}/api/v4/projects/{}", project.id) },
            empty_repo: around.empty,
            archived: false,
            owner: around
                .owner
                .filter(|_| project.namespace.kind == NamespaceKind::User)
                .map(|owner| BasicUser::new(owner, external_url)),
            creator_id: project.creator.map(|user| user.0),
            updated_at: Shown(project.updated_at),
            import_status: "none",
            open_issues_count: 0,
            features: Features::of(around.registry),
            shared_with_groups: [],
            merge_method: "merge",
            permissions: Permissions {
                // 3 is GitLab's "global" notification level: whatever the user set for everything.
                project_access: around.role.map(|role| Access { access_level: role.level(), notification_level: 3 }),
                group_access: None,
            },
        }
    }
}

/// What the names of a project's images begin with: the registry is on the same host.
fn image_prefix(external_url: &str, full_path: &str) -> String {
    let host = external_url.split_once("://").map_or(external_url, |(_, host)| host);
    format!("{host}/{}", full_path.to_lowercase())
}
