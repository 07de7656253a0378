//! Contribution events (GitLab API docs, "Events").

use axum::{extract::State, response::Response};
use jeton_core::{
    caller::Caller,
    time::{Date, Timestamp},
    user::User,
};
use jeton_store::events::EventFilter;

use super::{
    entities::ShownEvent,
    error::ApiError,
    page::{COUNT_TO, Links, Page},
    params::{Given, Input, Reader},
    path::InPath,
    projects, users,
};
use crate::{
    app::App,
    guard::{Grant, ReadSelf, ReadUsers},
};

/// The deeds that GitLab knows. Of most there are none here.
const ACTIONS: &[&str] = &[
    "created",
    "updated",
    "closed",
    "reopened",
    "pushed",
    "commented",
    "merged",
    "joined",
    "left",
    "destroyed",
    "expired",
    "approved",
];
/// What deeds can be done to, for GitLab. What happens to a project itself is done to none of these.
const TARGETS: &[&str] =
    &["issue", "milestone", "merge_request", "note", "project", "snippet", "user", "wiki", "design", "epic"];

/// What can be asked for.
pub(crate) struct Wanted {
    action: Option<&'static str>,
    /// Only what was done to some kind of thing: nothing.
    nothing: bool,
    before: Option<Timestamp>,
    after: Option<Timestamp>,
    latest_first: bool,
    page: Page,
}

impl Input for Wanted {
    fn read(from: &mut Reader<'_>) -> Self {
        Self {
            action: from.word("action", ACTIONS),
            nothing: from.word("target_type", TARGETS).is_some(),
            before: from.date("before").map(Date::midnight),
            // After the end of that day.
            after: from.date("after").map(|date| date.plus_days(1).midnight()),
            latest_first: from.word("sort", &["asc", "desc"]) != Some("asc"),
            page: Page::read(from),
        }
    }
}

async fn list(
    app: &App,
    author: &User,
    caller: Option<&Caller>,
    wanted: &Wanted,
    links: &Links,
) -> Result<Response, ApiError> {
    let viewer = projects::viewer(caller);
    let Wanted { action, before, after, .. } = *wanted;
    let filter = EventFilter { author: author.id, viewer, action, before, after };
    let (mut rows, total) = if wanted.nothing {
        (Vec::new(), 0)
    } else {
        let rows = app.store.events(&filter, wanted.latest_first, wanted.page.slice()).await?;
        (rows, app.store.count_events(&filter, COUNT_TO).await?)
    };
    let url = &app.config.external_url;
    Ok(wanted.page.answer(links, &mut rows, total, |event| ShownEvent::new(event, author, url)))
}

/// `GET /events`: what the user who asks did.
pub(crate) async fn own(
    grant: Grant<ReadSelf>,
    State(app): State<App>,
    Given(wanted): Given<Wanted>,
    links: Links,
) -> Result<Response, ApiError> {
    let caller = grant.somebody()?;
    list(&app, &caller.user, Some(caller), &wanted, &links).await
}

/// `GET /users/:id/events`: what a user did, as far as the viewer may see it.
pub(crate) async fn of_user(
    grant: Grant<ReadUsers>,
    State(app): State<App>,
    id: InPath,
    Given(wanted): Given<Wanted>,
    links: Links,
) -> Result<Response, ApiError> {
    let author = users::named(&app, &id).await?;
    list(&app, &author, grant.caller(), &wanted, &links).await
}
