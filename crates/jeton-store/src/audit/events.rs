//! Reading the audit log.

use jeton_core::{id::UserId, time::Timestamp};
use serde_json::Value;
use sqlx::FromRow;

use crate::{Fault, Store, db::on};

/// One thing that happened.
#[derive(Clone, PartialEq, Debug)]
pub struct AuditEvent {
    /// The number; later events have greater ones, nearly.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who did it, if that is known.
    pub actor: Option<UserId>,
    /// The actor's user name, while the account exists.
    pub actor_name: Option<String>,
    /// By what means: the word of [`Means`](crate::Means).
    pub via: String,
    /// From which address.
    pub address: Option<String>,
    /// In which request.
    pub request_id: Option<String>,
    /// `token.create`, `user.block` …
    pub action: String,
    /// What kind of thing it happened to.
    pub subject: String,
    /// The number of that thing.
    pub subject_id: i64,
    /// What else is worth knowing.
    pub details: Value,
}

/// Which events are wanted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AuditFilter {
    /// Done by this user.
    pub actor: Option<UserId>,
    /// Done to this user: its account, its tokens, its projects.
    pub user: Option<UserId>,
    /// What happened begins with this: `token.`, `user.block` …
    pub action: Option<String>,
    /// At this moment or later.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    at: i64,
    actor_id: Option<i64>,
    username: Option<String>,
    actor_via: String,
    address: Option<String>,
    request_id: Option<String>,
    action: String,
    subject: String,
    subject_id: i64,
    details: String,
}

impl From<Row> for AuditEvent {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            at: Timestamp::from_micros(row.at),
            actor: row.actor_id.map(UserId),
            actor_name: row.username,
            via: row.actor_via,
            address: row.address,
            request_id: row.request_id,
            action: row.action,
            subject: row.subject,
            subject_id: row.subject_id,
            details: serde_json::from_str(&row.details).unwrap_or(Value::String(row.details)),
        }
    }
}

impl Store {
    /// Up to `limit` of the events that the filter lets through, the latest first, from before the event of the number
    /// `before`, if one is given.
    pub async fn audit_events(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<AuditEvent>, Fault> {
        let rows: Vec<Row> = on!(&self.db, c => sqlx::query_as(
            "SELECT e.id, e.at, e.actor_id, u.username, e.actor_via, e.address, e.request_id, e.action, e.subject,
                    e.subject_id, e.details
             FROM audit_events e LEFT JOIN users u ON u.id = e.actor_id
             WHERE ($1 IS NULL OR e.actor_id = $1)
               AND ($2 IS NULL OR (e.subject = 'user' AND e.subject_id = $2)
                    OR (e.subject = 'token' AND e.subject_id IN (
                        SELECT g.id FROM token_generations g JOIN token_families f ON f.id = g.family_id
                        WHERE f.user_id = $2)))
               AND ($3 IS NULL OR e.action LIKE $3 ESCAPE '\\')
               AND ($4 IS NULL OR e.at >= $4) AND ($5 IS NULL OR e.at < $5)
               AND ($6 IS NULL OR e.id < $6)
             ORDER BY e.id DESC LIMIT $7")
            .bind(filter.actor.map(|user| user.0)).bind(filter.user.map(|user| user.0))
            .bind(filter.action.as_deref().map(beginning_with))
            .bind(filter.since.map(Timestamp::micros)).bind(filter.until.map(Timestamp::micros))
            .bind(before).bind(limit).fetch_all(c).await)?;
        Ok(rows.into_iter().map(AuditEvent::from).collect())
    }

    /// Every kind of event that has happened, sorted.
    pub async fn audit_actions(&self) -> Result<Vec<String>, Fault> {
        on!(&self.db, c => sqlx::query_scalar("SELECT DISTINCT action FROM audit_events ORDER BY action").fetch_all(c).await)
            .map_err(Fault::from)
    }
}

/// A pattern for `LIKE` whose own characters mean themselves.
fn beginning_with(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern + "%"
}
