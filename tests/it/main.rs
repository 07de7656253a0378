//! Starts the real program and uses it as its clients do: with HTTP, git, curl, libraries in three languages,
//! a browser, a shell.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod api;
mod audit;
mod browser;
mod cli;
mod clients;
mod crash;
mod git;
mod harness;
mod mail;
mod matrix;
mod ops;
mod serving;
mod stories;
mod tour;
mod web;
