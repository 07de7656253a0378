//! The doors: each turns a request into a credential and a need, and renders what the lock says in its own dialect.

#[expect(dead_code, unused_imports, reason = "the endpoints that use these parts come next")]
mod api;
