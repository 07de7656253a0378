//! What the store promises, on both engines: one file per group of tables, every function of the store in one of them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod confirmation;
mod engines;
mod instance;
mod mails;
mod policy;
mod projects;
mod rotation;
mod sessions;
mod token_lists;
mod tokens;
mod users;
