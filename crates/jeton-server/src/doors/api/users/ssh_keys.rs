//! SSH keys (GitLab API docs, "User SSH and GPG keys" and "Keys").

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use jeton_core::{
    id::{SshKeyId, UserId},
    time::Timestamp,
    user::User,
};
use jeton_store::{
    By,
    users::ssh_keys::{NewSshKey, NotAdded, SshKey, Usage},
};

use super::around::{flaw, has_room, named, numbered};
use crate::{
    app::App,
    doors::api::{
        entities::{AccountUser, OwnedSshKey, ShownSshKey},
        error::{ApiError, Attributes},
        page::{COUNT_TO, Links, Page},
        params::{Given, Input, Reader},
        path::InPath,
        reply::{self, unmodified},
    },
    guard::{AdministerApi, Grant, InspectApi, ReadSelf, ReadUsers, WriteApi},
    limits::Endpoint,
    public_keys::{self, SshFlaws, SshKey as Read},
};

/// How many keys a user may have.
const LIMIT: i64 = 1_000;
/// The longest title, in characters.
const LONGEST_TITLE: usize = 255;

/// What a key is made from.
pub(crate) struct Wanted {
    key: String,
    title: String,
    expires_at: Option<Timestamp>,
    usage: Usage,
}

impl Input for Wanted {
    fn read(from: &mut Reader<'_>) -> Self {
        Self {
            key: from.required_text("key"),
            title: from.required_text("title"),
            expires_at: from.moment("expires_at"),
            usage: from.word("usage_type", &Usage::NAMES).map(Usage::named).unwrap_or_default(),
        }
    }
}

impl Wanted {
    /// Checks everything at once, so that all that is wrong can be told.
    fn check(self, user: UserId, now: Timestamp) -> Result<NewSshKey, Attributes> {
        let mut flaws = Attributes::new();
        let title = self.title.trim();
        if title.is_empty() {
            flaws.push(("title", vec!["can't be blank".to_owned()]));
        } else if title.chars().count() > LONGEST_TITLE {
            flaws.push(("title", vec![format!("is too long (maximum is {LONGEST_TITLE} characters)")]));
        }
        let expired = self.expires_at.is_some_and(|end| end <= now).then(|| "has expired".to_owned());
        let read = match Read::read(&self.key) {
            Ok(read) if expired.is_none() => Some(read),
            read => {
                let SshFlaws { key, unreadable } = read.err().unwrap_or_default();
                flaws.push(("key", key.into_iter().chain(expired).collect()));
                if unreadable {
                    flaws.push(("fingerprint_sha256", vec!["cannot be generated".to_owned()]));
                }
                None
            }
        };
        let Some(read) = read.filter(|_| flaws.is_empty()) else { return Err(flaws) };
        Ok(NewSshKey {
            user,
            title: title.to_owned(),
            key: read.text,
            sha256: read.sha256,
            md5: read.md5,
            usage: self.usage,
            expires_at: self.expires_at,
        })
    }
}

/// Which key is looked for.
pub(crate) struct Sought {
    fingerprint: String,
}

impl Input for Sought {
    fn read(from: &mut Reader<'_>) -> Self {
        Self { fingerprint: from.required_text("fingerprint") }
    }
}

async fn list(app: &App, user: &User, page: Page, links: &Links) -> Result<Response, ApiError> {
    let mut rows = app.store.ssh_keys(user.id, page.slice()).await?;
    let total = app.store.count_ssh_keys(user.id, COUNT_TO).await?;
    Ok(page.answer(links, &mut rows, total, |key| ShownSshKey::new(key, user, &app.config.external_url)))
}

async fn find(app: &App, id: i64, owner: UserId) -> Result<SshKey, ApiError> {
    app.store.ssh_key(SshKeyId(id), Some(owner)).await?.ok_or_else(no_such_key)
}

fn no_such_key() -> ApiError {
    ApiError::not_found("Key")
}

async fn show(app: &App, id: i64, user: &User) -> Result<Response, ApiError> {
    let key = find(app, id, user.id).await?;
    Ok(reply::json(StatusCode::OK, &ShownSshKey::new(&key, user, &app.config.external_url)))
}

async fn add(app: &App, user: &User, wanted: Wanted, by: By) -> Result<Response, ApiError> {
    let new = wanted.check(user.id, app.now()).map_err(ApiError::attributes)?;
    has_room(app.store.count_ssh_keys(user.id, LIMIT).await?, LIMIT)?;
    match app.store.add_ssh_key(new, by, app.now()).await {
        Ok(key) => Ok(reply::json(StatusCode::CREATED, &ShownSshKey::new(&key, user, &app.config.external_url))),
        Err(taken @ NotAdded::Taken) => Err(flaw("fingerprint_sha256", &taken)),
        Err(NotAdded::Fault(fault)) => Err(fault.into()),
    }
}

