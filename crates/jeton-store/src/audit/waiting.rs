//! Events that are not chained yet, and whether Jeton wrote them.

use std::collections::HashSet;

use sqlx::FromRow;

use super::{Anchor, entry::Written, keys::AuditKeys};

/// An event that is not chained yet.
#[derive(FromRow)]
pub(super) struct Waiting {
    #[sqlx(flatten)]
    pub(super) event: Written,
    /// Whether an event that is chained has the same mark.
    is_copy: bool,
}

/// The text that reads up to `$2` of them, of numbers above `$1`.
macro_rules! waiting_events {
    () => {
        concat!(
            "SELECT ",
            crate::audit::entry::written_columns!(),
            ", EXISTS (SELECT 1 FROM audit_events o
                       WHERE o.mark = e.mark AND o.id <> e.id AND o.position IS NOT NULL) AS is_copy
             FROM audit_events e WHERE e.position IS NULL AND e.id > $1 ORDER BY e.id LIMIT $2"
        )
    };
}

pub(super) use waiting_events;

/// Tells whether Jeton wrote an event.
pub(super) struct Judge<'a> {
    keys: &'a AuditKeys,
    /// Whether events without marks count.
    takes_unmarked: bool,
    marks: HashSet<Vec<u8>>,
}

impl<'a> Judge<'a> {
    /// As long as there is no anchor, an older program wrote what has no mark.
    pub(super) fn new(keys: &'a AuditKeys, anchor: Option<&Anchor>) -> Self {
        Self { keys, takes_unmarked: anchor.is_none(), marks: HashSet::new() }
    }

    /// Whether Jeton wrote this event, and it is no copy of one that was seen before.
    pub(super) fn is_genuine(&mut self, waiting: &Waiting) -> bool {
        let Waiting { event, is_copy } = waiting;
        match &event.mark {
            Some(mark) => !is_copy && self.keys.made(mark, &event.entry) && self.marks.insert(mark.clone()),
            None => self.takes_unmarked,
        }
    }
}
