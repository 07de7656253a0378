//! Client programs that people already have.

mod curl;
mod python_gitlab;
