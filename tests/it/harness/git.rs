//! Real git, in a home of its own and without questions.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

use super::secrets;

/// A person's git: an empty home, a name, and nobody at the terminal.
pub(crate) struct Git {
    home: TempDir,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Whether its exit status was 0.
    pub(crate) ok: bool,
    /// What it printed.
    pub(crate) stdout: String,
    /// What it complained of.
    pub(crate) stderr: String,
}

impl Outcome {
    /// The outcome of a finished process; tokens in it are noted as secrets.
    pub(crate) fn of(output: &Output) -> Self {
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        secrets::learn(&stdout);
        Self { ok: output.status.success(), stdout, stderr }
    }

    /// What it printed; panics with its complaints if it failed.
    #[track_caller]
    pub(crate) fn expect_ok(self) -> String {
        assert!(self.ok, "{}{}", self.stdout, self.stderr);
        self.stdout
    }

    /// What it complained of; panics if it did not fail.
    #[track_caller]
    pub(crate) fn expect_failed(self) -> String {
        assert!(!self.ok, "succeeded: {}", self.stdout);
        self.stderr
    }
}

impl Git {
    /// A new home.
    pub(crate) fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    /// A path in the home.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// A command that runs git in `directory` (a path in the home; `.` is the home itself).
    pub(crate) fn command(&self, directory: &str) -> Command {
        let mut command = Command::new("git");
        command
            .current_dir(self.path(directory))
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .envs([("LC_ALL", "C"), ("GIT_TERMINAL_PROMPT", "0"), ("GIT_CONFIG_NOSYSTEM", "1")])
            .envs([("GIT_AUTHOR_NAME", "Jane Doe"), ("GIT_AUTHOR_EMAIL", "jane@example.com")])
            .envs([("GIT_COMMITTER_NAME", "Jane Doe"), ("GIT_COMMITTER_EMAIL", "jane@example.com")])
            .env("HOME", self.home.path());
        command
    }

    /// Runs git in `directory`.
    pub(crate) fn run(&self, directory: &str, arguments: &[&str]) -> Outcome {
        Outcome::of(&self.command(directory).args(arguments).output().unwrap())
    }

    /// Makes a repository `directory` with one commit that holds `files`, on the branch `main`.
    pub(crate) fn repository(&self, directory: &str, files: &[(&str, &str)]) -> PathBuf {
        self.run(".", &["init", "--quiet", "--initial-branch=main", directory]).expect_ok();
        for (name, text) in files {
            self.write(&format!("{directory}/{name}"), text);
        }
        self.commit(directory, "Begin");
        self.path(directory)
    }

    /// Writes a file, and the directories above it.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Commits everything in `directory`.
    pub(crate) fn commit(&self, directory: &str, message: &str) {
        self.run(directory, &["add", "--all"]).expect_ok();
        self.run(directory, &["commit", "--quiet", "--allow-empty", "--message", message]).expect_ok();
    }
}
