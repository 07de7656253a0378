//! Pictures (GitLab API docs, "Users" and "Avatar").

use axum::{extract::State, http::StatusCode, response::Response};
use bytes::Bytes;
use jeton_core::user::Email;

use super::around::flaw;
use crate::{
    app::App,
    avatars::Picture,
    doors::api::{
        entities::{AvatarUrl, ShownAvatar},
        error::ApiError,
        params::{Given, Input, Reader},
        reply,
    },
    guard::{BrowseApi, Grant, WriteApi},
};

/// A new picture; none takes the old one away.
pub(crate) struct Wanted {
    avatar: Option<Bytes>,
}

impl Input for Wanted {
    fn read(from: &mut Reader<'_>) -> Self {
        Self { avatar: from.required_file("avatar") }
    }
}

/// `PUT /user/avatar`.
pub(crate) async fn set(
    grant: Grant<WriteApi>,
    State(app): State<App>,
    Given(wanted): Given<Wanted>,
) -> Result<Response, ApiError> {
    let user = grant.somebody()?.user.id;
    let picture = wanted.avatar.map(Picture::judge).transpose().map_err(|bad| flaw("avatar", &bad))?;
    let file = app.set_avatar(user, picture, grant.by()).await?;
    let avatar_url = AvatarUrl::new(&app.config.external_url, user, file.as_deref());
    Ok(reply::json(StatusCode::OK, &ShownAvatar { avatar_url }))
}

/// Whose picture is looked for.
pub(crate) struct Sought {
    email: String,
}

impl Input for Sought {
    fn read(from: &mut Reader<'_>) -> Self {
        // Pictures have one size.
        let _ = from.integer("size");
        Self { email: from.required_text("email") }
    }
}

/// `GET /avatar?email=`. Addresses are nobody's business: only an own one, or any for administrators, leads to a user. No
/// other service is asked or named.
pub(crate) async fn of_address(
    grant: Grant<BrowseApi>,
    State(app): State<App>,
    Given(sought): Given<Sought>,
) -> Result<Response, ApiError> {
    let viewer = grant.caller().map(|caller| &caller.user);
    let user = match (viewer, Email::parse(sought.email.trim())) {
        (Some(viewer), Ok(address)) => {
            let holder = app.store.user_with_address(&address).await?;
            match holder.filter(|holder| viewer.administrator || *holder == viewer.id) {
                Some(holder) => app.identities.user(&app.store, holder).await?,
                None => None,
            }
        }
        _ => None,
    };
    let avatar_url =
        user.as_ref().and_then(|user| AvatarUrl::new(&app.config.external_url, user.id, user.avatar.as_deref()));
    Ok(reply::json(StatusCode::OK, &ShownAvatar { avatar_url }))
}
