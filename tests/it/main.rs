//! Starts the real program and uses it as its clients do: with HTTP, git, curl, python-gitlab, a browser, a shell.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod browser;
mod cli;
#[expect(dead_code, unused_imports, reason = "the tests that use the harness come with the program")]
mod harness;
mod ops;
mod serving;
mod tour;
mod web;
