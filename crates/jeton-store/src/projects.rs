//! Projects and the namespaces they live in.

use jeton_core::{
    id::{NamespaceId, ProjectId, UserId},
    namespace::{Namespace, NamespaceKind},
    project::{Project, ProjectPath, Visibility},
    time::Timestamp,
};
use serde_json::json;
use sqlx::FromRow;

use crate::{
    By, Fault, Store,
    audit::{self, Event},
    db::{Tx, on, on_tx},
    events::{self, Deed},
    search::fold,
};

/// What a project is made from.
#[derive(Clone, Debug)]
pub struct NewProject {
    /// Where it will live.
    pub namespace: NamespaceId,
    /// The name for people.
    pub name: String,
    /// The last part of its path.
    pub path: ProjectPath,
    /// What it is about.
    pub description: Option<String>,
    /// Who will see it.
    pub visibility: Visibility,
    /// The branch that a clone checks out.
    pub default_branch: String,
    /// Who makes it.
    pub creator: UserId,
    /// How many projects may live in this namespace, this one included.
    pub limit: i64,
}

/// Why a project was not made.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    /// The path is in use in that namespace.
    #[error("has already been taken")]
    PathTaken,
    /// The namespace holds as many projects as it may.
    #[error("You've reached your limit of {0} projects created. Contact your GitLab administrator.")]
    TooMany(i64),
    /// The database failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The columns of a [`Project`], from projects `p` and namespaces `n`.
macro_rules! project_columns {
    () => {
        "p.id, p.name, p.path, p.description, p.visibility, p.default_branch, p.creator_id, p.created_at, p.updated_at,
         p.last_activity_at, n.id AS namespace_id, n.name AS namespace_name, n.path AS namespace_path,
         n.full_path AS namespace_full_path, n.kind AS namespace_kind, n.owner_id"
    };
}

pub(crate) use project_columns;

pub mod list;
mod push;

/// One row of [`project_columns`].
#[derive(FromRow)]
pub(crate) struct ProjectRow {
    id: i64,
    name: String,
    path: String,
    description: Option<String>,
    visibility: String,
    default_branch: String,
    creator_id: Option<i64>,
    created_at: i64,
    updated_at: i64,
    last_activity_at: i64,
    namespace_id: i64,
    namespace_name: String,
    namespace_path: String,
    namespace_full_path: String,
    namespace_kind: String,
    owner_id: Option<i64>,
}

impl From<ProjectRow> for Project {
    fn from(row: ProjectRow) -> Self {
        Self {
            id: ProjectId(row.id),
            namespace: Namespace {
                id: NamespaceId(row.namespace_id),
                name: row.namespace_name,
                path: row.namespace_path,
                full_path: row.namespace_full_path,
                kind: NamespaceKind::named(&row.namespace_kind),
            },
            name: row.name,
            path: row.path,
            description: row.description,
            visibility: Visibility::stored(&row.visibility),
            default_branch: row.default_branch,
            creator: row.creator_id.map(UserId),
            owner: row.owner_id.map(UserId),
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
            last_activity_at: Timestamp::from_micros(row.last_activity_at),
        }
    }
}

impl Store {
    /// The project of that number.
    pub async fn project(&self, id: ProjectId) -> Result<Option<Project>, Fault> {
        let row: Option<ProjectRow> = on!(&self.db, c => sqlx::query_as(concat!(
            "SELECT ", project_columns!(), " FROM projects p JOIN namespaces n ON n.id = p.namespace_id WHERE p.id = $1"))
            .bind(id.0).fetch_optional(c).await)?;
        Ok(row.map(Project::from))
    }

