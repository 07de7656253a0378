//! What belongs to a user: projects, memberships, and how many there are.

use axum::{extract::State, http::StatusCode, response::Response};
use jeton_store::users::Membership;
use serde::Serialize;

use super::find;
use crate::{
    app::App,
    doors::api::{
        error::ApiError,
        page::{COUNT_TO, Links, Page},
        params::{Given, Input, Reader},
        path::InPath,
        projects, reply,
    },
    guard::{Grant, InspectUsers, ReadSelf, ReadUsers},
    limits::Endpoint,
};

/// `GET /users/:id_or_username/projects`: those in the user's own namespace that the viewer may see.
pub(crate) async fn projects(
    grant: Grant<ReadUsers>,
    State(app): State<App>,
    Given(wanted): Given<projects::Wanted>,
    id: InPath,
    links: Links,
) -> Result<Response, ApiError> {
    grant.count(&app, Endpoint::UserProjects)?;
    let owner = find(&app, id.as_str()).await?;
    projects::of_owner(&app, grant.caller(), wanted, Some(owner.id), &links).await
}

/// Which memberships.
pub(crate) struct Wanted {
    kind: Option<&'static str>,
    page: Page,
}

impl Input for Wanted {
    fn read(from: &mut Reader<'_>) -> Self {
        Self { kind: from.word("type", &["Project", "Namespace"]), page: Page::read(from) }
    }
}

#[derive(Serialize)]
struct ShownMembership<'a> {
    source_id: i64,
    source_name: &'a str,
    source_type: &'static str,
    access_level: i64,
}

impl<'a> ShownMembership<'a> {
    fn new(membership: &'a Membership) -> Self {
        Self {
            source_id: membership.source_id,
            source_name: &membership.source_name,
            source_type: "Project",
            access_level: membership.role.level(),
        }
    }
}

/// `GET /users/:id/memberships`.
pub(crate) async fn memberships(
    _: Grant<InspectUsers>,
    State(app): State<App>,
    Given(wanted): Given<Wanted>,
    id: InPath,
    links: Links,
) -> Result<Response, ApiError> {
    let user = super::numbered(&app, &id).await?;
    // There are no groups yet of which somebody could be a member.
    let (mut rows, total) = if wanted.kind == Some("Namespace") {
        (Vec::new(), 0)
    } else {
        let rows = app.store.memberships(user.id, wanted.page.slice()).await?;
        (rows, app.store.count_memberships(user.id, COUNT_TO).await?)
    };
    let more = wanted.page.cut(&mut rows);
    let headers = wanted.page.headers(&links, total, rows.len(), more);
    Ok(reply::list(&rows.iter().map(ShownMembership::new).collect::<Vec<_>>(), headers))
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are GitLab's")]
struct Counts {
    groups_count: i64,
    projects_count: i64,
    issues_count: i64,
    merge_requests_count: i64,
}

/// `GET /users/:id/associations_count`: for the user itself, and for administrators.
pub(crate) async fn associations_count(
    grant: Grant<ReadSelf>,
    State(app): State<App>,
    id: InPath,
) -> Result<Response, ApiError> {
    let user = super::numbered(&app, &id).await?;
    let viewer = &grant.somebody()?.user;
    if !viewer.administrator && viewer.id != user.id {
        return Err(ApiError::forbidden());
    }
    let projects_count = app.store.count_memberships(user.id, i64::MAX).await?;
    let counts = Counts { groups_count: 0, projects_count, issues_count: 0, merge_requests_count: 0 };
    Ok(reply::json(StatusCode::OK, &counts))
}
