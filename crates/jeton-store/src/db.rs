//! The two engines behind one set of query texts.

use std::{path::Path, pin::Pin, str::FromStr, sync::Arc, time::Duration};

use sqlx::{
    PgPool, Postgres, Sqlite, SqlitePool, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::Notify;

use crate::{Fault, audit::AuditKeys, migrate};

/// How long a statement waits for SQLite's write lock, or a request for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// Everything that Jeton remembers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) db: Db,
    /// Told after each transaction that queued a mail.
    pub(crate) mails_queued: Arc<Notify>,
    /// What audit events are marked and chained with, once the instance's key is known.
    pub(crate) audit_keys: Option<Arc<AuditKeys>>,
}

/// The set of engines is closed, so this is an enum and not a trait.
#[derive(Clone, Debug)]
pub(crate) enum Db {
    /// Many readers, one writer: SQLite has one write lock anyway, and queueing for it here is fair and never fails.
    Sqlite { read: SqlitePool, write: SqlitePool },
    /// Readers and writers share the pool.
    Postgres(PgPool),
}

/// A transaction.
#[derive(Debug)]
pub(crate) struct Tx {
    pub(crate) engine: EngineTx,
    /// Whether it queued a mail, whose sender is woken when it is committed.
    pub(crate) mails_queued: bool,
    /// See [`Store`].
    pub(crate) audit_keys: Option<Arc<AuditKeys>>,
}

/// A transaction on either engine.
#[derive(Debug)]
pub(crate) enum EngineTx {
    /// On SQLite, holding the write lock from its start.
    Sqlite(Transaction<'static, Sqlite>),
    /// On PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

/// Expands a reading query once per engine, with `$c` the pool to run it on.
macro_rules! on {
    ($db:expr, $c:ident => $body:expr) => {
        match $db {
            crate::db::Db::Sqlite { read: $c, .. } => $body,
            crate::db::Db::Postgres($c) => $body,
        }
    };
}

/// Expands a single writing statement once per engine.
macro_rules! on_writer {
    ($db:expr, $c:ident => $body:expr) => {
        match $db {
            crate::db::Db::Sqlite { write: $c, .. } => $body,
            crate::db::Db::Postgres($c) => $body,
        }
    };
}

/// Expands a query of a transaction once per engine, with `$c` the connection to run it on.
macro_rules! on_tx {
    ($tx:expr, $c:ident => $body:expr) => {
        match &mut $tx.engine {
            crate::db::EngineTx::Sqlite(tx) => {
                let $c = &mut **tx;
                $body
            }
            crate::db::EngineTx::Postgres(tx) => {
                let $c = &mut **tx;
                $body
            }
        }
    };
}

pub(crate) use {on, on_tx, on_writer};

/// The work of one transaction.
pub(crate) type Work<'t, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 't>>;

impl Store {
    /// Opens `sqlite:PATH` (made when missing, mode 0600) or `postgres://…`, and brings the schema up to date.
    ///
    /// # Errors
    /// [`Fault::Address`] for another scheme, [`Fault::Away`] when it cannot be reached, [`Fault::Migration`].
    pub async fn open(address: &str) -> Result<Self, Fault> {
        let store = Self::connect(address).await?;
        migrate::run(&store.db).await?;
        store.fold_what_is_not_folded().await?;
        Ok(store)
    }

    pub(crate) async fn connect(address: &str) -> Result<Self, Fault> {
        let db = if let Some(path) = sqlite_path(address) {
            open_sqlite(Path::new(path)).await?
        } else if address.starts_with("postgres:") || address.starts_with("postgresql:") {
            let options = PgConnectOptions::from_str(address).map_err(|error| Fault::Address(error.to_string()))?;
            let pool = PgPoolOptions::new().max_connections(16).acquire_timeout(PATIENCE);
            Db::Postgres(pool.connect_with(options.application_name("jeton")).await?)
        } else {
            let scheme = address.split(':').next().unwrap_or_default();
            return Err(Fault::Address(format!("`{scheme}:` is neither `sqlite:` nor `postgres:`")));
        };
        Ok(Self { db, mails_queued: Arc::default(), audit_keys: None })
    }

    /// Asks the database for nothing but an answer.
    pub async fn ping(&self) -> Result<(), Fault> {
        on!(&self.db, c => sqlx::query("SELECT 1").execute(c).await.map(drop)).map_err(Fault::from)
    }

    /// The name of the engine: `SQLite` or `PostgreSQL`.
    pub const fn engine(&self) -> &'static str {
        match self.db {
            Db::Sqlite { .. } => "SQLite",
            Db::Postgres(_) => "PostgreSQL",
        }
    }

    /// Runs `work` in one transaction, commits when it succeeds and rolls back when it fails.
    ///
    /// It runs in a task of its own: a request whose client leaves is dropped wherever it waits, and a dropped `BEGIN`
    /// leaves its connection inside a transaction. The write lock is taken first; a deferred upgrade would fail.
    pub(crate) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> Work<'t, T, E> + Send + 'static,
    {
        let store = self.clone();
        let task = tokio::spawn(async move {
            let mut tx = store.begin().await?;
            let value = match work(&mut tx).await {
                Ok(value) => value,
                Err(error) => {
                    tx.rollback().await?;
                    return Err(error);
                }
            };
            let mails_queued = tx.mails_queued;
            tx.commit().await?;
            if mails_queued {
                store.mails_queued.notify_one();
            }
            Ok(value)
        });
        task.await.map_err(Fault::from)?
    }

    async fn begin(&self) -> Result<Tx, Fault> {
        let engine = match &self.db {
            Db::Sqlite { write, .. } => EngineTx::Sqlite(write.begin_with("BEGIN IMMEDIATE").await?),
            Db::Postgres(pool) => EngineTx::Postgres(pool.begin().await?),
        };
        Ok(Tx { engine, mails_queued: false, audit_keys: self.audit_keys.clone() })
    }

    /// Closes every connection after its statement; SQLite's write-ahead log is then folded into the database file.
    pub async fn close(&self) {
        match &self.db {
            Db::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Db::Postgres(pool) => pool.close().await,
        }
    }
}

impl Tx {
    async fn commit(self) -> Result<(), Fault> {
        Ok(match self.engine {
            EngineTx::Sqlite(tx) => tx.commit().await,
            EngineTx::Postgres(tx) => tx.commit().await,
        }?)
    }

    async fn rollback(self) -> Result<(), Fault> {
        Ok(match self.engine {
            EngineTx::Sqlite(tx) => tx.rollback().await,
            EngineTx::Postgres(tx) => tx.rollback().await,
        }?)
    }
}

/// The file that an SQLite address names; none for another engine's.
pub(crate) fn sqlite_path(address: &str) -> Option<&str> {
    address.strip_prefix("sqlite:").map(|path| path.strip_prefix("//").unwrap_or(path))
}

async fn open_sqlite(path: &Path) -> Result<Db, Fault> {
    create_private(path).map_err(|error| Fault::Address(format!("{}: {error}", path.display())))?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // An answered revocation must survive a power cut.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        .pragma("temp_store", "MEMORY");
    let pool = |size| SqlitePoolOptions::new().max_connections(size).min_connections(1).acquire_timeout(PATIENCE);
    let write = pool(1).idle_timeout(None).max_lifetime(None).connect_with(options.clone()).await?;
    let read = pool(8).idle_timeout(None).max_lifetime(None).connect_with(options.read_only(true)).await?;
    Ok(Db::Sqlite { read, write })
}

/// Makes the file, if there is none, so that only its owner can read it: SQLite's other files copy its mode.
fn create_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let file = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    drop(file);
    Ok(())
}
