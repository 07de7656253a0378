//! The rules of Jeton: what a token is, what its scopes grant, and whether a request may do what it asks.
//!
//! Nothing here waits, reads, writes, knows the time or throws dice: moments and random bytes are arguments. This crate's
//! `Cargo.toml` is the proof, and it is what lets every rule be tested as a truth table.
//!
//! # Glossary: one word per idea
//!
//! | word | meaning |
//! |---|---|
//! | **token** | the secret text that a person is shown once ([`token::Token`]); everywhere else only its digest exists |
//! | **family** | what the owner sees as "a token": name, description, scopes, lifetime |
//! | **generation** | one secret of a family; rotation adds one. The `id` of the GitLab API is the generation's |
//! | **scope** | a word that a token carries ([`scope::Scope`]): one row, granting some abilities |
//! | **ability** | something that can be done at all ([`ability::Ability`]); scopes grant abilities, roles allow rights |
//! | **right** | what a person may do to one project ([`project::Right`]), decided by visibility and role |
//! | **credential** | what a request presented, not yet believed |
//! | **caller** | a credential that was identified: who, and by what means ([`caller::Caller`]) |
//! | **act** | what a route asks the lock for ([`lock::Act`]) |
//! | **lock** | the only place that decides ([`lock`]): `may_ask` before anything is looked up, `may_act` after |
//! | **hold** | how long the next guess has to wait after wrong ones ([`lockout`]) |
//! | **policy** | what administrators decide while the instance runs ([`policy::Policy`]) |
//! | **denial** | why not ([`lock::Denial`]), for callers; every door renders it in its own dialect |

pub mod ability;
pub mod caller;
pub mod git;
pub mod id;
pub mod lock;
pub mod lockout;
pub mod namespace;
pub mod policy;
pub mod project;
pub mod scope;
pub mod second_factor;
pub mod secret;
pub mod session;
pub mod time;
pub mod token;
pub mod user;
pub mod webauthn;
