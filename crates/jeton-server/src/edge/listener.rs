//! Listening sockets.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_util::either::Either;

use super::{Address, Listen, Peer};
use crate::unix_socket::{self, Listening, NotBound};

/// Why an address cannot be listened on, with what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {listen}: {why}")]
pub struct BindError {
    listen: String,
    why: String,
}

impl BindError {
    fn new(listen: &Listen, why: impl Into<String>) -> Self {
        Self { listen: listen.to_string(), why: why.into() }
    }

    fn io(listen: &Listen, error: &io::Error) -> Self {
        let mend = match error.kind() {
            io::ErrorKind::AddrInUse => ": stop the program that uses it, or choose another address",
            io::ErrorKind::PermissionDenied => ": choose a port above 1023 or a path this user may write to",
            io::ErrorKind::AddrNotAvailable => ": this machine has no such address; 0.0.0.0 stands for all it has",
            io::ErrorKind::NotFound => ": create the directory first",
            _ => "",
        };
        Self::new(listen, format!("{error}{mend}"))
    }
}

/// Every local user may connect to a unix socket, as to a TCP port on loopback: who may do what is decided by
/// credentials.
const EVERYBODY: u32 = 0o666;

/// One bound socket.
#[derive(Debug)]
pub(super) struct Listener {
    socket: Socket,
    address: Arc<Address>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(Listening),
}

impl Listener {
    pub(super) async fn bind(listen: &Listen, tls: bool) -> Result<Self, BindError> {
        match listen {
            Listen::Tcp { host, port } => {
                let bound = async {
                    let socket = TcpListener::bind((host.as_str(), *port)).await?;
                    let address = socket.local_addr()?;
                    io::Result::Ok((socket, address))
                };
                let (socket, address) = bound.await.map_err(|error| BindError::io(listen, &error))?;
                Ok(Self { socket: Socket::Tcp(socket), address: Arc::new(Address::Tcp { address, tls }) })
            }
            Listen::Unix(path) => {
                let socket = unix_socket::listen(path, EVERYBODY).await.map_err(|error| match error {
                    NotBound::Io(error) => BindError::io(listen, &error),
                    other => BindError::new(listen, other.to_string()),
                })?;
                Ok(Self { socket: Socket::Unix(socket), address: Arc::new(Address::Unix(path.clone())) })
            }
        }
    }

    pub(super) fn address(&self) -> &Arc<Address> {
        &self.address
    }

    /// The next connection.
    pub(super) async fn accept(&self) -> io::Result<(Stream, Peer)> {
        let (stream, addr) = match &self.socket {
            Socket::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                // Answers are written whole: waiting for more to send with them (Nagle) only delays them.
                stream.set_nodelay(true)?;
                (Stream::Left(stream), Some(canonical(address)))
            }
            Socket::Unix(socket) => (Stream::Right(socket.listener.accept().await?.0), None),
        };
        let tls = matches!(*self.address, Address::Tcp { tls: true, .. });
        Ok((stream, Peer { addr, local: Arc::clone(&self.address), tls }))
    }
}

/// An IPv4 client of a dual-stack socket is an IPv4 client.
fn canonical(address: SocketAddr) -> IpAddr {
    address.ip().to_canonical()
}

/// Whether `accept()` failed because this one client has gone again: nothing to report, nothing to wait for.
pub(super) fn is_the_clients(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::NotConnected
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::Interrupted
    )
}

/// A connection's bytes, before any TLS.
pub(super) type Stream = Either<TcpStream, UnixStream>;
