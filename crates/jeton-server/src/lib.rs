//! The doors of Jeton: the REST API, Git over HTTP, the pages, and what operators need.
//!
//! A door only turns a request into a credential and a need, and renders the answer in its own dialect. Whether the
//! request may do what it asks is decided in `jeton_core::lock`, and only [`guard`] turns that lock.

pub mod accounts;
pub mod activity;
pub mod app;
pub mod attempts;
pub mod audit;
pub mod avatars;
pub mod control;
pub mod credentials;
pub mod doors;
mod durable;
pub mod edge;
mod exchange;
pub mod factors;
pub mod guard;
pub mod identify;
pub mod issue;
pub mod last_used;
pub mod limits;
pub mod mail;
pub mod metrics;
pub mod nature;
pub mod notices;
mod origin;
pub mod passwords;
pub mod people;
pub mod projects;
mod public_keys;
mod published;
pub mod refusal;
pub mod repositories;
pub mod request_id;
pub mod session;
#[cfg(test)]
mod test_instance;
#[cfg(test)]
mod testing;
pub mod tokens;
pub mod underway;
mod unix_socket;