    /// The project at `namespace/path`, without regard to case.
    pub async fn project_at(&self, full_path: &str) -> Result<Option<Project>, Fault> {
        let Some((namespace, path)) = full_path.rsplit_once('/') else { return Ok(None) };
        let row: Option<ProjectRow> = on!(&self.db, c => sqlx::query_as(concat!(
            "SELECT ", project_columns!(), " FROM projects p JOIN namespaces n ON n.id = p.namespace_id
             WHERE n.full_path_key = $1 AND p.path_key = $2"))
            .bind(namespace.to_lowercase()).bind(path.to_lowercase()).fetch_optional(c).await)?;
        Ok(row.map(Project::from))
    }

    /// Whose own namespace this is; none for a group's, or if there is no such namespace.
    pub async fn namespace_owner(&self, id: NamespaceId) -> Result<Option<UserId>, Fault> {
        let owner: Option<Option<i64>> = on!(&self.db, c => sqlx::query_scalar("SELECT owner_id FROM namespaces WHERE id = $1")
            .bind(id.0).fetch_optional(c).await)?;
        Ok(owner.flatten().map(UserId))
    }

    /// Makes a project. Its repository is for the caller to make.
    pub async fn create_project(&self, new: NewProject, by: By, now: Timestamp) -> Result<Project, NotMade> {
        self.write(move |tx| Box::pin(async move { create_project(tx, &new, &by, now).await })).await
    }

    /// Deletes a project. False if there is none of that number. Its repository is for the caller to remove.
    pub async fn delete_project(&self, id: ProjectId, by: By, now: Timestamp) -> Result<bool, Fault> {
        self.write(move |tx| {
            Box::pin(async move {
                let path: Option<String> = on_tx!(tx, c => sqlx::query_scalar("DELETE FROM projects WHERE id = $1 RETURNING path")
                    .bind(id.0).fetch_optional(c).await)?;
                let Some(path) = path else { return Ok(false) };
                let details = json!({ "path": path });
                let event = Event { action: "project.delete", subject: "project", subject_id: id.0, details };
                audit::record(tx, &by, now, event).await?;
                Ok(true)
            })
        })
        .await
    }
}

async fn create_project(tx: &mut Tx, new: &NewProject, by: &By, now: Timestamp) -> Result<Project, NotMade> {
    // Whoever makes another project here waits, so that what is counted next stays true.
    on_tx!(tx, c => sqlx::query("UPDATE namespaces SET name = name WHERE id = $1")
        .bind(new.namespace.0).execute(c).await.map(drop))
    .map_err(Fault::from)?;
    let owned: i64 = on_tx!(tx, c => sqlx::query_scalar("SELECT count(*) FROM projects WHERE namespace_id = $1")
        .bind(new.namespace.0).fetch_one(c).await)
    .map_err(Fault::from)?;
    if owned >= new.limit {
        return Err(NotMade::TooMany(new.limit));
    }
    let id: Result<i64, sqlx::Error> = on_tx!(tx, c => sqlx::query_scalar(
        "INSERT INTO projects (namespace_id, name, path, path_key, description, visibility, default_branch, creator_id,
                               created_at, updated_at, last_activity_at, name_folded, description_folded)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $9, $10, $11) RETURNING id")
        .bind(new.namespace.0).bind(&new.name).bind(new.path.as_str()).bind(new.path.as_str().to_lowercase())
        .bind(new.description.as_deref()).bind(new.visibility.name()).bind(&new.default_branch)
        .bind(new.creator.0).bind(now.micros()).bind(fold(&new.name)).bind(new.description.as_deref().map(fold))
        .fetch_one(c).await);
    let id = id.map_err(|error| match error.as_database_error() {
        Some(refusal) if refusal.is_unique_violation() => NotMade::PathTaken,
        _ => NotMade::Fault(error.into()),
    })?;
    let details = json!({ "path": new.path.as_str(), "visibility": new.visibility.name() });
    audit::record(tx, by, now, Event { action: "project.create", subject: "project", subject_id: id, details }).await?;
    events::record(tx, Some(new.creator), ProjectId(id), Deed::Created, now).await?;
    let row: ProjectRow = on_tx!(tx, c => sqlx::query_as(concat!(
        "SELECT ", project_columns!(), " FROM projects p JOIN namespaces n ON n.id = p.namespace_id WHERE p.id = $1"))
        .bind(id).fetch_one(c).await)
    .map_err(Fault::from)?;
    Ok(row.into())
}
