//! Starts the real program and talks to it as its clients do.
//!
//! A test takes the server that all tests share, or one of its own where it needs settings, kills it or counts things:
//!
//! ```text
//! let server = Server::shared();                    // or Server::start(&[("JETON_LOG", "debug")])
//! let jane = server.person("jane");                 // a user with a password, made with the command line
//! let answer = jane.token("api").get("/api/v4/user");
//! assert_eq!(answer.status, 200);
//! ```
//!
//! Who asks is one word, and everything else stays: `server.anonymous()`, `jane.session()`, `jane.token("read_user")`
//! are all a [`Visitor`].
//!
//! The environment decides where the servers keep their data: `JETON_TEST_ENGINE` is `sqlite` (the default) or
//! `postgres`, the latter in a database of its own per server, in the cluster that `JETON_TEST_POSTGRES` names
//! (`scripts/with-postgres`). With `JETON_TEST_DIR` all that the servers write outlives the run, and every secret that
//! goes through this harness is noted there, for the canary scan; a test that learns a secret by another way tells
//! [`secrets::remember`].

mod database;
mod engine;
mod git;
mod keys;
mod mailbox;
mod nursery;
mod person;
mod place;
pub(crate) mod secrets;
mod server;
mod visitor;
mod wait;

pub(crate) use engine::Engine;
pub(crate) use git::{Git, Outcome};
pub(crate) use keys::{GPG_KEY, new_gpg_key, new_ssh_key};
pub(crate) use person::Person;
pub(crate) use secrets::new_password;
pub(crate) use server::Server;
pub(crate) use visitor::{Anonymous, Answer, Bearer, Request, SignedIn, Visitor, between, http};
pub(crate) use wait::{pause, wait_for};
