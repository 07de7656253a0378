//! `GET /personal_access_tokens`.

use axum::{extract::State, response::Response};
use jeton_core::{id::UserId, time::Date, user::User};
use jeton_store::{
    search::Search,
    tokens::list::{TokenFilter, TokenOrder},
};

use crate::{
    app::App,
    doors::api::{
        entities::ListedToken,
        error::ApiError,
        page::{COUNT_TO, Links, Page},
        params::{Given, Input, Reader},
        reply,
    },
    guard::{Grant, ReadApi},
};

/// What can be asked for.
pub(crate) struct Wanted {
    user: Whose,
    filter: TokenFilter,
    order: TokenOrder,
    page: Page,
}

/// Whose tokens are asked for.
#[derive(Clone, Copy)]
enum Whose {
    /// Nobody in particular.
    NotSaid,
    /// Somebody, but the number was left empty.
    Nobody,
    /// The user of that number.
    User(UserId),
}

impl Input for Wanted {
    fn read(from: &mut Reader<'_>) -> Self {
        let user = match from.integer("user_id") {
            Some(id) => Whose::User(UserId(id)),
            None if from.given("user_id").is_some() => Whose::Nobody,
            None => Whose::NotSaid,
        };
        let filter = TokenFilter {
            revoked: from.boolean("revoked"),
            active: from.word("state", &["active", "inactive"]).map(|state| state == "active"),
            created_before: from.moment_until("created_before"),
            created_after: from.moment("created_after"),
            last_used_before: from.moment_until("last_used_before"),
            last_used_after: from.moment("last_used_after"),
            expires_before: from.date("expires_before").map(Date::midnight),
            expires_after: from.date("expires_after").map(Date::midnight),
            search: from.filter("search").as_deref().map(Search::parse).unwrap_or_default(),
            ..TokenFilter::default()
        };
        let order = from.filter("sort").as_deref().map(order_named).unwrap_or_default();
        Self { user, filter, order, page: Page::read(from) }
    }
}

/// The order of that name. As in GitLab, another name is no mistake.
fn order_named(name: &str) -> TokenOrder {
    match name {
        "created_asc" => TokenOrder::CreatedAsc,
        "created_desc" => TokenOrder::CreatedDesc,
        "expires_asc" => TokenOrder::ExpiresAsc,
        "expires_desc" => TokenOrder::ExpiresDesc,
        "last_used_asc" => TokenOrder::LastUsedAsc,
        "last_used_desc" => TokenOrder::LastUsedDesc,
        "name_asc" => TokenOrder::NameAsc,
        "name_desc" => TokenOrder::NameDesc,
        _ => TokenOrder::Id,
    }
}

/// The own tokens; for an administrator everybody's, impersonation tokens among them.
pub(crate) async fn list(
    grant: Grant<ReadApi>,
    State(app): State<App>,
    Given(wanted): Given<Wanted>,
    links: Links,
) -> Result<Response, ApiError> {
    let user = whose(&app, &grant.somebody()?.user, wanted.user).await?;
    let impersonation = grant.somebody()?.user.administrator;
    let filter = TokenFilter { user, impersonation, ..wanted.filter };

    let mut rows = app.tokens(&filter, wanted.order, wanted.page.slice()).await?;
    let now = app.now();
    let total = app.store.count_tokens(&filter, COUNT_TO, now).await?;
    let more = wanted.page.cut(&mut rows);
    let headers = wanted.page.headers(&links, total, rows.len(), more);
    let tokens: Vec<_> = rows.iter().map(|token| ListedToken::new(token, now)).collect();
    Ok(reply::list(&tokens, headers))
}

/// Whose tokens the viewer gets to see; none for everybody's. To those who may not see them, whether a user exists is
/// hidden behind 401.
async fn whose(app: &App, viewer: &User, wanted: Whose) -> Result<Option<UserId>, ApiError> {
    match wanted {
        Whose::NotSaid => Ok((!viewer.administrator).then_some(viewer.id)),
        Whose::Nobody if !viewer.administrator => Ok(Some(viewer.id)),
        Whose::User(id) if id == viewer.id => Ok(Some(id)),
        Whose::User(_) if !viewer.administrator => Err(ApiError::unauthorized()),
        Whose::User(id) if app.identities.user(&app.store, id).await?.is_some() => Ok(Some(id)),
        Whose::User(_) | Whose::Nobody => Err(ApiError::no_such_thing()),
    }
}
