//! Every token and password that goes through the tests, for the canary scan at the end.

use std::{
    fs::OpenOptions,
    io::Write,
    sync::atomic::{AtomicU64, Ordering},
};

use super::place::kept_dir;

/// The beginning of every token that this instance makes, and the number of characters after it.
const PREFIX: &str = "jeton_";
const TAIL: usize = 38;

/// Notes a secret that no file of a server may hold.
pub(crate) fn remember(secret: &str) {
    note("secrets", secret);
}

fn note(list: &str, secret: &str) {
    assert!(secret.len() >= 8, "a secret this short cannot be looked for");
    assert!(!secret.contains('\n'), "the list of secrets has one a line");
    let Some(dir) = kept_dir() else { return };
    std::fs::create_dir_all(&dir).unwrap();
    let mut file = OpenOptions::new().create(true).append(true).open(dir.join(list)).unwrap();
    file.write_all(format!("{secret}\n").as_bytes()).unwrap();
}

/// Notes a secret that a mail brought: of all files, only that mail may hold it.
pub(crate) fn remember_mailed(secret: &str) {
    note("mailed-secrets", secret);
}

/// Notes every token that stands in a text.
pub(crate) fn learn(text: &str) {
    for (at, _) in text.match_indices(PREFIX) {
        let tail = &text.as_bytes()[at + PREFIX.len()..];
        if tail.len() >= TAIL && tail[..TAIL].iter().all(u8::is_ascii_alphanumeric) {
            remember(&text[at..at + PREFIX.len() + TAIL]);
        }
    }
}

/// A new password that no other test has; noted already.
pub(crate) fn new_password() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let password = format!("correct-horse-{}-{count}", std::process::id());
    remember(&password);
    password
}
