//! Client programs that people already have.

mod curl;
mod git;
mod python_gitlab;

/// Python with the libraries that `make test` installs.
pub(crate) const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.venv/bin/python");
