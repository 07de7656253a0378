//! The audit log as a page: filtered, the latest events first.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jeton_core::{
    id::UserId,
    time::{Date, Timestamp},
};
use jeton_store::audit::{AuditEvent, AuditFilter};
use serde_json::Value;

use super::{
    frame,
    views::{AuditLogPage, Choice, EventRow, FilterForm},
};
use crate::{
    app::App,
    doors::web::{
        form::Pairs,
        log::{self, Pager},
        paths,
        views::{Field, Moment},
        visit::Visit,
    },
    guard::{AdminPages, Grant},
    refusal::Refusal,
};

/// What somebody typed to find events.
pub(super) struct Wanted {
    actor: Field,
    user: Field,
    action: String,
    since: Field,
    until: Field,
    before: Option<i64>,
    /// What it comes to; none where something typed means nothing, so that nobody takes all events for the ones sought.
    pub(super) filter: Option<AuditFilter>,
}

impl Wanted {
    /// Reads a query.
    pub(super) async fn read(app: &App, pairs: &Pairs) -> Result<Self, Refusal> {
        let (actor, actor_id) = user_field(app, pairs.get("actor")).await?;
        let (user, user_id) = user_field(app, pairs.get("user")).await?;
        let (since, since_at) = date_field(pairs.get("from"));
        let (until, until_at) = date_field(pairs.get("to"));
        let action = pairs.get("action").unwrap_or_default().to_owned();
        let fields = [&actor, &user, &since, &until];
        let filter = fields.iter().all(|field| field.problem.is_none()).then(|| AuditFilter {
            actor: actor_id,
            user: user_id,
            action: (!action.is_empty()).then(|| action.clone()),
            since: since_at.map(Date::midnight),
            // The last day belongs to it.
            until: until_at.map(|date| date.plus_days(1).midnight()),
        });
        Ok(Self { actor, user, action, since, until, before: log::before(pairs), filter })
    }

    /// The address of the page with what came before an event.
    fn page(&self, before: Option<i64>) -> String {
        format!("{}?{}", paths::AUDIT_EVENTS, self.query(before.map(|before| ("before", before.to_string()))))
    }

    /// The same question as a query, with one more parameter.
    fn query(&self, more: Option<(&str, String)>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let asked = [
            ("actor", &self.actor.value),
            ("user", &self.user.value),
            ("action", &self.action),
            ("from", &self.since.value),
            ("to", &self.until.value),
        ];
        query.extend_pairs(asked.into_iter().filter(|(_, value)| !value.is_empty()));
        query.extend_pairs(more);
        query.finish()
    }
}

async fn user_field(app: &App, typed: Option<&str>) -> Result<(Field, Option<UserId>), Refusal> {
    let value = typed.unwrap_or_default().trim().trim_start_matches('@').to_owned();
    if value.is_empty() {
        return Ok((Field::default(), None));
    }
    let found = app.store.user_named(&value).await?.map(|user| user.id);
    let problem = found.is_none().then(|| "There is no user of that name.".to_owned());
    Ok((Field { value, problem }, found))
}

fn date_field(typed: Option<&str>) -> (Field, Option<Date>) {
    let value = typed.unwrap_or_default().trim().to_owned();
    let date = Date::parse(&value);
    let problem = (!value.is_empty() && date.is_none()).then(|| "Write the date as YYYY-MM-DD.".to_owned());
    (Field { value, problem }, date)
}

/// The page.
pub(in crate::doors::web) async fn show(
    grant: Grant<AdminPages>,
    State(app): State<App>,
    visit: Visit,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let pairs = match Pairs::parse(query.unwrap_or_default().as_bytes()) {
        Ok(pairs) => pairs,
        Err(problem) => return Ok(problem.into_response()),
    };
    let wanted = Wanted::read(&app, &pairs).await?;
    let mut events = match &wanted.filter {
        Some(filter) => app.store.audit_events(filter, wanted.before, log::ROWS).await?,
        None => Vec::new(),
    };
    let pager = Pager::cut(&mut events, wanted.before, |event| event.id, |before| wanted.page(before));
    let export = |format| format!("{}.{format}?{}", paths::AUDIT_EVENTS, wanted.query(None));
    let status = if wanted.filter.is_some() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = AuditLogPage {
        frame: frame(&visit, "Audit log", grant.somebody()?),
        csv: export("csv"),
        json_lines: export("jsonl"),
        pager,
        filter: FilterForm { actions: choices(app.store.audit_actions().await?, &wanted.action), ..wanted.into() },
        events: events.into_iter().map(row).collect(),
    };
    visit.page(status, &page)
}

impl From<Wanted> for FilterForm {
    fn from(wanted: Wanted) -> Self {
        let Wanted { actor, user, since, until, .. } = wanted;
        Self { actor, user, since, until, actions: Vec::new() }
    }
}

fn choices(actions: Vec<String>, chosen: &str) -> Vec<Choice> {
    let all = Choice { value: String::new(), text: "Everything".to_owned(), chosen: chosen.is_empty() };
    let each =
        actions.into_iter().map(|action| Choice { chosen: action == chosen, text: action.clone(), value: action });
    std::iter::once(all).chain(each).collect()
}

fn row(event: AuditEvent) -> EventRow {
    let actor = event
        .actor_name
        .map_or_else(|| event.actor.map(|actor| format!("user {actor}")), |name| Some(format!("@{name}")));
    EventRow {
        at: second(event.at),
        action: event.action,
        actor: actor.unwrap_or_else(|| "nobody known".to_owned()),
        via: event.via.replace('_', " "),
        subject: format!("{} {}", event.subject, event.subject_id),
        details: details(&event.details),
        address: event.address.unwrap_or_default(),
        request_id: event.request_id.unwrap_or_default(),
    }
}

/// The moment to the second: who looks at an audit log compares it with other logs.
fn second(at: Timestamp) -> Moment {
    let iso = at.to_string();
    Moment { text: format!("{} {} UTC", &iso[..10], &iso[11..19]), iso }
}

/// The details, one a line, as far as there are any.
fn details(details: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let members = details.as_object().into_iter().flatten();
    members.filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), text(value))).collect()
}
