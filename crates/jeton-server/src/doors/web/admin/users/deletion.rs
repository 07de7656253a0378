//! Deleting an account: for good, so its name must be typed.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jeton_core::{caller::Caller, user::User};
use jeton_store::{
    projects::list::{ProjectFilter, Viewer},
    users::Contributions,
};

use super::{
    account::find,
    views::{DeleteUserPage, UserRow},
};
use crate::{
    app::App,
    doors::web::{
        admin::frame,
        cookies::Cookie,
        error::Problem,
        form::Form,
        news::{Done, News},
        paths,
        visit::Visit,
    },
    guard::{AdminPages, Administer, Grant},
    refusal::Refusal,
};

/// Counting goes this far.
const COUNT_TO: i64 = 1_000;

/// Asks.
pub(in crate::doors::web) async fn ask(
    grant: Grant<AdminPages>,
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let caller = grant.somebody()?;
    match deletable(&app, caller, &id).await? {
        Some(user) => page(&app, &visit, caller, &user, StatusCode::OK).await,
        None => Ok(Problem::NotFound.into_response()),
    }
}

/// Deletes.
pub(in crate::doors::web) async fn delete(
    grant: Grant<Administer>,
    State(app): State<App>,
    mut visit: Visit,
    Path(id): Path<String>,
    form: Form,
) -> Result<Response, Refusal> {
    let caller = grant.somebody()?;
    let Some(user) = deletable(&app, caller, &id).await? else { return Ok(Problem::NotFound.into_response()) };
    if form.pairs.get("username").unwrap_or_default().trim() != user.username {
        return page(&app, &visit, caller, &user, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    app.delete_user(user.id, Contributions::Kept, grant.by()).await?;
    visit.set(Cookie::News, &News::Done(Done::Saved).write())?;
    visit.go_on(paths::ADMIN_USERS)
}

/// Nobody deletes the own account: nobody might be left to administer the instance.
async fn deletable(app: &App, caller: &Caller, id: &str) -> Result<Option<User>, Refusal> {
    Ok(find(app, id).await?.filter(|user| user.id != caller.user.id))
}

async fn page(app: &App, visit: &Visit, caller: &Caller, user: &User, status: StatusCode) -> Result<Response, Refusal> {
    let own = ProjectFilter { owner: Some(user.id), ..ProjectFilter::seen_by(Viewer::Administrator) };
    let page = DeleteUserPage {
        frame: frame(visit, "Delete a user", caller),
        user: UserRow::of(user, app.now()),
        projects: app.store.count_projects(&own, COUNT_TO).await?,
        problem: status != StatusCode::OK,
    };
    visit.page(status, &page)
}
