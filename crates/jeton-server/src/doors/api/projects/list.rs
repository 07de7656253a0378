//! `GET /projects`.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use jeton_core::{
    caller::Caller,
    id::{ProjectId, UserId},
    project::{Project, Visibility},
};
use jeton_store::{
    projects::list::{ProjectColumn, ProjectFilter, Viewer},
    search::Search,
};

use super::Beside;
use crate::{
    app::App,
    doors::api::{
        entities::{BasicProject, FullProject},
        error::ApiError,
        page::{COUNT_TO, Links, Page, next_by_key},
        params::{Given, Input, Reader},
        reply,
    },
    guard::{BrowseApi, Grant},
    limits::Endpoint,
};

/// What can be asked for.
pub(crate) struct Wanted {
    /// Only those of the user who asks.
    own: bool,
    /// Only archived, starred or labelled ones: there are none.
    nothing: bool,
    /// With no more than what everybody sees.
    simple: bool,
    filter: ProjectFilter,
    order: Order,
    page: Page,
}

/// In which order, and how the list is cut.
struct Order {
    column: ProjectColumn,
    descending: bool,
    by_key: bool,
}

impl Input for Wanted {
    fn read(from: &mut Reader<'_>) -> Self {
        let mut yes = |name| from.boolean(name).unwrap_or(false);
        let own = yes("owned") | yes("membership");
        let (archived, starred, simple) = (yes("archived"), yes("starred"), yes("simple"));
        let search_namespaces = yes("search_namespaces");
        let level = from.word("min_access_level", &["5", "10", "15", "20", "25", "30", "40", "50"]);
        let labelled = from.filter("topic").is_some();
        let visibility = from.word("visibility", &["private", "internal", "public"]).and_then(Visibility::named);
        Self {
            // The only members that there are own the project.
            own: own | level.is_some(),
            nothing: archived | starred | labelled,
            simple,
            filter: ProjectFilter {
                viewer: Viewer::Anonymous,
                owner: None,
                visibility,
                search: from.filter("search").as_deref().map(Search::parse).unwrap_or_default(),
                search_namespaces,
                id_after: from.integer("id_after").map(ProjectId),
                id_before: from.integer("id_before").map(ProjectId),
                last_activity_after: from.moment("last_activity_after"),
                last_activity_before: from.moment_until("last_activity_before"),
            },
            order: Order::read(from),
            page: Page::read(from),
        }
    }
}

impl Input for Order {
    fn read(from: &mut Reader<'_>) -> Self {
        const COLUMNS: &[&str] =
            &["id", "name", "path", "created_at", "updated_at", "last_activity_at", "similarity", "star_count"];
        let column = from.word("order_by", COLUMNS);
        let ascending = from.word("sort", &["asc", "desc"]) == Some("asc");
        let by_key = from.word("pagination", &["keyset", "legacy"]) == Some("keyset");
        let column = match column {
            // Nothing is starred here and every find is as similar as the next: what is equal is sorted by number.
            Some("id" | "similarity" | "star_count") => ProjectColumn::Id,
            Some("name") => ProjectColumn::Name,
            Some("path") => ProjectColumn::Path,
            Some("updated_at") => ProjectColumn::UpdatedAt,
            Some("last_activity_at") => ProjectColumn::LastActivityAt,
            _ => ProjectColumn::CreatedAt,
        };
        Self { column, descending: !ascending, by_key }
    }
}

/// The projects that the viewer may see.
pub(crate) async fn list(
    grant: Grant<BrowseApi>,
    State(app): State<App>,
    Given(wanted): Given<Wanted>,
    links: Links,
) -> Result<Response, ApiError> {
    grant.count(&app, Endpoint::Projects)?;
    let own = grant.caller().filter(|_| wanted.own).map(|caller| caller.user.id);
    of_owner(&app, grant.caller(), wanted, own, &links).await
}

/// The projects that the viewer may see; with an owner, those in its own namespace.
pub(crate) async fn of_owner(
    app: &App,
    caller: Option<&Caller>,
    wanted: Wanted,
    owner: Option<UserId>,
    links: &Links,
) -> Result<Response, ApiError> {
    let Wanted { own: _, nothing, simple, filter, order, page } = wanted;
    if order.by_key && order.column != ProjectColumn::Id {
        let text = "Keyset pagination is not yet available for this type of request";
        return Err(ApiError::error(StatusCode::METHOD_NOT_ALLOWED, text));
    }
    let filter = ProjectFilter { viewer: viewer(caller), owner, ..filter };

    let slice = if order.by_key { page.slice_by_key() } else { page.slice() };
    let mut rows =
        if nothing { Vec::new() } else { app.store.projects(&filter, order.column, order.descending, slice).await? };
    let more = page.cut(&mut rows);
    let headers = if order.by_key {
        let last = rows.last().filter(|_| more).map(|project| project.id.to_string());
        let bound = if order.descending { "id_before" } else { "id_after" };
        next_by_key(links, last.as_deref().map(|last| (bound, last)))
    } else {
        let total = if nothing { 0 } else { app.store.count_projects(&filter, COUNT_TO).await? };
        page.headers(links, total, rows.len(), more)
    };
    match caller.filter(|_| !simple) {
        None => Ok(show_basic(app, &rows, headers)),
        Some(caller) => show_full(app, &rows, caller, headers).await,
    }
}

/// Which projects that caller may see.
pub(crate) fn viewer(caller: Option<&Caller>) -> Viewer {
    match caller.map(|caller| &*caller.user) {
        None => Viewer::Anonymous,
        Some(user) if user.administrator => Viewer::Administrator,
        Some(user) if user.external => Viewer::External(user.id),
        Some(user) => Viewer::User(user.id),
    }
}

fn show_basic(app: &App, rows: &[Project], headers: HeaderMap) -> Response {
    let paths: Vec<_> = rows.iter().map(Project::full_path).collect();
    let projects: Vec<_> = rows
        .iter()
        .zip(&paths)
        .map(|(project, path)| BasicProject::new(project, path, &app.config.external_url))
        .collect();
    reply::list(&projects, headers)
}

async fn show_full(app: &App, rows: &[Project], caller: &Caller, headers: HeaderMap) -> Result<Response, ApiError> {
    let mut around = Vec::with_capacity(rows.len());
    for project in rows {
        around.push((project, project.full_path(), Beside::of(app, project).await?));
    }
    let projects: Vec<_> = around
        .iter()
        .map(|(project, path, beside)| {
            FullProject::new(project, path, &app.config.external_url, &beside.around(app, project, caller))
        })
        .collect();
    Ok(reply::list(&projects, headers))
}
