//! `POST /projects`.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode, response::Response};
use jeton_core::{
    caller::Caller,
    git::BranchName,
    id::NamespaceId,
    policy::Policy,
    project::{ProjectPath, Visibility, check_name},
    user::User,
};
use jeton_store::projects::NewProject;

use super::show;
use crate::{
    app::App,
    doors::api::{
        error::ApiError,
        flaws::Flaws,
        params::{Given, Input, Reader},
    },
    guard::{Grant, WriteApi},
    projects::NotCreated,
    repositories::FirstCommit,
};

/// The longest description, in characters.
const LONGEST_DESCRIPTION: usize = 2_000;
/// The branch of a project that names none.
const USUAL_BRANCH: &str = "main";

/// What a project is made from.
pub(crate) struct Wanted {
    name: Option<String>,
    path: Option<String>,
    namespace: Option<NamespaceId>,
    description: Option<String>,
    visibility: Option<Visibility>,
    default_branch: Option<String>,
    with_readme: bool,
}

impl Input for Wanted {
    fn read(from: &mut Reader<'_>) -> Self {
        let wanted = Self {
            name: from.filter("name"),
            path: from.filter("path"),
            namespace: from.integer("namespace_id").map(NamespaceId),
            description: from.filter("description"),
            visibility: from.word("visibility", &["private", "internal", "public"]).and_then(Visibility::named),
            default_branch: from.filter("default_branch"),
            with_readme: from.boolean("initialize_with_readme").unwrap_or(false),
        };
        from.at_least_one_of(&["name", "path"]);
        wanted
    }
}

/// A project whose parts are good by themselves.
struct Plan {
    name: String,
    path: ProjectPath,
    branch: BranchName,
}

impl Wanted {
    /// Checks everything at once, so that all that is wrong can be told.
    fn check(&self) -> Result<Plan, ApiError> {
        let mut flaws = Flaws::default();
        let name = self.name.as_ref().or(self.path.as_ref()).map_or("", String::as_str);
        flaws.note("name", check_name(name).err());
        let path = match &self.path {
            Some(path) => ProjectPath::parse(path),
            None => ProjectPath::from_name(name),
        };
        flaws.note("path", path.as_ref().err());
        let too_long = self.description.as_ref().is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION);
        flaws.note(
            "description",
            too_long.then(|| format!("is too long (maximum is {LONGEST_DESCRIPTION} characters)")),
        );
        let branch = BranchName::parse(self.default_branch.as_deref().unwrap_or(USUAL_BRANCH));
        flaws.note("default_branch", branch.as_ref().err().map(|_| "is invalid"));
        match (path, branch) {
            (Ok(path), Ok(branch)) if flaws.is_empty() => Ok(Plan { name: name.to_owned(), path, branch }),
            _ => Err(flaws.into_error()),
        }
    }
}

pub(crate) async fn create(
    grant: Grant<WriteApi>,
    State(app): State<App>,
    Given(wanted): Given<Wanted>,
) -> Result<Response, ApiError> {
    let caller = grant.somebody()?;
    let (namespace, owner) = home(&app, caller, wanted.namespace).await?;
    let Plan { name, path, branch } = wanted.check()?;
    let visibility = visibility(&app.policy(), &caller.user, wanted.visibility)?;
    let first = wanted.with_readme.then(|| FirstCommit {
        name: name.clone(),
        description: wanted.description.clone(),
        author: caller.user.name.clone(),
        email: caller.user.email.clone(),
        at: app.now(),
    });
    let new = NewProject {
        namespace,
        name,
        path,
        description: wanted.description,
        visibility,
        default_branch: branch.as_str().to_owned(),
        creator: caller.user.id,
        limit: owner.projects_limit,
    };
    match app.create_project(new, branch, first, grant.by()).await {
        Ok(project) => show(&app, StatusCode::CREATED, &project, Some(caller)).await,
        Err(taken @ NotCreated::PathTaken) => {
            let attributes = ["project_namespace.name", "name", "path"];
            Err(ApiError::attributes(attributes.map(|attribute| (attribute, vec![taken.to_string()])).into()))
        }
        Err(NotCreated::TooMany(reason)) => Err(ApiError::forbidden_for(vec![reason])),
        Err(NotCreated::Refused(refusal)) => Err(refusal.into()),
    }
}

/// The visibility that is wanted, or the usual one, unless only administrators may give it.
fn visibility(policy: &Policy, user: &User, wanted: Option<Visibility>) -> Result<Visibility, ApiError> {
    let visibility = wanted.unwrap_or(policy.default_project_visibility);
    let name = visibility.name();
    if !user.administrator && policy.restricted_visibility_levels.iter().any(|level| level == name) {
        let flaw = format!("{name} has been restricted by your GitLab administrator");
        return Err(ApiError::attributes(vec![("visibility_level", vec![flaw])]));
    }
    Ok(visibility)
}

/// Where the project will live, and whose limit counts: the own namespace, or another one for an administrator.
async fn home(app: &App, caller: &Caller, wanted: Option<NamespaceId>) -> Result<(NamespaceId, Arc<User>), ApiError> {
    let own = caller.user.namespace;
    let Some(other) = wanted.filter(|wanted| *wanted != own) else { return Ok((own, Arc::clone(&caller.user))) };
    let owner = match app.store.namespace_owner(other).await? {
        Some(owner) if caller.user.administrator => app.identities.user(&app.store, owner).await?,
        _ => None,
    };
    let not_valid = || ApiError::attributes(vec![("namespace", vec!["is not valid".to_owned()])]);
    owner.map(|owner| (other, owner)).ok_or_else(not_valid)
}
