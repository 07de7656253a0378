//! On which database the servers of this run keep what they know.

use std::{
    path::Path,
    process::{self, Command},
    sync::atomic::{AtomicU32, Ordering},
};

/// A database engine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Engine {
    /// A file in the server's data directory.
    Sqlite,
    /// A database of the private cluster.
    Postgres,
}

impl Engine {
    /// What this run is about: `JETON_TEST_ENGINE`.
    pub(crate) fn of_this_run() -> Self {
        match std::env::var("JETON_TEST_ENGINE").as_deref() {
            Err(_) | Ok("sqlite") => Self::Sqlite,
            Ok("postgres") => Self::Postgres,
            Ok(other) => panic!("JETON_TEST_ENGINE is `{other}`, neither `sqlite` nor `postgres`"),
        }
    }

    /// The name, for the names of directories.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// The address of a new, empty database.
    pub(crate) fn new_database(self, data_dir: &Path) -> String {
        match self {
            Self::Sqlite => format!("sqlite:{}", data_dir.join("jeton.db").display()),
            Self::Postgres => new_postgres_database(),
        }
    }
}

fn new_postgres_database() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let cluster = std::env::var("JETON_TEST_POSTGRES")
        .expect("JETON_TEST_POSTGRES names no cluster: run the tests through scripts/with-postgres");
    let name = format!("jeton_it_{}_{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    query(&cluster, &format!("CREATE DATABASE {name}"));
    let (server, _) = cluster.rsplit_once('/').unwrap();
    format!("{server}/{name}")
}

/// Runs one statement with psql and returns the rows: a line each, columns separated by `|`.
pub(crate) fn query(address: &str, statement: &str) -> String {
    let [program, arguments @ ..] = &*query_command(address, statement) else { unreachable!() };
    let output = Command::new(program).args(arguments).output().expect("psql is installed");
    assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The program that runs a statement in the database at that address, and its arguments.
pub(crate) fn query_command(address: &str, statement: &str) -> Vec<String> {
    ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement, address].map(str::to_owned).to_vec()
}
