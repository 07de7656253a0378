//! What Jeton remembers: one SQL text on two engines, SQLite for one node and PostgreSQL for many.
//!
//! The [`Store`] is one concrete struct; its methods stand in one file per group of tables and mean the same on both
//! engines (`tests/conformance.rs` runs each of them on both). House rules for the SQL:
//!
//! * columns are 64-bit integers, text, bytes and booleans; moments are microseconds since 1970 UTC;
//! * `$1` placeholders, `RETURNING`, `ON CONFLICT … DO UPDATE … WHERE`, partial indexes and common table expressions
//!   are fine; `now()`, `ILIKE`, arrays and `DISTINCT ON` are not;
//! * SQLite does not name the constraint that was violated, so a statement may be able to violate only one, or the
//!   transaction checks first;
//! * every write is one statement or goes through `Store::write`, and writes its audit event in the same transaction;
//! * the owner stands in the WHERE clause: somebody else's token is simply not found.

pub mod audit;
mod authentication_log;
pub mod confirmation;
mod db;
pub mod devices;
pub mod events;
pub mod factors;
mod fault;
mod folding;
pub mod inspection;
mod instance;
pub mod mails;
mod migrate;
mod passwords;
mod policy;
pub mod projects;
mod redirects;
pub mod rotation;
pub mod search;
pub mod sessions;
mod slice;
pub mod throttles;
pub mod tokens;
pub mod users;

pub use audit::{By, Means};
pub use authentication_log::LogEntry;
pub use db::Store;
pub use fault::Fault;
pub use slice::Slice;
