//! What happened to one's account and tokens.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jeton_core::{id::UserId, time::Timestamp};
use jeton_store::LogEntry;

use super::{
    agents,
    error::Problem,
    form::Pairs,
    log::{self, Pager},
    moments, paths,
    views::{Frame, Moment},
    visit::Visit,
};
use crate::{
    app::App,
    guard::{Grant, OwnPages},
    refusal::Refusal,
};

#[derive(Template)]
#[template(path = "authentication_log.html")]
struct LogPage<'a> {
    frame: Frame<'a>,
    entries: Vec<EntryRow>,
    pager: Pager,
}

/// One thing that happened.
struct EntryRow {
    at: Moment,
    what: String,
    /// By whom and by what means.
    how: String,
    address: String,
    agent: String,
    /// Somebody was refused.
    is_refusal: bool,
}

/// The page; `before` in its address is where it begins.
pub(super) async fn show(
    grant: Grant<OwnPages>,
    State(app): State<App>,
    visit: Visit,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let user = &grant.somebody()?.user;
    let Ok(query) = Pairs::parse(query.unwrap_or_default().as_bytes()) else {
        return Ok(Problem::Malformed.into_response());
    };
    let before = log::before(&query);
    let mut entries = app.store.authentication_log(user.id, before.unwrap_or(i64::MAX), log::ROWS).await?;
    let pager = Pager::cut(&mut entries, before, |entry| entry.id, address);
    let page = LogPage {
        frame: Frame { section: Some(paths::AUTHENTICATION_LOG), ..visit.frame("Authentication log", Some(user), &[]) },
        entries: entries.iter().map(|entry| row(entry, user.id, app.now())).collect(),
        pager,
    };
    visit.page(StatusCode::OK, &page)
}

fn address(before: Option<i64>) -> String {
    let query = before.map(|before| format!("?before={before}")).unwrap_or_default();
    format!("{}{query}", paths::AUTHENTICATION_LOG)
}

fn row(entry: &LogEntry, owner: UserId, now: Timestamp) -> EntryRow {
    EntryRow {
        at: moments::ago(entry.at, now),
        what: what(entry),
        how: how(entry, owner),
        address: entry.address.clone().unwrap_or_default(),
        agent: entry.client.as_deref().map(|client| agents::in_words(Some(client))).unwrap_or_default(),
        is_refusal: entry.action.ends_with(".refused") || entry.action == "token.reuse",
    }
}

/// What happened, in words. What a newer part of the program notes is shown under its own name.
fn what(entry: &LogEntry) -> String {
    let detail = |name: &str| entry.details[name].as_str().unwrap_or_default();
    let token = entry.token.as_deref().unwrap_or_default();
    match entry.action.as_str() {
        "session.start" => "Signed in".to_owned(),
        "session.refused" if detail("reason") == "wrong_password" => "Refused: wrong password".to_owned(),
        "session.refused" if detail("reason") == "account" => "Refused: the account is closed".to_owned(),
        "session.refused" if detail("reason") == "token_required" => {
            "Refused: the password was right, but a token is required".to_owned()
        }
        "session.refused" => "Refused".to_owned(),
        "session.end" if entry.details["others"].is_number() => "All other sessions ended".to_owned(),
        "session.end" => "Session ended".to_owned(),
        "device.new" => "New browser".to_owned(),
        "device.forget" => "Browser forgotten".to_owned(),
        "user.create" => "Account created".to_owned(),
        "user.password" => "Password changed".to_owned(),
        "user.rehash" => "Password stored under a stronger hash".to_owned(),
        "user.state" => format!("Account set to {}", detail("state")),
        "token.create" => format!("Token “{token}” created"),
        "token.rotate" => format!("Token “{token}” rotated"),
        "token.revoke" => format!("Token “{token}” revoked"),
        "token.reuse" => format!("An old text of token “{token}” was used"),
        other => other.to_owned(),
    }
}

/// By whom and by what means, in words.
fn how(entry: &LogEntry, owner: UserId) -> String {
    let means = match entry.means.as_str() {
        "session" => "in a browser",
        "token" => "with a token",
        "password" => "with the password",
        "command_line" => "on the server’s command line",
        "link" => "with a one-time link",
        _ => "",
    };
    match entry.actor {
        Some(actor) if actor != owner => format!("by somebody else, {means}"),
        _ => means.to_owned(),
    }
}
