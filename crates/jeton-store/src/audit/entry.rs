//! An audit event as the database keeps it, with everything that its mark and the chain cover.

use sqlx::FromRow;

/// What an event says.
#[derive(Debug, FromRow)]
pub(super) struct Entry {
    pub(super) at: i64,
    pub(super) actor_id: Option<i64>,
    pub(super) actor_via: String,
    pub(super) address: Option<String>,
    pub(super) client: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) action: String,
    pub(super) subject: String,
    pub(super) subject_id: i64,
    pub(super) details: String,
}

/// An event that has its number.
#[derive(Debug, FromRow)]
pub(super) struct Written {
    pub(super) id: i64,
    #[sqlx(flatten)]
    pub(super) entry: Entry,
    /// Events of before there were marks have none.
    pub(super) mark: Option<Vec<u8>>,
}

/// The columns of [`Written`], of `audit_events e`.
macro_rules! written_columns {
    () => {
        "e.id, e.at, e.actor_id, e.actor_via, e.address, e.client, e.request_id, e.action, e.subject, e.subject_id,
         e.details, e.mark"
    };
}

pub(super) use written_columns;

impl Entry {
    /// All of it, and its number, if it has one already, in one text of which no other event has the same.
    pub(super) fn bytes(&self, id: Option<i64>) -> Vec<u8> {
        let fields = (
            id,
            self.at,
            self.actor_id,
            &self.actor_via,
            &self.address,
            &self.client,
            &self.request_id,
            &self.action,
            &self.subject,
            self.subject_id,
            &self.details,
        );
        // Numbers and texts always serialise, and JSON says where each of them ends.
        serde_json::to_vec(&fields).unwrap_or_default()
    }
}
