//! Client programs that people already have.

mod curl;
mod git;
mod python_gitlab;
