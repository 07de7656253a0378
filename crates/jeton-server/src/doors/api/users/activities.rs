//! `GET /user/activities` (GitLab API docs, "Users").

use axum::{extract::State, response::Response};
use jeton_core::time::Date;

use crate::{
    app::App,
    doors::api::{
        entities::ShownActivity,
        error::ApiError,
        page::{COUNT_TO, Links, Page},
        params::{Given, Input, Reader},
    },
    guard::{Grant, InspectUsers},
};

/// How far back the list goes that says nothing about it, in days: about six months.
const USUAL: i32 = 183;

/// What can be asked for.
pub(crate) struct Wanted {
    from: Option<Date>,
    page: Page,
}

impl Input for Wanted {
    fn read(from: &mut Reader<'_>) -> Self {
        Self { from: from.date("from"), page: Page::read(from) }
    }
}

/// When users did something for the last time, for administrators. What is not written yet is written first.
pub(crate) async fn list(
    _: Grant<InspectUsers>,
    State(app): State<App>,
    Given(wanted): Given<Wanted>,
    links: Links,
) -> Result<Response, ApiError> {
    let from = wanted.from.unwrap_or_else(|| app.now().date().plus_days(-USUAL)).midnight();
    app.see_through(|app| async move { app.flush_activity().await }).await?;
    let mut rows = app.store.activities(from, wanted.page.slice()).await?;
    let total = app.store.count_activities(from, COUNT_TO).await?;
    Ok(wanted.page.answer(&links, &mut rows, total, ShownActivity::new))
}
