//! Lists of projects: those that somebody may see, sorted and cut into slices.

use jeton_core::{
    id::{ProjectId, UserId},
    project::{Project, Visibility},
    time::Timestamp,
};

use super::ProjectRow;
use crate::{
    Fault, Slice, Store,
    db::on,
    search::{Search, all_terms, bind_search},
};

/// Who looks at a list of projects: the rule of `jeton_core::project::Right::See`, as far as it concerns many at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Viewer {
    /// Sees public projects.
    Anonymous,
    /// Sees public and internal projects, and those of the own namespace.
    User(UserId),
    /// Sees public projects and those of the own namespace.
    External(UserId),
    /// Sees every project.
    Administrator,
}

/// Which projects a list holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProjectFilter {
    /// Only what this one may see.
    pub viewer: Viewer,
    /// Only those in this user's own namespace.
    pub owner: Option<UserId>,
    /// Only those of this visibility.
    pub visibility: Option<Visibility>,
    /// Name, path or description matches.
    pub search: Search,
    /// For the search, the namespace's path counts too.
    pub search_namespaces: bool,
    /// A greater number than this.
    pub id_after: Option<ProjectId>,
    /// A smaller number than this.
    pub id_before: Option<ProjectId>,
    /// Last activity at this moment or after.
    pub last_activity_after: Option<Timestamp>,
    /// Last activity at this moment or before.
    pub last_activity_before: Option<Timestamp>,
}

impl ProjectFilter {
    /// Everything that this one may see.
    pub fn seen_by(viewer: Viewer) -> Self {
        Self {
            viewer,
            owner: None,
            visibility: None,
            search: Search::default(),
            search_namespaces: false,
            id_after: None,
            id_before: None,
            last_activity_after: None,
            last_activity_before: None,
        }
    }
}

/// By which column a list is sorted. Equal ones are in the order of their numbers, in the same direction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ProjectColumn {
    Id,
    Name,
    Path,
    #[default]
    CreatedAt,
    UpdatedAt,
    LastActivityAt,
}

macro_rules! conditions {
    () => {
        concat!(
            " FROM projects p JOIN namespaces n ON n.id = p.namespace_id
             WHERE ($7 OR p.visibility = 'public' OR ($8 AND p.visibility = 'internal') OR n.owner_id = $9)
              AND (",
            all_terms!("p.name_folded"),
            " OR ",
            all_terms!("p.path_key"),
            " OR ",
            all_terms!("p.description_folded"),
            "
                   OR ($10 AND ",
            all_terms!("(n.full_path_key || '/' || p.path_key)"),
            "))
              AND ($11 IS NULL OR n.owner_id = $11)
              AND ($12 IS NULL OR p.visibility = $12)
              AND ($13 IS NULL OR p.id > $13) AND ($14 IS NULL OR p.id < $14)
              AND ($15 IS NULL OR p.last_activity_at >= $15) AND ($16 IS NULL OR p.last_activity_at <= $16) "
        )
    };
}

macro_rules! texts {
    ($column:expr, $descending:expr) => {
        match ($column, $descending) {
            (ProjectColumn::Id, false) => texts!(@ "p.id"),
            (ProjectColumn::Id, true) => texts!(@ "p.id DESC"),
            (ProjectColumn::Name, false) => texts!(@ "p.name, p.id"),
            (ProjectColumn::Name, true) => texts!(@ "p.name DESC, p.id DESC"),
            (ProjectColumn::Path, false) => texts!(@ "p.path, p.id"),
            (ProjectColumn::Path, true) => texts!(@ "p.path DESC, p.id DESC"),
            (ProjectColumn::CreatedAt, false) => texts!(@ "p.created_at, p.id"),
            (ProjectColumn::CreatedAt, true) => texts!(@ "p.created_at DESC, p.id DESC"),
            (ProjectColumn::UpdatedAt, false) => texts!(@ "p.updated_at, p.id"),
            (ProjectColumn::UpdatedAt, true) => texts!(@ "p.updated_at DESC, p.id DESC"),
            (ProjectColumn::LastActivityAt, false) => texts!(@ "p.last_activity_at, p.id"),
            (ProjectColumn::LastActivityAt, true) => texts!(@ "p.last_activity_at DESC, p.id DESC"),
        }
    };
    (@ $order:literal) => {
        concat!("SELECT ", project_columns!(), conditions!(), "ORDER BY ", $order, " LIMIT $17 OFFSET $18")
    };
}

macro_rules! bind_filter {
    ($query:expr, $filter:expr) => {
        bind_search!($query, $filter.search)
            .bind($filter.viewer == Viewer::Administrator)
            .bind(matches!($filter.viewer, Viewer::User(_)))
            .bind($filter.viewer.user())
            .bind($filter.search_namespaces)
            .bind($filter.owner.map(|user| user.0))
            .bind($filter.visibility.map(Visibility::name))
            .bind($filter.id_after.map(|id| id.0))
            .bind($filter.id_before.map(|id| id.0))
            .bind($filter.last_activity_after.map(Timestamp::micros))
            .bind($filter.last_activity_before.map(Timestamp::micros))
    };
}

impl Viewer {
    pub(crate) const fn user(self) -> Option<i64> {
        match self {
            Self::User(user) | Self::External(user) => Some(user.0),
            Self::Anonymous | Self::Administrator => None,
        }
    }
}

impl Store {
    /// One slice of the projects that the filter lets through.
    pub async fn projects(
        &self,
        filter: &ProjectFilter,
        column: ProjectColumn,
        descending: bool,
        slice: Slice,
    ) -> Result<Vec<Project>, Fault> {
        let text = texts!(column, descending);
        let rows: Vec<ProjectRow> = on!(&self.db, c =>
            bind_filter!(sqlx::query_as(text), filter).bind(slice.limit).bind(slice.offset).fetch_all(c).await)?;
        Ok(rows.into_iter().map(Project::from).collect())
    }

    /// How many projects the filter lets through, counted up to `limit`.
    pub async fn count_projects(&self, filter: &ProjectFilter, limit: i64) -> Result<i64, Fault> {
        const TEXT: &str = concat!("SELECT count(*) FROM (SELECT 1", conditions!(), "LIMIT $17) AS counted");
        on!(&self.db, c => bind_filter!(sqlx::query_scalar(TEXT), filter).bind(limit).fetch_one(c).await)
            .map_err(Fault::from)
    }
}
