//! Paths that namespaces had before: whoever still uses one finds what is there now, until somebody takes the path anew.

use jeton_core::{project::Project, time::Timestamp};

use crate::{
    Fault, Store,
    db::{Tx, on, on_tx},
    projects::{ProjectRow, project_columns},
};

impl Store {
    /// The project that was at `namespace/path` before its namespace got another path.
    pub async fn project_moved_from(&self, full_path: &str) -> Result<Option<Project>, Fault> {
        let Some((namespace, path)) = full_path.rsplit_once('/') else { return Ok(None) };
        let row: Option<ProjectRow> = on!(&self.db, c => sqlx::query_as(concat!(
            "SELECT ", project_columns!(), " FROM redirects r JOIN namespaces n ON n.id = r.namespace_id
             JOIN projects p ON p.namespace_id = n.id WHERE r.full_path_key = $1 AND p.path_key = $2"))
            .bind(namespace.to_lowercase()).bind(path.to_lowercase()).fetch_optional(c).await)?;
        Ok(row.map(Project::from))
    }
}

/// The namespace of that owner goes from its present path to another one.
pub(crate) async fn leave(tx: &mut Tx, owner: i64, to: &str, now: Timestamp) -> Result<(), Fault> {
    take(tx, to).await?;
    on_tx!(tx, c => sqlx::query(
        "INSERT INTO redirects (full_path_key, namespace_id, created_at)
         SELECT full_path_key, id, $1 FROM namespaces WHERE owner_id = $2 AND full_path_key <> $3")
        .bind(now.micros()).bind(owner).bind(to).execute(c).await.map(drop))
    .map_err(Fault::from)
}

/// A namespace takes that path: it leads nowhere else any more.
pub(crate) async fn take(tx: &mut Tx, path: &str) -> Result<(), Fault> {
    on_tx!(tx, c => sqlx::query("DELETE FROM redirects WHERE full_path_key = $1").bind(path).execute(c).await.map(drop))
        .map_err(Fault::from)
}
