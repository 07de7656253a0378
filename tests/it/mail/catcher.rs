//! A mail server that keeps what it gets (`smtp_catcher.py`).

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use super::{CERTIFICATE, KEY, SCRIPTS};
use crate::{
    clients::PYTHON,
    harness::{secrets, wait_for},
};

/// Who may send.
pub(super) const USER: &str = "jeton@example.com";

/// A running one.
pub(super) struct Catcher {
    process: Child,
    directory: tempfile::TempDir,
    /// Of [`USER`].
    pub(super) password: String,
    ports: Value,
}

impl Catcher {
    /// Starts one, with a password of its own.
    pub(super) fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let password = secrets::new_password();
        let output = File::create(directory.path().join("output")).unwrap();
        let script = PathBuf::from(SCRIPTS).join("smtp_catcher.py");
        let mut command = Command::new(PYTHON);
        command.arg(script).args([CERTIFICATE, KEY, USER, &password]).stdin(Stdio::null());
        command.stdout(output).stderr(File::create(directory.path().join("complaints")).unwrap());
        let process =
            command.spawn().unwrap_or_else(|error| panic!("{PYTHON}: {error}; `make test STEPS=clients` installs it"));
        let mut catcher = Self { process, directory, password, ports: Value::Null };
        catcher.ports = wait_for("the mail server's ports", || catcher.lines().first().cloned());
        catcher
    }

    fn lines(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.directory.path().join("output")).unwrap();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The setting `smtp_url` for one of its ports, with that password.
    pub(super) fn url(&self, scheme: &str, port: &str, password: &str) -> String {
        let user = USER.replace('@', "%40");
        format!("{scheme}://{user}:{password}@localhost:{}", self.ports[port])
    }

    /// The same without a login.
    pub(super) fn plain_url(&self, port: &str) -> String {
        format!("smtp://localhost:{}", self.ports[port])
    }

    /// What it took so far.
    pub(super) fn mails(&self) -> Vec<Value> {
        self.lines().split_off(1)
    }

    /// The first mail to that address.
    pub(super) fn wait_for(&self, address: &str) -> Value {
        wait_for("a mail at the mail server", || self.mails().into_iter().find(|mail| mail["recipients"][0] == address))
    }
}

impl Drop for Catcher {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}
