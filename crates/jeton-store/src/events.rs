//! What people did, for their contributions (GitLab API docs, "Events").

use jeton_core::{
    id::{EventId, ProjectId, UserId},
    time::Timestamp,
};
use sqlx::FromRow;

use crate::{
    Fault, Slice, Store,
    db::{Tx, on, on_tx},
    projects::list::Viewer,
};

/// What somebody did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    /// Made a project.
    Created,
    /// Pushed to a project.
    Pushed,
    /// Became a member of a project.
    Joined,
}

impl Deed {
    /// The word that is stored, and by which the API filters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Pushed => "pushed",
            Self::Joined => "joined",
        }
    }
}

/// Something that somebody did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// The number.
    pub id: EventId,
    /// Who did it.
    pub author: UserId,
    /// To which project.
    pub project: Option<ProjectId>,
    /// The stored word of the [`Deed`].
    pub action: String,
    /// When.
    pub at: Timestamp,
}

/// Which events a list holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventFilter {
    /// What this one did.
    pub author: UserId,
    /// Only what happened to projects that this one may see.
    pub viewer: Viewer,
    /// Only this deed, by its stored word.
    pub action: Option<&'static str>,
    /// Before this moment.
    pub before: Option<Timestamp>,
    /// At this moment or after.
    pub after: Option<Timestamp>,
}

#[derive(FromRow)]
struct EventRow {
    id: i64,
    author_id: i64,
    project_id: Option<i64>,
    action: String,
    created_at: i64,
}

impl From<EventRow> for Event {
    fn from(row: EventRow) -> Self {
        Self {
            id: EventId(row.id),
            author: UserId(row.author_id),
            project: row.project_id.map(ProjectId),
            action: row.action,
            at: Timestamp::from_micros(row.created_at),
        }
    }
}

macro_rules! columns {
    () => {
        "SELECT e.id, e.author_id, e.project_id, e.action, e.created_at"
    };
}

macro_rules! conditions {
    () => {
        " FROM events e LEFT JOIN projects p ON p.id = e.project_id LEFT JOIN namespaces n ON n.id = p.namespace_id
         WHERE e.author_id = $1
           AND (e.project_id IS NULL OR $2 OR p.visibility = 'public' OR ($3 AND p.visibility = 'internal')
                OR n.owner_id = $4)
           AND ($5 IS NULL OR e.action = $5)
           AND ($6 IS NULL OR e.created_at < $6) AND ($7 IS NULL OR e.created_at >= $7) "
    };
}

macro_rules! bind_filter {
    ($query:expr, $filter:expr) => {
        $query
            .bind($filter.author.0)
            .bind($filter.viewer == Viewer::Administrator)
            .bind(matches!($filter.viewer, Viewer::User(_)))
            .bind($filter.viewer.user())
            .bind($filter.action)
            .bind($filter.before.map(Timestamp::micros))
            .bind($filter.after.map(Timestamp::micros))
    };
}

impl Store {
    /// One slice of the events that the filter lets through, in the order in which they happened, or the other way.
    pub async fn events(&self, filter: &EventFilter, latest_first: bool, slice: Slice) -> Result<Vec<Event>, Fault> {
        let text = if latest_first {
            concat!(columns!(), conditions!(), "ORDER BY e.id DESC LIMIT $8 OFFSET $9")
        } else {
            concat!(columns!(), conditions!(), "ORDER BY e.id LIMIT $8 OFFSET $9")
        };
        let rows: Vec<EventRow> = on!(&self.db, c => bind_filter!(sqlx::query_as(text), filter)
            .bind(slice.limit).bind(slice.offset).fetch_all(c).await)?;
        Ok(rows.into_iter().map(Event::from).collect())
    }

    /// How many events the filter lets through, counted up to `limit`.
    pub async fn count_events(&self, filter: &EventFilter, limit: i64) -> Result<i64, Fault> {
        const TEXT: &str = concat!("SELECT count(*) FROM (SELECT 1", conditions!(), "LIMIT $8) AS counted");
        on!(&self.db, c => bind_filter!(sqlx::query_scalar(TEXT), filter).bind(limit).fetch_one(c).await)
            .map_err(Fault::from)
    }
}

/// Notes that somebody did something to a project, in the transaction of the deed. What nobody did is not noted.
pub(crate) async fn record(
    tx: &mut Tx,
    author: Option<UserId>,
    project: ProjectId,
    deed: Deed,
    now: Timestamp,
) -> Result<(), Fault> {
    let Some(author) = author else { return Ok(()) };
    on_tx!(tx, c => sqlx::query("INSERT INTO events (author_id, project_id, action, created_at) VALUES ($1, $2, $3, $4)")
        .bind(author.0).bind(project.0).bind(deed.name()).bind(now.micros())
        .execute(c).await.map(drop))
    .map_err(Fault::from)
}
