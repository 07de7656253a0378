//! What no client can see: the database itself.

use std::process::Command;

use super::{Engine, Outcome, Server, engine};

/// Asks SQLite with Python, which the tests need anyway; prints rows as psql does with `-At`.
const SQLITE: &str = "
import sqlite3, sys
database = sqlite3.connect(f'file:{sys.argv[1]}?mode=rw', uri=True)
for row in database.execute(sys.argv[2]):
    print('|'.join('' if value is None else str(value) for value in row))
database.commit()
";

impl Server {
    /// The rows of a statement, their columns separated by `|`.
    pub(crate) fn query(&self, statement: &str) -> Vec<String> {
        let printed = match Engine::of_this_run() {
            Engine::Postgres => engine::query(self.database(), statement),
            Engine::Sqlite => {
                let path = self.database().trim_start_matches("sqlite:");
                let output = Command::new("python3").args(["-c", SQLITE, path, statement]).output().unwrap();
                Outcome::of(&output).expect_ok()
            }
        };
        printed.lines().map(str::to_owned).collect()
    }

    /// The one number that a query answers.
    #[track_caller]
    pub(crate) fn count(&self, statement: &str) -> i64 {
        self.query(statement)[0].parse().unwrap()
    }
}
