//! Custom attributes (GitLab API docs, "Custom attributes").

use axum::{extract::State, http::StatusCode, response::Response};
use jeton_store::users::attributes::Attribute;

use super::around::{flaw, named};
use crate::{
    app::App,
    doors::api::{
        entities::ShownAttribute,
        error::ApiError,
        params::{Given, Input, Reader},
        path::InPath,
        reply,
    },
    guard::{AdministerApi, Grant, InspectUsers},
};

/// The longest key, in characters.
const LONGEST_KEY: usize = 255;

/// What is noted.
pub(crate) struct Wanted {
    value: String,
}

impl Input for Wanted {
    fn read(from: &mut Reader<'_>) -> Self {
        Self { value: from.required_text("value") }
    }
}

/// `GET /users/:id/custom_attributes`.
pub(crate) async fn all(_: Grant<InspectUsers>, State(app): State<App>, id: InPath) -> Result<Response, ApiError> {
    let user = named(&app, &id).await?.id;
    let attributes = app.store.custom_attributes(&[user]).await?.remove(&user).unwrap_or_default();
    Ok(reply::json(StatusCode::OK, &attributes.iter().map(ShownAttribute::new).collect::<Vec<_>>()))
}

/// `GET /users/:id/custom_attributes/:key`.
pub(crate) async fn one(_: Grant<InspectUsers>, State(app): State<App>, id: InPath) -> Result<Response, ApiError> {
    let user = named(&app, &id).await?.id;
    let attribute = app.store.custom_attribute(user, id.second()).await?.ok_or_else(ApiError::no_such_record)?;
    Ok(reply::json(StatusCode::OK, &ShownAttribute::new(&attribute)))
}

/// `PUT /users/:id/custom_attributes/:key`.
pub(crate) async fn set(
    grant: Grant<AdministerApi>,
    State(app): State<App>,
    id: InPath,
    Given(wanted): Given<Wanted>,
) -> Result<Response, ApiError> {
    let user = named(&app, &id).await?.id;
    let attribute = Attribute { key: id.second().to_owned(), value: wanted.value };
    if attribute.value.trim().is_empty() {
        return Err(flaw("value", "can't be blank"));
    }
    if attribute.key.chars().count() > LONGEST_KEY {
        return Err(flaw("key", &format!("is too long (maximum is {LONGEST_KEY} characters)")));
    }
    app.store.set_custom_attribute(user, attribute.clone(), grant.by(), app.now()).await?;
    Ok(reply::json(StatusCode::OK, &ShownAttribute::new(&attribute)))
}

/// `DELETE /users/:id/custom_attributes/:key`.
pub(crate) async fn remove(
    grant: Grant<AdministerApi>,
    State(app): State<App>,
    id: InPath,
) -> Result<Response, ApiError> {
    let user = named(&app, &id).await?.id;
    let removed = app.store.delete_custom_attribute(user, id.second().to_owned(), grant.by(), app.now()).await?;
    if removed { Ok(reply::no_content()) } else { Err(ApiError::no_such_record()) }
}
