//! What went wrong below the rules. For operators: it is logged once, and the caller learns only the request's id.

/// The database could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It cannot be reached just now: trying again later can help.
    #[error("the database cannot be reached: {0}")]
    Away(#[source] sqlx::Error),
    /// It refused or misunderstood a statement.
    #[error("the database refused: {0}")]
    Database(#[source] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the schema cannot be migrated: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The address of the database is no address.
    #[error("the database address is not understood: {0}")]
    Address(String),
    /// The store was not given the instance's key, without which no audit event is written or judged.
    #[error("audit events need the instance's key, and the store was not given one")]
    NoKey,
    /// The task that carried a transaction ended before its time.
    #[error("a transaction was abandoned: {0}")]
    Abandoned(#[from] tokio::task::JoinError),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error::{Io, PoolClosed, PoolTimedOut, Tls, WorkerCrashed};
        match &error {
            Io(_) | PoolClosed | PoolTimedOut | Tls(_) | WorkerCrashed => Self::Away(error),
            Database(refusal) if refusal.code().is_some_and(|code| is_passing(&code)) => Self::Away(error),
            _ => Self::Database(error),
        }
    }
}

use sqlx::Error::Database;

/// Codes that say "not now": SQLite's BUSY, PostgreSQL's classes 08 (connection), 53 (resources) and 57P (shutdown).
fn is_passing(code: &str) -> bool {
    matches!(code, "5" | "261" | "517") || ["08", "53", "57P"].iter().any(|class| code.starts_with(class))
}

impl Fault {
    /// Whether trying again later can help.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Away(_))
    }
}
