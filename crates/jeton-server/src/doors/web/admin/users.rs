//! Administration of people: find an account, make one, change it, close it, delete it. Nobody acts as somebody else here.

pub(in crate::doors::web) mod account;
pub(in crate::doors::web) mod deletion;
pub(in crate::doors::web) mod invite;
mod person;
mod views;

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jeton_core::user::{User, UserState};
use jeton_store::{
    Slice,
    search::Search,
    users::list::{UserColumn, UserFilter, UserOrder},
};

use self::views::{UserRow, UsersPage};
use super::{frame, views::Choice};
use crate::{
    app::App,
    doors::web::{form::Pairs, moments, paths, views::Pager, visit::Visit},
    guard::{AdminPages, Grant},
    refusal::Refusal,
};

/// Accounts on one page.
const PAGE: i64 = 25;
/// So many are counted; nobody turns that many pages.
const COUNT_TO: i64 = 10_000;

/// What can be asked for besides a name.
const KINDS: [(&str, &str); 7] = [
    ("", "All users"),
    ("active", "Active"),
    ("blocked", "Blocked"),
    ("administrators", "Administrators"),
    ("external", "External"),
    ("two_factor", "With two-factor authentication"),
    ("no_two_factor", "Without two-factor authentication"),
];

fn filter(kind: &str, search: &str) -> UserFilter {
    let filter = UserFilter { human: Some(true), search: Search::parse(search), ..UserFilter::default() };
    let filter = UserFilter { email: (!search.is_empty()).then(|| search.to_owned()), ..filter };
    match kind {
        "active" => UserFilter { active: Some(true), ..filter },
        "blocked" => UserFilter { active: Some(false), ..filter },
        "administrators" => UserFilter { administrator: Some(true), ..filter },
        "external" => UserFilter { external: Some(true), ..filter },
        "two_factor" => UserFilter { two_factor: Some(true), ..filter },
        "no_two_factor" => UserFilter { two_factor: Some(false), ..filter },
        _ => filter,
    }
}

/// The list.
pub(in crate::doors::web) async fn list(
    grant: Grant<AdminPages>,
    State(app): State<App>,
    visit: Visit,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let pairs = match Pairs::parse(query.unwrap_or_default().as_bytes()) {
        Ok(pairs) => pairs,
        Err(problem) => return Ok(problem.into_response()),
    };
    let search = pairs.get("search").unwrap_or_default().trim().trim_start_matches('@').to_owned();
    let kind = pairs.get("kind").unwrap_or_default().to_owned();
    let filter = filter(&kind, &search);
    let total = app.store.count_matching_users(&filter, COUNT_TO).await?;
    let pages = (total + PAGE - 1).div_euclid(PAGE).max(1);
    let number = pairs.get("page").and_then(|page| page.parse().ok()).unwrap_or(1).clamp(1, pages);
    let order = UserOrder { column: UserColumn::Username, descending: false, after: None };
    let users = app.store.users(&filter, &order, Slice { limit: PAGE, offset: (number - 1) * PAGE }).await?;
    let now = app.now();
    let page = UsersPage {
        frame: frame(&visit, "Users", grant.somebody()?),
        total,
        kinds: kinds(&kind),
        users: users.into_iter().map(|listed| UserRow::of(&listed.user, now)).collect(),
        pager: pager(number, pages),
        query: query_of(&search, &kind),
        search,
    };
    visit.page(StatusCode::OK, &page)
}

fn kinds(chosen: &str) -> Vec<Choice> {
    let choice = |(value, text): (&str, &str)| Choice {
        value: value.to_owned(),
        text: text.to_owned(),
        chosen: value == chosen,
    };
    KINDS.map(choice).into()
}

fn query_of(search: &str, kind: &str) -> String {
    let pairs = [("search", search), ("kind", kind)];
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty())).finish()
}

fn pager(number: i64, pages: i64) -> Option<Pager> {
    let count = |number: i64| usize::try_from(number).unwrap_or(1);
    (pages > 1).then(|| Pager {
        page: count(number),
        pages: count(pages),
        previous: (number > 1).then(|| count(number - 1)),
        next: (number < pages).then(|| count(number + 1)),
    })
}

impl UserRow {
    fn of(user: &User, now: jeton_core::time::Timestamp) -> Self {
        Self {
            path: paths::admin_user(user.id),
            username: user.username.clone(),
            name: user.name.clone(),
            email: user.email.clone(),
            marks: marks(user),
            created: moments::on(user.created_at),
            last_seen: user.current_sign_in_at.map(|at| moments::ago(at, now)),
        }
    }
}

/// What is special about an account, in words.
fn marks(user: &User) -> Vec<&'static str> {
    [
        (user.administrator, "administrator"),
        (user.external, "external"),
        (user.two_factor, "two-factor"),
        (user.state != UserState::Active, user.state.name()),
    ]
    .into_iter()
    .filter_map(|(holds, mark)| holds.then_some(mark))
    .collect()
}
