//! The administrators' pages. To everybody else they do not exist.

pub(super) mod audit_export;
pub(super) mod audit_log;
pub(super) mod settings;
pub(super) mod users;
mod views;

use axum::{extract::State, http::StatusCode, response::Response};

use jeton_core::caller::Caller;
use jeton_store::tokens::list::TokenFilter;

use self::views::{Fact, OverviewPage};
use super::{paths, views::Frame, visit::Visit};
use crate::{
    app::App,
    guard::{AdminPages, Grant},
    refusal::Refusal,
};

/// Counting goes this far: more is more.
const COUNT_TO: i64 = 10_001;

/// What the instance is, and the way to everything else.
pub(super) async fn overview(
    grant: Grant<AdminPages>,
    State(app): State<App>,
    visit: Visit,
) -> Result<Response, Refusal> {
    let caller = grant.somebody()?;
    let (users, tokens) = (app.store.count_users(COUNT_TO).await?, count_tokens(&app).await?);
    let fact = |name, value: String| Fact { name, value };
    let page = OverviewPage {
        frame: frame(&visit, "Overview", caller),
        facts: vec![
            fact("Users", counted(users)),
            fact("Active tokens", counted(tokens)),
            fact("Address", app.config.external_url.clone()),
            fact("Version", env!("CARGO_PKG_VERSION").to_owned()),
            fact("Database", app.store.engine().to_owned()),
            fact("Container registry", if app.config.registry { "on" } else { "off" }.to_owned()),
        ],
    };
    visit.page(StatusCode::OK, &page)
}

async fn count_tokens(app: &App) -> Result<i64, Refusal> {
    let active = TokenFilter { active: Some(true), impersonation: true, ..TokenFilter::default() };
    Ok(app.store.count_tokens(&active, COUNT_TO, app.now()).await?)
}

fn counted(number: i64) -> String {
    if number < COUNT_TO { number.to_string() } else { format!("more than {}", COUNT_TO - 1) }
}

/// The frame of an administrators' page.
fn frame<'a>(visit: &'a Visit, title: &'a str, caller: &'a Caller) -> Frame<'a> {
    Frame { in_admin: true, ..visit.frame(title, Some(&caller.user), &[]) }
}

/// A part of the administration.
struct Part {
    /// Also the title of its page.
    title: &'static str,
    path: &'static str,
    /// Titles of other pages that belong to it.
    also: &'static [&'static str],
}

impl Part {
    fn holds(&self, title: &str) -> bool {
        self.title == title || self.also.contains(&title)
    }
}

/// Every part, in the order of the navigation.
const PARTS: [Part; 4] = [
    Part { title: "Overview", path: paths::ADMIN, also: &[] },
    Part { title: "Users", path: paths::ADMIN_USERS, also: &["User", "New user", "Delete a user"] },
    Part { title: "Audit log", path: paths::AUDIT_EVENTS, also: &[] },
    Part { title: "Settings", path: paths::SETTINGS, also: &[] },
];
