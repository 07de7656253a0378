//! The server's edge: who is at the other end of a connection.

mod address;
mod peer;

pub use address::{Address, BadListen, Listen};
pub use peer::{BadNetworks, Client, Networks, Peer};
