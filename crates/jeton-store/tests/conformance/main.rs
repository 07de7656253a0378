//! What the store promises, on both engines: one file per group of tables, every function of the store in one of them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod around_users;
mod audit;
mod audit_chain;
mod authentication_log;
mod confirmation;
mod devices;
mod emails;
mod engines;
mod events;
mod factors;
mod instance;
mod keys;
mod mails;
mod passwords;
mod policy;
mod profiles;
mod projects;
mod rotation;
mod searches;
mod sessions;
mod throttles;
mod token_lists;
mod tokens;
mod users;
