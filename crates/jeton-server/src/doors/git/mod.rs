//! Git over HTTP: Git's "smart" protocol (gitprotocol-http(5)), spoken by the installed `git`.

pub mod backend;
mod pipe;
mod protocol;
#[cfg(test)]
mod tests;