async fn remove(app: &App, id: i64, user: UserId, headers: &HeaderMap, by: By) -> Result<Response, ApiError> {
    let key = find(app, id, user).await?;
    unmodified(headers, key.created_at)?;
    let removed = app.store.delete_ssh_key(key.id, user, by, app.now()).await?;
    if removed { Ok(reply::no_content()) } else { Err(no_such_key()) }
}

/// `GET /user/keys`.
pub(crate) async fn own(
    grant: Grant<ReadSelf>,
    State(app): State<App>,
    Given(page): Given<Page>,
    links: Links,
) -> Result<Response, ApiError> {
    list(&app, &grant.somebody()?.user, page, &links).await
}

/// `GET /user/keys/:id`: an administrator, too, sees only own ones here.
pub(crate) async fn one_own(grant: Grant<ReadSelf>, State(app): State<App>, id: InPath) -> Result<Response, ApiError> {
    show(&app, id.number("key_id")?, &grant.somebody()?.user).await
}

/// `POST /user/keys`.
pub(crate) async fn add_own(
    grant: Grant<WriteApi>,
    State(app): State<App>,
    Given(wanted): Given<Wanted>,
) -> Result<Response, ApiError> {
    add(&app, &grant.somebody()?.user, wanted, grant.by()).await
}

/// `DELETE /user/keys/:id`.
pub(crate) async fn remove_own(
    grant: Grant<WriteApi>,
    State(app): State<App>,
    id: InPath,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    remove(&app, id.number("key_id")?, grant.somebody()?.user.id, &headers, grant.by()).await
}

/// `GET /users/:id_or_username/keys`: for everybody, as those who run other servers need them.
pub(crate) async fn of_user(
    grant: Grant<ReadUsers>,
    State(app): State<App>,
    id: InPath,
    Given(page): Given<Page>,
    links: Links,
) -> Result<Response, ApiError> {
    grant.count(&app, Endpoint::SshKeys)?;
    list(&app, &*named(&app, &id).await?, page, &links).await
}

/// `GET /users/:id/keys/:key_id`: for everybody, too.
pub(crate) async fn one_of_user(
    grant: Grant<ReadUsers>,
    State(app): State<App>,
    id: InPath,
) -> Result<Response, ApiError> {
    grant.count(&app, Endpoint::SshKey)?;
    let user = named(&app, &id).await?;
    show(&app, id.second_number("key_id")?, &user).await
}

/// `POST /users/:id/keys`.
pub(crate) async fn add_to_user(
    grant: Grant<AdministerApi>,
    State(app): State<App>,
    id: InPath,
    Given(wanted): Given<Wanted>,
) -> Result<Response, ApiError> {
    let user = numbered(&app, &id, "user_id").await?;
    add(&app, &user, wanted, grant.by()).await
}

/// `DELETE /users/:id/keys/:key_id`.
pub(crate) async fn remove_from_user(
    grant: Grant<AdministerApi>,
    State(app): State<App>,
    id: InPath,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let user = numbered(&app, &id, "user_id").await?;
    remove(&app, id.second_number("key_id")?, user.id, &headers, grant.by()).await
}

/// `GET /keys/:id`: whoever's it is, for administrators.
pub(crate) async fn anybodys(_: Grant<InspectApi>, State(app): State<App>, id: InPath) -> Result<Response, ApiError> {
    let key = app.store.ssh_key(SshKeyId(id.number("id")?), None).await?.ok_or_else(ApiError::no_such_record)?;
    show_with_owner(&app, &key).await
}

/// `GET /keys?fingerprint=`: whoever's it is, for administrators.
pub(crate) async fn with_fingerprint(
    _: Grant<InspectApi>,
    State(app): State<App>,
    Given(sought): Given<Sought>,
) -> Result<Response, ApiError> {
    let failed = || ApiError::message(StatusCode::BAD_REQUEST, "Failed to return the key");
    let fingerprint = public_keys::fingerprint(&sought.fingerprint).ok_or_else(failed)?;
    let key = app.store.ssh_key_with(&fingerprint).await?.ok_or_else(no_such_key)?;
    show_with_owner(&app, &key).await
}

async fn show_with_owner(app: &App, key: &SshKey) -> Result<Response, ApiError> {
    let owner = app.identities.user(&app.store, key.user).await?.ok_or_else(no_such_key)?;
    let url = &app.config.external_url;
    let user = AccountUser::own(&owner, url);
    Ok(reply::json(StatusCode::OK, &OwnedSshKey::new(ShownSshKey::new(key, &owner, url), user)))
}
