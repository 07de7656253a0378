//! Further e-mail addresses (GitLab API docs, "User email addresses").

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use jeton_core::{
    id::{EmailId, UserId},
    user::{Email as Address, User},
};
use jeton_store::{By, users::emails::Email};

use super::around::{flaw, numbered, too_many};
use crate::{
    accounts::NotChanged,
    app::App,
    doors::api::{
        entities::ShownEmail,
        error::ApiError,
        page::{COUNT_TO, Links, Page},
        params::{Given, Input, Reader},
        path::InPath,
        reply::{self, unmodified},
    },
    guard::{AdministerApi, Grant, InspectUsers, ProvenApi, ReadSelf},
};

/// Seconds in which mails are counted.
const HOUR: i64 = 3_600;

/// What somebody adds for themselves.
pub(crate) struct Wanted {
    email: String,
}

impl Input for Wanted {
    fn read(from: &mut Reader<'_>) -> Self {
        Self { email: from.required_text("email") }
    }
}

/// What an administrator adds for somebody.
pub(crate) struct WantedForUser {
    email: String,
    skip_confirmation: bool,
}

impl Input for WantedForUser {
    fn read(from: &mut Reader<'_>) -> Self {
        Self {
            email: from.required_text("email"),
            skip_confirmation: from.boolean("skip_confirmation").unwrap_or(false),
        }
    }
}

async fn list(app: &App, user: UserId, page: Page, links: &Links) -> Result<Response, ApiError> {
    let mut rows = app.store.emails(user, page.slice()).await?;
    let total = app.store.count_emails(user, COUNT_TO).await?;
    Ok(page.answer(links, &mut rows, total, ShownEmail::new))
}

async fn find(app: &App, id: i64, user: UserId) -> Result<Email, ApiError> {
    app.store.email(EmailId(id), user).await?.ok_or_else(no_such_email)
}

fn no_such_email() -> ApiError {
    ApiError::not_found("Email")
}

async fn add(app: &App, user: &User, email: &str, is_confirmed: bool, by: By) -> Result<Response, ApiError> {
    let email = email.trim();
    let address = Address::parse(email).map_err(|bad| {
        let blank = email.is_empty().then(|| "can't be blank".to_owned());
        ApiError::attributes(vec![("email", blank.into_iter().chain([bad.to_string()]).collect())])
    })?;
    match app.add_email(user, address, is_confirmed, by).await {
        Ok(email) => Ok(reply::json(StatusCode::CREATED, &ShownEmail::new(&email))),
        Err(NotChanged::Taken) => Err(flaw("email", "has already been taken")),
        Err(NotChanged::TooMany(limit)) => Err(too_many(limit)),
        Err(NotChanged::TooOften) => Err(ApiError::too_many(HOUR)),
        Err(NotChanged::Refused(refusal)) => Err(refusal.into()),
    }
}

async fn remove(app: &App, id: i64, user: UserId, headers: &HeaderMap, by: By) -> Result<Response, ApiError> {
    let email = find(app, id, user).await?;
    unmodified(headers, email.confirmed_at.unwrap_or(email.created_at))?;
    let removed = app.store.delete_email(email.id, user, by, app.now()).await?;
    if removed { Ok(reply::no_content()) } else { Err(no_such_email()) }
}

/// `GET /user/emails`.
pub(crate) async fn own(
    grant: Grant<ReadSelf>,
    State(app): State<App>,
    Given(page): Given<Page>,
    links: Links,
) -> Result<Response, ApiError> {
    list(&app, grant.somebody()?.user.id, page, &links).await
}

/// `GET /user/emails/:email_id`.
pub(crate) async fn one_own(grant: Grant<ReadSelf>, State(app): State<App>, id: InPath) -> Result<Response, ApiError> {
    let email = find(&app, id.number("email_id")?, grant.somebody()?.user.id).await?;
    Ok(reply::json(StatusCode::OK, &ShownEmail::new(&email)))
}

/// `POST /user/emails`.
pub(crate) async fn add_own(
    grant: Grant<ProvenApi>,
    State(app): State<App>,
    Given(wanted): Given<Wanted>,
) -> Result<Response, ApiError> {
    add(&app, &grant.somebody()?.user, &wanted.email, false, grant.by()).await
}

/// `DELETE /user/emails/:email_id`.
pub(crate) async fn remove_own(
    grant: Grant<ProvenApi>,
    State(app): State<App>,
    id: InPath,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    remove(&app, id.number("email_id")?, grant.somebody()?.user.id, &headers, grant.by()).await
}

/// `GET /users/:id/emails`.
pub(crate) async fn of_user(
    _: Grant<InspectUsers>,
    State(app): State<App>,
    id: InPath,
    Given(page): Given<Page>,
    links: Links,
) -> Result<Response, ApiError> {
    list(&app, numbered(&app, &id, "id").await?.id, page, &links).await
}

/// `POST /users/:id/emails`.
pub(crate) async fn add_to_user(
    grant: Grant<AdministerApi>,
    State(app): State<App>,
    id: InPath,
    Given(wanted): Given<WantedForUser>,
) -> Result<Response, ApiError> {
    let user = numbered(&app, &id, "id").await?;
    add(&app, &user, &wanted.email, wanted.skip_confirmation, grant.by()).await
}

/// `DELETE /users/:id/emails/:email_id`.
pub(crate) async fn remove_from_user(
    grant: Grant<AdministerApi>,
    State(app): State<App>,
    id: InPath,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let user = numbered(&app, &id, "id").await?.id;
    remove(&app, id.second_number("email_id")?, user, &headers, grant.by()).await
}
