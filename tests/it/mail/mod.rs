//! Mails: over a real mail server and into files, as what their readers' programs make of them.

mod attacks;
mod catcher;
mod delivery;
mod notices;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::harness::Outcome;

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/it/mail");
/// The certificate of `localhost` that the unit tests have too, which is its own authority.
const CERTIFICATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/jeton-server/src/edge/testdata/first.pem");
const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../crates/jeton-server/src/edge/testdata/first.key");

/// What Python's parser makes of that file.
fn read(file: &Path) -> Value {
    let script = PathBuf::from(SCRIPTS).join("read_mail.py");
    let output = Command::new("python3").arg(script).arg(file).output().unwrap();
    serde_json::from_str(&Outcome::of(&output).expect_ok()).unwrap()
}
