//! Looking at a database as it is, to say what is wrong with it: nothing here changes anything.

use std::path::Path;

use jeton_core::{id::ProjectId, user::UserState};

use crate::{
    Fault, Store,
    db::{Db, on, sqlite_path},
    migrate,
};

/// How a database's schema compares with what this program expects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Schema {
    /// Titles of the migrations that have not run.
    pub missing: Vec<&'static str>,
    /// How many migrations have run that this program does not know: a newer one ran them.
    pub unknown: usize,
}

impl Store {
    /// Opens a database that exists, and leaves its schema as it is.
    ///
    /// # Errors
    /// [`Fault::Address`] for another scheme, or if there is no such SQLite file; [`Fault::Away`].
    pub async fn open_as_it_is(address: &str) -> Result<Self, Fault> {
        match sqlite_path(address) {
            Some(path) if !Path::new(path).exists() => Err(Fault::Address(format!("there is no file {path}"))),
            _ => Self::connect(address).await,
        }
    }

    /// How the schema compares with what this program expects.
    pub async fn schema(&self) -> Result<Schema, Fault> {
        let versions = on!(&self.db, c => sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success")
            .fetch_all(c).await);
        let run: Vec<i64> = match versions.map_err(Fault::from) {
            // Without the table no migration has ever run.
            Err(Fault::Database(_)) => Vec::new(),
            other => other?,
        };
        let known = || migrate::MIGRATIONS.iter();
        Ok(Schema {
            missing: known().filter(|(version, ..)| !run.contains(version)).map(|(_, title, _)| *title).collect(),
            unknown: run.iter().filter(|version| !known().any(|(known, ..)| known == *version)).count(),
        })
    }

    /// What SQLite finds broken in its file, in its own words; none if all is well. PostgreSQL looks after itself.
    pub async fn damage(&self) -> Result<Option<String>, Fault> {
        let Db::Sqlite { read, .. } = &self.db else { return Ok(None) };
        let found: Vec<String> = sqlx::query_scalar("PRAGMA quick_check(3)").fetch_all(read).await?;
        Ok((found != ["ok"]).then(|| found.join("; ")))
    }

    /// The numbers of up to `limit` projects above `after`, in order.
    pub async fn project_ids(&self, after: ProjectId, limit: i64) -> Result<Vec<ProjectId>, Fault> {
        let ids: Vec<i64> = on!(&self.db, c => sqlx::query_scalar(
            "SELECT id FROM projects WHERE id > $1 ORDER BY id LIMIT $2")
            .bind(after.0).bind(limit).fetch_all(c).await)?;
        Ok(ids.into_iter().map(ProjectId).collect())
    }

    /// Whether anybody can administer the instance.
    pub async fn has_administrator(&self) -> Result<bool, Fault> {
        let found: Option<i64> = on!(&self.db, c => sqlx::query_scalar(
            "SELECT id FROM users WHERE administrator AND state = $1 LIMIT 1")
            .bind(UserState::Active.name()).fetch_optional(c).await)?;
        Ok(found.is_some())
    }
}
