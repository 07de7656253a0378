//! Attacks that worked on other systems, each told and shown to fail.

mod accounts;
mod alike;
mod factors;
mod guessing;
mod held;
mod minting;
mod pages;
mod stale;
mod tokens;
mod traces;
