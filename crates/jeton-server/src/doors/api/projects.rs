//! Projects (GitLab API docs, "Projects").

mod create;
mod list;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
pub(crate) use create::create;
use jeton_core::{caller::Caller, project::Project};
pub(crate) use list::{Wanted, list, of_owner, viewer};
use serde_json::json;

use super::{
    entities::{Around, BasicProject, FullProject},
    error::ApiError,
    reply::{self, unmodified},
};
use crate::{
    app::App,
    guard::{Grant, OwnProject, SeeProject},
    refusal::Refusal,
};

/// `GET /projects/:id`: by number, or by path with `/` written as `%2F`.
pub(crate) async fn one(grant: Grant<SeeProject>, State(app): State<App>) -> Result<Response, ApiError> {
    show(&app, StatusCode::OK, grant.on(), grant.caller()).await
}

/// `DELETE /projects/:id`. It is gone when this answers; 202 is what GitLab's clients expect.
pub(crate) async fn delete(
    grant: Grant<OwnProject>,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    unmodified(&headers, grant.on().updated_at)?;
    app.delete_project(grant.on().id, grant.by()).await?;
    Ok(reply::json(StatusCode::ACCEPTED, &json!({ "message": "202 Accepted" })))
}

/// One project, for whoever is looking.
async fn show(app: &App, status: StatusCode, project: &Project, caller: Option<&Caller>) -> Result<Response, ApiError> {
    let full_path = project.full_path();
    let url = &app.config.external_url;
    let Some(caller) = caller else {
        return Ok(reply::json(status, &BasicProject::new(project, &full_path, url)));
    };
    let beside = Beside::of(app, project).await?;
    Ok(reply::json(status, &FullProject::new(project, &full_path, url, &beside.around(app, project, caller))))
}

/// What is looked up beside a project's record.
struct Beside {
    owner: Option<std::sync::Arc<jeton_core::user::User>>,
    empty: bool,
}

impl Beside {
    async fn of(app: &App, project: &Project) -> Result<Self, ApiError> {
        let owner = match project.owner {
            Some(owner) => app.identities.user(&app.store, owner).await?,
            None => None,
        };
        let empty = app.repositories.is_empty(project.id).await.map_err(Refusal::broken)?;
        Ok(Self { owner, empty })
    }

    fn around(&self, app: &App, project: &Project, caller: &Caller) -> Around<'_> {
        Around {
            owner: self.owner.as_deref(),
            role: project.role_of(caller.user.id),
            empty: self.empty,
            registry: app.config.registry,
        }
    }
}
