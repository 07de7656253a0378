//! What everybody may fetch of a user: pictures, and keys as plain text under the addresses that people put into their
//! servers' set-up (`curl https://git.example.com/jane.keys`).

use axum::{
    extract::{MatchedPath, Path, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode, Uri,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    response::{IntoResponse, Response},
};
use jeton_core::{
    id::UserId,
    user::{User, UserState},
};
use jeton_store::{Fault, Slice, users::ssh_keys::Usage};

use super::error::Problem;

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
/// More keys than anybody has.
const ALL: Slice = Slice { limit: 1_000, offset: 0 };

/// Why nothing is served.
pub(super) enum Unserved {
    /// There is no such thing.
    Missing,
    /// Something of ours failed.
    Failed(Refusal),
}

impl From<Fault> for Unserved {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault.into())
    }
}

impl IntoResponse for Unserved {
    fn into_response(self) -> Response {
        match self {
            Self::Missing => Problem::NotFound.into_response(),
            Self::Failed(refusal) => refusal.into_response(),
        }
    }
}

/// A user's picture, as long as the user has it.
pub(super) async fn avatar(
    _: Grant<Anybody>,
    State(app): State<App>,
    Path((id, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Unserved> {
    let id = id.parse().map(UserId).map_err(|_| Unserved::Missing)?;
    let user = app.identities.user(&app.store, id).await?.ok_or(Unserved::Missing)?;
    if user.avatar.as_ref() != Some(&file) {
        return Err(Unserved::Missing);
    }
    let tag = format!("\"{file}\"");
    let about = [
        (CONTENT_SECURITY_POLICY, LOCKED_IN),
        (CACHE_CONTROL, HeaderValue::from_static(KEPT)),
        // Programs show pictures in pages of their own.
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
    ];
    if headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, about, [(ETAG, tag)]).into_response());
    }
    match app.avatars.read(&file).await {
        Ok((kind, content)) => Ok((about, [(ETAG, tag)], [(CONTENT_TYPE, kind.media_type())], content).into_response()),
        Err(error) => {
            tracing::warn!(%error, user = id.0, "a picture could not be read");
            Err(Unserved::Missing)
        }
    }
}

/// A user's keys of one kind. No character of a user's name is ever escaped in an address.
pub(super) async fn keys(_: Grant<Anybody>, State(app): State<App>, uri: Uri) -> Result<Response, Unserved> {
    match uri.path().trim_start_matches('/').rsplit_once('.') {
        Some((username, "keys")) => ssh_keys(&app, username).await,
        Some((username, "gpg")) => gpg_keys(&app, username).await,
        _ => Err(Unserved::Missing),
    }
}

/// What an address says that does not take a method. That of keys takes in every address of one part, most of which are
/// nothing at all.
pub(super) async fn wrong_method(matched: Option<MatchedPath>, uri: Uri) -> Problem {
    let is_keys = matched.is_some_and(|matched| matched.as_str() == KEYS);
    let exists = [".keys", ".gpg"].iter().any(|suffix| uri.path().ends_with(suffix));
    if is_keys && !exists { Problem::NotFound } else { Problem::WrongMethod }
}

/// A line each. Other servers let in whoever has one of these, so those that ended or only sign are left out,
/// and those of closed accounts.
async fn ssh_keys(app: &App, username: &str) -> Result<Response, Unserved> {
    let user = find(app, username).await?;
    let keys = app.store.ssh_keys(user.id, ALL).await?;
    let (now, is_active) = (app.now(), user.state == UserState::Active);
    let in_force = keys
        .iter()
        .filter(|key| is_active && key.usage != Usage::Signing && key.expires_at.is_none_or(|end| end > now));
    Ok(text(in_force.map(|key| published::ssh_line(key, &user, &app.config.external_url))))
}

/// One after the other.
async fn gpg_keys(app: &App, username: &str) -> Result<Response, Unserved> {
    let user = find(app, username).await?;
    let keys = app.store.gpg_keys(user.id, ALL).await?;
    Ok(text(keys.into_iter().map(|key| key.key)))
}

async fn find(app: &App, username: &str) -> Result<User, Unserved> {
    app.store.user_named(username).await?.ok_or(Unserved::Missing)
}

fn text(parts: impl Iterator<Item = String>) -> Response {
    let body: String = parts.flat_map(|part| [part, "\n".to_owned()]).collect();
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response()
}
