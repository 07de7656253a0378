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
        let [program, arguments @ ..] = &*self.query_command(statement) else { unreachable!() };
        let output = Command::new(program).args(arguments).output().unwrap();
        Outcome::of(&output).expect_ok().lines().map(str::to_owned).collect()
    }

    /// The program that runs a statement, and its arguments.
    pub(crate) fn query_command(&self, statement: &str) -> Vec<String> {
        match Engine::of_this_run() {
            Engine::Postgres => engine::query_command(self.database(), statement),
            Engine::Sqlite => {
                let path = self.database().trim_start_matches("sqlite:");
                ["python3", "-c", SQLITE, path, statement].map(str::to_owned).to_vec()
            }
        }
    }

    /// The one number that a query answers.
    #[track_caller]
    pub(crate) fn count(&self, statement: &str) -> i64 {
        self.query(statement)[0].parse().unwrap()
    }
}
