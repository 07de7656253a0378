//! What happened to one account and its tokens, for its owner: a view of the audit events.

use jeton_core::{id::UserId, time::Timestamp};
use serde_json::Value;
use sqlx::FromRow;

use crate::{Fault, Store, db::on};

/// One thing that happened.
#[derive(Clone, PartialEq, Debug)]
pub struct LogEntry {
    /// The number; later ones are greater.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who did it, if one is known.
    pub actor: Option<UserId>,
    /// By what means, in the word of [`crate::Means::name`].
    pub means: String,
    /// From which address.
    pub address: Option<String>,
    /// What the client calls itself.
    pub client: Option<String>,
    /// `session.start`, `token.create` …
    pub action: String,
    /// The token's name, if it is about a token.
    pub token: Option<String>,
    /// What else was noted.
    pub details: Value,
}

#[derive(FromRow)]
struct LogRow {
    id: i64,
    at: i64,
    actor_id: Option<i64>,
    actor_via: String,
    address: Option<String>,
    client: Option<String>,
    action: String,
    token: Option<String>,
    details: String,
}

impl From<LogRow> for LogEntry {
    fn from(row: LogRow) -> Self {
        Self {
            id: row.id,
            at: Timestamp::from_micros(row.at),
            actor: row.actor_id.map(UserId),
            means: row.actor_via,
            address: row.address,
            client: row.client,
            action: row.action,
            token: row.token,
            details: serde_json::from_str(&row.details).unwrap_or_default(),
        }
    }
}

impl Store {
    /// What happened to that account and its own tokens before the entry `before`, the latest first, at most `limit`.
    /// Impersonation tokens are an administrator's business and left out.
    pub async fn authentication_log(&self, user: UserId, before: i64, limit: i64) -> Result<Vec<LogEntry>, Fault> {
        let rows: Vec<LogRow> = on!(&self.db, c => sqlx::query_as(
            "SELECT * FROM (
                SELECT id, at, actor_id, actor_via, address, client, action, NULL AS token, details FROM audit_events
                WHERE subject = 'user' AND subject_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3) AS own
             UNION ALL
             SELECT * FROM (
                SELECT e.id, e.at, e.actor_id, e.actor_via, e.address, e.client, e.action, f.name AS token, e.details
                FROM token_families f JOIN token_generations g ON g.family_id = f.id
                JOIN audit_events e ON e.subject = 'token' AND e.subject_id = g.id
                WHERE f.user_id = $1 AND NOT f.impersonation AND e.id < $2 ORDER BY e.id DESC LIMIT $3) AS tokens
             ORDER BY id DESC LIMIT $3")
            .bind(user.0).bind(before).bind(limit).fetch_all(c).await)?;
        Ok(rows.into_iter().map(LogEntry::from).collect())
    }
}
