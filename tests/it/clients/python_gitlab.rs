//! python-gitlab: pages by the `Link` header, totals by `X-Total`, errors by `message` and `error`.

use std::process::Command;

use super::PYTHON;
use crate::harness::{Outcome, Server, secrets};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/it/clients/python_gitlab.py");

#[test]
fn python_gitlab_manages_users_tokens_and_projects() {
    let server = Server::start(&[]);
    let administrator = server.root().token("api");
    let somebody = server.person("somebody");
    server.person("another");
    let mut command = Command::new(PYTHON);
    command.args([SCRIPT, server.url("").trim_end_matches('/'), &somebody.username]);
    command.env("TOKEN", &administrator.token).env("PASSWORD", secrets::new_password());
    let output = command.output();
    let output = output.unwrap_or_else(|error| panic!("{PYTHON}: {error}; `make test STEPS=clients` installs it"));
    Outcome::of(&output).expect_ok();
}
