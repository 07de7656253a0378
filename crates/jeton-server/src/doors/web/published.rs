//! What everybody may fetch of a user: pictures, and keys as plain text under the addresses that people put into their
//! servers' set-up (`curl https://git.example.com/jane.keys`).

use axum::{
    extract::{Path, State},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    response::{IntoResponse, Response},
};
use jeton_core::{id::UserId, lock::Denial, user::User};
use jeton_store::Slice;

use crate::{
    app::App,
    guard::{Anybody, Grant},
    published,
    refusal::Refusal,
};

/// Where a picture is found.
pub(super) const AVATAR: &str = "/uploads/-/system/user/avatar/{id}/{file}";
/// Where the keys of a user are found: `name.keys` and `name.gpg`.
pub(super) const KEYS: &str = "/{file}";

/// A picture's address changes with its content.
const KEPT: &str = "public, max-age=86400, immutable";
/// Whatever a picture's bytes may be, nothing in them is run, also where a browser shows them as a page.
const LOCKED_IN: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");
const MISSING: Refusal = Refusal::Denied(Denial::Hidden);
/// More keys than anybody has.
const ALL: Slice = Slice { limit: 1_000, offset: 0 };

/// A user's picture, as long as the user has it.
pub(super) async fn avatar(
    _: Grant<Anybody>,
    State(app): State<App>,
    Path((id, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let id = id.parse().map(UserId).map_err(|_| MISSING)?;
    let user = app.identities.user(&app.store, id).await?.ok_or(MISSING)?;
    if user.avatar.as_ref() != Some(&file) {
        return Err(MISSING);
    }
    let tag = format!("\"{file}\"");
    let about = [(CONTENT_SECURITY_POLICY, LOCKED_IN), (CACHE_CONTROL, HeaderValue::from_static(KEPT))];
    if headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, about, [(ETAG, tag)]).into_response());
    }
    match app.avatars.read(&file).await {
        Ok((kind, content)) => Ok((about, [(ETAG, tag)], [(CONTENT_TYPE, kind.media_type())], content).into_response()),
        Err(error) => {
            tracing::warn!(%error, user = id.0, "a picture could not be read");
            Err(MISSING)
        }
    }
}

/// A user's keys of one kind.
pub(super) async fn keys(
    _: Grant<Anybody>,
    State(app): State<App>,
    Path(file): Path<String>,
) -> Result<Response, Refusal> {
    // A NUL is in no name, and no database takes one.
    match file.rsplit_once('.').filter(|_| !file.contains('\0')) {
        Some((username, "keys")) => ssh_keys(&app, username).await,
        Some((username, "gpg")) => gpg_keys(&app, username).await,
        _ => Err(MISSING),
    }
}

/// A line each.
async fn ssh_keys(app: &App, username: &str) -> Result<Response, Refusal> {
    let user = find(app, username).await?;
    let keys = app.store.ssh_keys(user.id, ALL).await?;
    Ok(text(keys.iter().map(|key| published::ssh_line(key, &user, &app.config.external_url))))
}

/// One after the other.
async fn gpg_keys(app: &App, username: &str) -> Result<Response, Refusal> {
    let user = find(app, username).await?;
    let keys = app.store.gpg_keys(user.id, ALL).await?;
    Ok(text(keys.into_iter().map(|key| key.key)))
}

async fn find(app: &App, username: &str) -> Result<User, Refusal> {
    app.store.user_named(username).await?.ok_or(MISSING)
}

fn text(parts: impl Iterator<Item = String>) -> Response {
    let body: String = parts.flat_map(|part| [part, "\n".to_owned()]).collect();
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response()
}
