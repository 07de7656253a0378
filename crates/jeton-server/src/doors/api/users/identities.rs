//! Identities at other providers (GitLab API docs, "Users").

use axum::{extract::State, response::Response};

use super::around::numbered;
use crate::{
    app::App,
    doors::api::{error::ApiError, path::InPath, reply},
    guard::{AdministerApi, Grant},
};

/// `DELETE /users/:id/identities/:provider`.
pub(crate) async fn remove(
    grant: Grant<AdministerApi>,
    State(app): State<App>,
    id: InPath,
) -> Result<Response, ApiError> {
    let user = numbered(&app, &id, "id").await?.id;
    let (provider, by) = (id.second().to_owned(), grant.by());
    let removed = app
        .see_through(move |app| async move {
            let removed = app.store.delete_identity(user, provider, by, app.now()).await?;
            app.identities.forget_user(user);
            Ok(removed)
        })
        .await?;
    if removed { Ok(reply::no_content()) } else { Err(ApiError::not_found("Identity")) }
}
