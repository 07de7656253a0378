//! OpenPGP keys (GitLab API docs, "User SSH and GPG keys").

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use jeton_core::id::{GpgKeyId, UserId};
use jeton_store::{
    By,
    users::gpg_keys::{GpgKey, NewGpgKey, NotAdded},
};

use super::around::{flaw, has_room, numbered};
use crate::{
    app::App,
    doors::api::{
        entities::ShownGpgKey,
        error::ApiError,
        page::{COUNT_TO, Links, Page},
        params::{Given, Input, Reader},
        path::InPath,
        reply::{self, unmodified},
    },
    guard::{AdministerApi, Grant, ReadSelf, ReadUsers, WriteApi},
    limits::Endpoint,
    public_keys::{GpgFlaw, GpgKey as Read},
    refusal::Refusal,
};

/// How many keys a user may have.
const LIMIT: i64 = 1_000;

/// What a key is made from.
pub(crate) struct Wanted {
    key: String,
}

impl Input for Wanted {
    fn read(from: &mut Reader<'_>) -> Self {
        Self { key: from.required_text("key") }
    }
}

async fn list(app: &App, user: UserId, page: Page, links: &Links) -> Result<Response, ApiError> {
    let mut rows = app.store.gpg_keys(user, page.slice()).await?;
    let total = app.store.count_gpg_keys(user, COUNT_TO).await?;
    Ok(page.answer(links, &mut rows, total, ShownGpgKey::new))
}

async fn find(app: &App, id: i64, owner: UserId) -> Result<GpgKey, ApiError> {
    app.store.gpg_key(GpgKeyId(id), owner).await?.ok_or_else(no_such_key)
}

fn no_such_key() -> ApiError {
    ApiError::not_found("GPG Key")
}

async fn show(app: &App, id: i64, user: UserId) -> Result<Response, ApiError> {
    Ok(reply::json(StatusCode::OK, &ShownGpgKey::new(&find(app, id, user).await?)))
}

async fn add(app: &App, user: UserId, wanted: Wanted, by: By) -> Result<Response, ApiError> {
    // A key with many signatures is long, and reading it nothing to hold up other requests with.
    let read = tokio::task::spawn_blocking(move || Read::read(&wanted.key)).await.map_err(Refusal::broken)?;
    let read = read.map_err(|flaw| match flaw {
        GpgFlaw::Text(flaws) => ApiError::attributes(vec![("key", flaws)]),
        GpgFlaw::Unreadable => of_fingerprint("can't be blank"),
    })?;
    let new = NewGpgKey { user, key: read.text, fingerprint: read.fingerprint };
    has_room(app.store.count_gpg_keys(user, LIMIT).await?, LIMIT)?;
    match app.store.add_gpg_key(new, by, app.now()).await {
        Ok(key) => Ok(reply::json(StatusCode::CREATED, &ShownGpgKey::new(&key))),
        Err(taken @ NotAdded::KeyTaken) => Err(flaw("key", &taken)),
        Err(taken @ NotAdded::FingerprintTaken) => Err(of_fingerprint(&taken.to_string())),
        Err(NotAdded::Fault(fault)) => Err(fault.into()),
    }
}

/// GitLab keeps the last digits of the fingerprint apart, and tells the same of both.
fn of_fingerprint(flaw: &str) -> ApiError {
    ApiError::attributes(["fingerprint", "primary_keyid"].map(|attribute| (attribute, vec![flaw.to_owned()])).into())
}

async fn remove(app: &App, id: i64, user: UserId, headers: &HeaderMap, by: By) -> Result<Response, ApiError> {
    let key = find(app, id, user).await?;
    unmodified(headers, key.created_at)?;
    let removed = app.store.delete_gpg_key(key.id, user, by, app.now()).await?;
    if removed { Ok(reply::no_content()) } else { Err(no_such_key()) }
}

/// `GET /user/gpg_keys`.
pub(crate) async fn own(
    grant: Grant<ReadSelf>,
    State(app): State<App>,
    Given(page): Given<Page>,
    links: Links,
) -> Result<Response, ApiError> {
    list(&app, grant.somebody()?.user.id, page, &links).await
}

/// `GET /user/gpg_keys/:key_id`.
pub(crate) async fn one_own(grant: Grant<ReadSelf>, State(app): State<App>, id: InPath) -> Result<Response, ApiError> {
    show(&app, id.number("key_id")?, grant.somebody()?.user.id).await
}

/// `POST /user/gpg_keys`.
pub(crate) async fn add_own(
    grant: Grant<WriteApi>,
    State(app): State<App>,
    Given(wanted): Given<Wanted>,
) -> Result<Response, ApiError> {
    add(&app, grant.somebody()?.user.id, wanted, grant.by()).await
}

/// `DELETE /user/gpg_keys/:key_id`.
pub(crate) async fn remove_own(
    grant: Grant<WriteApi>,
    State(app): State<App>,
    id: InPath,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    remove(&app, id.number("key_id")?, grant.somebody()?.user.id, &headers, grant.by()).await
}

/// `GET /users/:id/gpg_keys`: for everybody.
pub(crate) async fn of_user(
    grant: Grant<ReadUsers>,
    State(app): State<App>,
    id: InPath,
    Given(page): Given<Page>,
    links: Links,
) -> Result<Response, ApiError> {
    grant.count(&app, Endpoint::GpgKeys)?;
    list(&app, numbered(&app, &id, "id").await?.id, page, &links).await
}

/// `GET /users/:id/gpg_keys/:key_id`: for everybody.
pub(crate) async fn one_of_user(
    grant: Grant<ReadUsers>,
    State(app): State<App>,
    id: InPath,
) -> Result<Response, ApiError> {
    grant.count(&app, Endpoint::GpgKey)?;
    let user = numbered(&app, &id, "id").await?.id;
    show(&app, id.second_number("key_id")?, user).await
}

/// `POST /users/:id/gpg_keys`.
pub(crate) async fn add_to_user(
    grant: Grant<AdministerApi>,
    State(app): State<App>,
    id: InPath,
    Given(wanted): Given<Wanted>,
) -> Result<Response, ApiError> {
    let user = numbered(&app, &id, "id").await?.id;
    add(&app, user, wanted, grant.by()).await
}

/// `DELETE /users/:id/gpg_keys/:key_id`.
pub(crate) async fn remove_from_user(
    grant: Grant<AdministerApi>,
    State(app): State<App>,
    id: InPath,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let user = numbered(&app, &id, "id").await?.id;
    remove(&app, id.second_number("key_id")?, user, &headers, grant.by()).await
}
