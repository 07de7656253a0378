//! Client programs that people already have.

use std::process::Command;

use crate::harness::{GPG_KEY, Outcome, Server, new_ssh_key, secrets};

mod curl;
mod git;
mod gitbeaker;
mod python_gitlab;
mod ruby_gitlab;

/// Python with the libraries that `make test` installs.
pub(crate) const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.venv/bin/python");

/// Has a script that stands here use a server of its own. The script's arguments are the server's address and the name
/// of an ordinary user; its environment holds an administrator's token of the scopes `api` and `sudo`, a password for
/// users that it makes, and public keys.
#[track_caller]
fn run(program: &str, script: &str) {
    let server = Server::start(&[]);
    let administrator = server.root().token("api,sudo");
    let somebody = server.person("somebody");
    server.person("another");
    let script = format!("{}/../../tests/it/clients/{script}", env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(program);
    command.args([&script, server.url("").trim_end_matches('/'), &somebody.username]);
    command.env("TOKEN", &administrator.token).env("PASSWORD", secrets::new_password());
    command.env("SSH_KEY", new_ssh_key()).env("GPG_KEY", GPG_KEY);
    let output = command.output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}; `make test STEPS=clients` installs it"));
    Outcome::of(&output).expect_ok();
}
